"""The standing job's entry point, on a laptop and as a step on a cluster: `python -m streaming.stand <domain>`."""

import signal
import sys
import threading
from types import FrameType

from headrace.errors import HeadraceError
from headrace.live.heartbeat import Heartbeat
from headrace.live.standing import stand as stand_until_stopped
from headrace.settings import Settings, get_settings
from headrace.trouble import cause_to_act_on


def stand(domain: str, settings: Settings, *, until_empty: bool = False) -> Heartbeat:
    """Until SIGTERM or Ctrl-C, or (until_empty) until all that is in the topics by now is taken."""
    stop = threading.Event()

    def told(_: int, __: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    return stand_until_stopped(domain, settings, stop, until_empty=until_empty)


def main() -> int:
    try:
        stand(sys.argv[1], get_settings())
    except Exception as error:
        known = error if isinstance(error, HeadraceError) else cause_to_act_on(error)
        if known is None:
            raise
        print(f"error: {known}", file=sys.stderr)
        return known.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
