"""Once a day: a row a key on each event day, in the silver tables that rows are appended to.

Whoever holds a table's lease commits. That is this process, or the standing job, which is asked to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from headrace.errors import UnknownName
from headrace.lake import ledger
from headrace.lake.lease import leased, living_holder
from headrace.lake.paths import Paths
from headrace.live.maintenance import ask
from headrace.progress import Event, Stopwatch, tell
from headrace.refine.catalog import load_tables
from headrace.refine.late_duplicates import Copies, Removed, watched
from headrace.settings import Settings, get_settings
from headrace.writes.node import Node


@dataclass(frozen=True)
class Deduped:
    """The days of a table that were looked at, and the rows taken out of those that had any."""

    table: str
    days: tuple[str, ...]
    removed: dict[str, int]
    seconds: float

    @property
    def rows(self) -> int:
        return sum(self.removed.values())


def dedupe(
    domain: str,
    *,
    day: date | None = None,
    tables: tuple[str, ...] | None = None,
    settings: Settings | None = None,
) -> list[Deduped]:
    """Without a day: those that rows came to since the last time. A second run finds nothing."""
    settings = settings or get_settings()
    paths, nodes = Paths.of(domain, settings), nodes_to_dedupe(domain, tables)
    run = f"dedupe-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    return [_one(Copies(node, paths, settings, run), day) for node in nodes]


def nodes_to_dedupe(domain: str, tables: Sequence[str] | None) -> list[Node]:
    nodes = watched(load_tables(domain))
    known = {node.name for node in nodes}
    for name in tables or ():
        if name not in known:
            raise UnknownName("table that rows are appended to by their day", name, known)
    return [node for node in nodes if tables is None or node.name in tables]


def _one(copies: Copies, day: date | None) -> Deduped:
    watch, now, name = Stopwatch(), datetime.now(UTC), copies.node.name
    tell(Event("dedupe", name, "started"))
    last = ledger.remembered(copies.paths, "deduped", name).get("at")
    since = datetime.fromisoformat(last) if last else None
    days = [day.isoformat()] if day else copies.days_since(since)
    removed = _removed(copies, days)
    if day is None:
        ledger.remember(copies.paths, "deduped", name, {"at": now.isoformat()})
    found = Deduped(name, tuple(days), removed, watch.seconds)
    tell(Event("dedupe", name, "done", rows=found.rows, seconds=watch.seconds, note=f"{len(days)} days"))
    return found


def _removed(copies: Copies, days: Sequence[str]) -> dict[str, int]:
    lease, job, seconds = _lease_of(copies), f"dedupe {copies.node.name}", copies.settings.lease_seconds
    asked = _asked_of_holder(copies, days)
    if not asked.left:
        return asked.rows
    with leased([lease], job=job, seconds=seconds) as leases:
        return asked.rows | copies.remove(asked.left, leases.checked).rows


def _asked_of_holder(copies: Copies, days: Sequence[str]) -> Removed:
    """What the standing job took out, part by part; what is left when there is none, or when it ends."""
    rows: dict[str, int] = {}
    left = tuple(days)
    while left and (holder := living_holder(_lease_of(copies))) is not None and holder.is_standing:
        answer = ask(copies.paths, _lease_of(copies), {"dedupe": copies.node.name, "days": list(left)})
        if answer is None:
            break
        rows |= answer["rows"]
        left = tuple(answer["left"])
    return Removed(rows, left)


def _lease_of(copies: Copies) -> str:
    return copies.paths.lease("silver", copies.node.name)
