"""What waits in the topics of a standing job that is down, taken by a batch run from the very same place.

Only of topics that a standing job once began to read: who never streamed a domain needs no broker to refine it.
"""

import threading
from collections.abc import Collection

from headrace.lake.lease import living_holder
from headrace.lake.paths import Paths
from headrace.live.broker import is_listening
from headrace.live.heartbeat import Flow
from headrace.live.loss import Reading
from headrace.live.standing import stand
from headrace.progress import Event, tell
from headrace.refine.catalog import load_tables
from headrace.settings import Settings


def take_over(domain: str, settings: Settings, tables: Collection[str] | None = None) -> tuple[Flow, ...]:
    """Into bronze, as far as the topics reach by now. While the standing job is there it is left to it."""
    paths = Paths.of(domain, settings)
    begun = _begun(domain, paths, settings)
    left = [each for each in begun if (tables is None or each.table in tables) and _is_free(each, paths)]
    if not left:
        return ()
    if not is_listening(settings):
        for each in left:
            note = f"its topic waits: no broker answers at {settings.kafka_bootstrap}"
            tell(Event("bronze", each.table, "skipped", note=note))
        return ()
    waiting = [each.table for each in left if each.waiting()]
    if not waiting:
        return ()
    quiet = settings.model_copy(update={"metrics_port": 0})
    return stand(
        domain,
        quiet,
        threading.Event(),
        until_empty=True,
        layers=("bronze",),
        ways=("topic",),
        tables=waiting,
        beats=False,
    ).flows


def _begun(domain: str, paths: Paths, settings: Settings) -> list[Reading]:
    readings = [Reading.of(contract, paths, settings) for contract in load_tables(domain).by_topic]
    return [each for each in readings if each.is_begun]


def _is_free(reading: Reading, paths: Paths) -> bool:
    holder = living_holder(paths.lease("bronze", reading.table))
    return holder is None or not holder.is_standing
