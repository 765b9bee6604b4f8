"""Who follows a table's log, and from which version they need it."""

from collections.abc import Iterator

from headrace.alarms import checkpoint as memory
from headrace.alarms.events import TABLE as ALARMS
from headrace.lake import ledger, log
from headrace.lake.paths import Paths
from headrace.quality.published import last_good
from headrace.refine.arrivals import Progress, progress_of
from headrace.refine.catalog import Catalog
from headrace.writes.node import Node
from headrace.writes.way import way_of

MADE_FROM = "made_from"


def oldest_needed(catalog: Catalog, paths: Paths, layer: str, name: str) -> int:
    """The newest version where nobody is behind. An edge that was never run begins with all that is there, and so
    does a gold table that was never made."""
    table = paths.table(layer, name)
    return min([log.version(table), *_needed(catalog, paths, layer, name)])


def _needed(catalog: Catalog, paths: Paths, layer: str, name: str) -> Iterator[int]:
    good = last_good(paths, layer, name)
    if good is not None:
        yield good.version
    if layer == "bronze":
        edges = (progress_of(paths, node.name) for node in catalog.made_from(catalog.contracts[name]))
        yield from (done.version for done in edges if done is not None)
    if layer == "silver":
        yield from _needed_by_alarms(catalog, paths, name)
        made = (_made_from(node, paths, name) for node in catalog.layer("gold"))
        yield from (version for version in made if version is not None)


def _needed_by_alarms(catalog: Catalog, paths: Paths, name: str) -> Iterator[int]:
    """A restart makes again what came since the last snapshot; before the first one, all since the beginning."""
    followed = catalog.alarms is not None and name in (catalog.alarms.source, ALARMS)
    told = ledger.remembered(paths, "silver", ALARMS) if followed else {}
    if told:
        saved = memory.oldest_needed(paths, name)
        yield saved if saved is not None else (-1 if name == ALARMS else Progress(**told).began - 1)


def _made_from(node: Node, paths: Paths, name: str) -> int | None:
    if name not in way_of(node.table.write).follows:
        return None
    said = log.last_said(paths.table("gold", node.name), MADE_FROM)
    return int(said["upstream"][name]) if said else None
