"""What each write did, row for row.

One small object per batch, named by its edge and batch: writing it twice is the same as writing it once, so a
run that was killed before its entry simply writes it again.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from headrace.lake import objects
from headrace.lake.paths import Paths


@dataclass(frozen=True)
class Entry:
    """counts holds the terms of the formula that goes with the way of writing."""

    layer: str
    table: str
    write: str
    batch: str
    run: str
    rows_in: int
    counts: dict[str, int]
    version: int | None = None
    upstream: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    finished_at: str = ""


def record(paths: Paths, entry: Entry) -> None:
    objects.put_json(_object(paths, entry), asdict(entry))


def is_recorded(paths: Paths, entry: Entry) -> bool:
    return objects.get(_object(paths, entry)) is not None


def _object(paths: Paths, entry: Entry) -> str:
    return f"{paths.ledger(entry.layer, entry.table)}/{entry.batch}.json"


def entries(paths: Paths, layer: str, table: str) -> list[Entry]:
    return [Entry(**found) for found in objects.all_json(paths.ledger(layer, table))]


def totals(found: list[Entry]) -> dict[str, int]:
    """The counts of many batches added up, with rows_in among them."""
    summed: dict[str, int] = {"rows_in": sum(entry.rows_in for entry in found)}
    for entry in found:
        for name, count in entry.counts.items():
            summed[name] = summed.get(name, 0) + count
    return summed


def remember(paths: Paths, layer: str, table: str, state: dict[str, Any]) -> None:
    """How far an edge has come, so that a run with nothing new need not start its stream."""
    objects.put_json(f"{paths.lake}/_ledger/{paths.domain}/_done/{layer}/{table}.json", state)


def remembered(paths: Paths, layer: str, table: str) -> dict[str, Any]:
    return objects.get_json(f"{paths.lake}/_ledger/{paths.domain}/_done/{layer}/{table}.json") or {}
