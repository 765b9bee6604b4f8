"""Which tables `--select` means: names with the operators of dbt on the graph of what is made from what."""

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headrace.refine.catalog import Catalog
    from headrace.writes.node import Ref

TERM = re.compile(r"(?P<above>(?P<up>\d*)\+)?(?P<name>[^+]+)(?P<below>\+(?P<down>\d*))?")
Edges = Mapping["Ref", set["Ref"]]


def selected(catalog: "Catalog", given: Sequence[str]) -> list["Ref"]:
    """The tables, each after those it is made from."""
    above = edges(catalog)
    below: dict[Ref, set[Ref]] = {ref: set() for ref in above}
    for ref, sources in above.items():
        for source in sources:
            below[source].add(ref)
    wanted: set[Ref] = set()
    for each in " ".join(given).split():
        parts = [_meant(part, above, below) for part in each.split(",") if part]
        wanted |= set.intersection(*parts) if parts else set()
    return [ref for ref in above if ref in wanted]


def edges(catalog: "Catalog") -> dict["Ref", set["Ref"]]:
    """What each table is made from, tables in the order of layers."""
    from headrace.lake.paths import LAYERS
    from headrace.writes.node import Ref

    refs = [Ref(layer, name) for layer in LAYERS for name in catalog.tables(layer)]
    return {ref: set(catalog.above(ref.layer, ref.name)) for ref in refs}


def _meant(term: str, above: Edges, below: Edges) -> set["Ref"]:
    from headrace.errors import UnknownName, UsageError

    found = TERM.fullmatch(term)
    if found is None:
        raise UsageError(f"--select {term}: write a name, +name, name+ or 2+name")
    start = {ref for ref in above if _is_named(ref, found["name"])}
    if not start:
        raise UnknownName("table", found["name"], {ref.name for ref in above})
    meant = set(start)
    if found["above"]:
        meant |= _reached(start, above, found["up"])
    if found["below"]:
        meant |= _reached(start, below, found["down"])
    return meant


def _is_named(ref: "Ref", name: str) -> bool:
    return any(fnmatchcase(each, name) for each in (ref.layer, ref.name, str(ref)))


def _reached(start: Iterable["Ref"], edges: Edges, steps: str) -> set["Ref"]:
    reached: set[Ref] = set()
    border, left = set(start), int(steps) if steps else len(edges)
    while border and left:
        border = {ref for each in border for ref in edges[each]} - reached
        reached |= border
        left -= 1
    return reached


def chosen(
    domain: str, select: Sequence[str] | None, layers: Sequence[str], tables: list[str] | None
) -> tuple[list[str], list[str] | None]:
    """The layers and tables of a run; tables that are selected are named with their layer."""
    if not select:
        return list(layers), tables
    from headrace.refine.catalog import load_tables

    refs = [
        ref
        for ref in selected(load_tables(domain), select)
        if ref.layer in layers and (tables is None or {ref.name, str(ref)} & set(tables))
    ]
    return [layer for layer in layers if layer in {ref.layer for ref in refs}], [str(ref) for ref in refs]
