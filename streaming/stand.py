"""The standing job's entry point, on a laptop and as a step on a cluster: `python -m streaming.stand <domain>`."""

import sys
import time

from headrace.errors import HeadraceError, NotReady, cause_to_act_on
from headrace.lake.paths import Paths
from headrace.live.heartbeat import Heartbeat, beat, stamp
from headrace.live.standing import StandingOptions
from headrace.live.standing import stand as stand_until_stopped
from headrace.settings import Settings, get_settings
from streaming.stopping import stop_when_told


def stand(domain: str, settings: Settings, options: StandingOptions | None = None) -> Heartbeat:
    """Until SIGTERM or Ctrl-C. What the job needs and does not find yet is left as word for its supervisor, and on a
    cluster, where nobody reads it, it is no failure of the step."""
    try:
        return stand_until_stopped(domain, settings, stop_when_told(), options)
    except NotReady as error:
        waiting = Heartbeat(
            domain, "", "waiting", time.time(), stamp(), error=str(error), waits_for=error.waits_for
        )
        beat(Paths.of(domain, settings), waiting)
        if settings.spark == "own":
            raise
        return waiting


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
