"""The standing job's entry point, on a laptop and as a step on a cluster."""

import threading

from headrace.live.heartbeat import Heartbeat
from headrace.live.standing import stand as stand_until_stopped
from headrace.settings import Settings


def stand(domain: str, settings: Settings, stop: threading.Event, *, until_empty: bool = False) -> Heartbeat:
    return stand_until_stopped(domain, settings, stop, until_empty=until_empty)
