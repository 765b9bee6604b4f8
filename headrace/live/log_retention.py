"""Who follows a table's log, and from which version they need it."""

from collections.abc import Iterator

from headrace.lake import log
from headrace.lake.increments import progress_of
from headrace.lake.paths import Paths
from headrace.lake.published import last_good
from headrace.refine.catalog import Catalog
from headrace.writes.node import Node
from headrace.writes.way import follower_of, way_of

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
        for node in catalog.layer("silver"):
            if node.first.layer == "silver":
                needed = follower_of(node).oldest_needed(node, paths, name)
                yield from () if needed is None else (needed,)
        made = (_made_from(node, paths, name) for node in catalog.layer("gold"))
        yield from (version for version in made if version is not None)


def _made_from(node: Node, paths: Paths, name: str) -> int | None:
    if name not in way_of(node.table.write).follows:
        return None
    said = log.last_said(paths.table("gold", node.name), MADE_FROM)
    return int(said["upstream"][name]) if said else None
