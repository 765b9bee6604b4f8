"""How what runs until it is told to stop is told."""

import signal
import threading
from types import FrameType


def stop_when_told() -> threading.Event:
    """Set by SIGTERM or Ctrl-C from now on."""
    stop = threading.Event()

    def told(_: int, __: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    return stop
