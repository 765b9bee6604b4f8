"""What a refine would do, told without Spark: which tables, why, about how many rows, and about how long.

What lies in files and what waits in bronze is known; what that makes of the days of gold is known once it is there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from headrace.contracts.model import Contract
from headrace.lake import ledger, log
from headrace.lake.increments import progress_of, rows_taken
from headrace.lake.ledger import Entry
from headrace.lake.paths import LAYERS, Paths
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.gold import made_from_now
from headrace.refine.run import instant_of_data
from headrace.sources.delta_feed import DeltaFeed
from headrace.sources.file_index import FileIndex
from headrace.sources.files import folders_of, waiting_in
from headrace.writes.alarms import follower_of
from headrace.writes.node import Node, Ref
from headrace.writes.way import GoldWay, way_of

if TYPE_CHECKING:
    from headrace.settings import Settings

BYTES_PER_COLUMN = {"parquet": 4, "csv": 9, "json": 30, "other": 1}
"""Of files of which none was taken yet."""
ROWS_PER_SECOND = {"bronze": 150_000, "silver": 60_000}
LEAST_SECONDS = {"bronze": 1.0, "silver": 2.0, "gold": 3.0}
SECONDS_TO_START = 12.0
SECONDS_TO_SCAN = {"a layer": 4.0, "a table": 0.3}
LEARNED_FROM = 5
"""The last writes of a table say how long the next will take."""


@dataclass(frozen=True)
class Step:
    """rows: about how many come in, or are made again; None where that is not known before. partitions: how many of
    gold are made again; None where it is not known."""

    layer: str
    table: str
    why: str
    rows: int | None
    partitions: int | None
    seconds: float

    @property
    def name(self) -> str:
        return f"{self.layer}.{self.table}"


def pending(
    domain: str,
    settings: "Settings",
    *,
    layers: Sequence[str] = LAYERS,
    tables: Sequence[str] | None = None,
    as_of: datetime | None = None,
) -> list[Step]:
    """The tables that a refine would write, each after those it is made from."""
    catalog, paths = load_tables(domain), Paths.of(domain, settings)
    looker = _Looker(catalog, paths, settings, as_of or instant_of_data(catalog, paths))
    for layer, names in catalog.chosen(layers, tables).items():
        for name in names:
            looker.look(Ref(layer, name))
    return list(looker.steps.values())


def seconds_for(steps: Sequence[Step], settings: "Settings", *, scans: bool = True) -> float:
    """Of all of them, with what surrounds them; tables of a layer run side by side."""
    total = SECONDS_TO_START if steps else 0.0
    for layer in LAYERS:
        took = [step.seconds for step in steps if step.layer == layer]
        total += max(max(took), sum(took) / settings.workers) if took else 0.0
        if scans and took:
            total += SECONDS_TO_SCAN["a layer"] + SECONDS_TO_SCAN["a table"] * len(took)
    return total


class Cause(NamedTuple):
    """Why a table would be written, with what is known of how much."""

    why: str
    rows: int | None = None
    partitions: int | None = None


class _Looker:
    """Goes through the tables in their order and remembers which will have changed."""

    def __init__(self, catalog: Catalog, paths: Paths, settings: "Settings", as_of: datetime) -> None:
        self._catalog, self._paths, self._settings, self._as_of = catalog, paths, settings, as_of
        self.steps: dict[Ref, Step] = {}

    def look(self, ref: Ref) -> None:
        found = {"bronze": self._bronze, "silver": self._silver, "gold": self._gold}[ref.layer](ref)
        if found is not None:
            self.steps[ref] = Step(*_parts(ref), *found, self._seconds(ref, found.rows or 0))

    def _bronze(self, ref: Ref) -> Cause | None:
        contract, index = self._catalog.contracts[ref.name], FileIndex(self._paths, ref.name)
        waiting: dict[str, Any] = {}
        for folder in folders_of(self._paths, ref.name):
            waiting |= waiting_in(folder, index, contract)
        if not waiting:
            return self._of_delta(contract)
        taken = index.taken()
        size, lines = sum(file.size for file in taken), sum(file.lines for file in taken)
        known = BYTES_PER_COLUMN[contract.arrives.files or "json"] * len(contract.columns)
        rows = round(
            sum(file.size for file in waiting.values()) / (size / lines if lines and size else known)
        )
        return Cause("1 file waits" if len(waiting) == 1 else f"{len(waiting):,} files wait", rows)

    def _of_delta(self, contract: Contract) -> Cause | None:
        """How many rows changed with its versions, only reading them would tell."""
        waiting = DeltaFeed(contract, self._paths, self._settings).waiting() if contract.arrives.delta else 0
        return Cause(f"its Delta table has {waiting} new version{'s'[: waiting > 1]}") if waiting else None

    def _silver(self, ref: Ref) -> Cause | None:
        node = self._catalog.node(ref.name, "silver")
        above = self.steps.get(node.first)
        coming = above.rows or 0 if above else 0
        if node.first.layer == "silver":
            if above is None and not follower_of(node).waits(node, self._paths):
                return None
            return Cause(f"{node.first.name} {'changes' if above else 'changed'}", coming or None)
        bronze, done = self._paths.table("bronze", node.first.name), progress_of(self._paths, ref.name)
        waiting = log.row_count(bronze) - (rows_taken(bronze, done) if done else 0)
        if not waiting and above is None:
            return None
        why = f"{waiting:,} rows wait in bronze" if waiting else "bronze gains rows"
        return Cause(why, waiting + coming)

    def _gold(self, ref: Ref) -> Cause | None:
        node, target = self._catalog.node(ref.name, "gold"), self._paths.table("gold", ref.name)
        before = log.last_said(target, "made_from") if log.exists(target) else None
        rows = log.row_count(target)
        changing = [above.name for above in node.upstream.values() if above in self.steps]
        if before is None:
            there = all(log.exists(self._paths.table(*_parts(above))) for above in node.upstream.values())
            return Cause("it was never made") if changing or there else None
        if changing:
            return Cause(f"{_few(changing)} {'changes' if len(changing) == 1 else 'change'}", rows)
        return self._changed(node, before, rows)

    def _changed(self, node: Node, before: dict[str, Any], rows: int) -> Cause | None:
        now = made_from_now(node, self._paths, self._as_of)
        versions = now["upstream"]
        if now == before:
            return None
        way = way_of(node.table.write)
        touched = way.touched(node, self._paths, before, now) if isinstance(way, GoldWay) else None
        if touched is not None and not touched:
            return None
        moved = [
            node.upstream[name].name for name in versions if versions[name] != before["upstream"].get(name)
        ]
        why = f"{_few(moved)} changed" if moved else "as of another instant"
        if not moved and now["code"] != before["code"]:
            why = "its code changed"
        return Cause(why, rows, None if touched is None else len(touched))

    def _seconds(self, ref: Ref, rows: int) -> float:
        """As the last writes of this table say; before the first, as on any machine. Of a lake in S3 the many small
        objects of the ledger are not read for it."""
        is_here = "://" not in self._paths.lake
        entries = (
            [each for each in ledger.entries(self._paths, *_parts(ref)) if each.seconds] if is_here else []
        )
        last = sorted(entries, key=lambda each: each.finished_at)[-LEARNED_FROM:]
        if not last:
            return LEAST_SECONDS[ref.layer] + rows / ROWS_PER_SECOND.get(ref.layer, ROWS_PER_SECOND["silver"])
        if ref.layer == "gold":
            return median(each.seconds for each in last)
        return max(min(each.seconds for each in last), rows / _rate(last))


def _rate(entries: Sequence[Entry]) -> float:
    return max(sum(each.rows_in for each in entries) / sum(each.seconds for each in entries), 1.0)


def _few(names: Iterable[str]) -> str:
    first, *others = names
    return f"{first} and {len(others)} more" if others else first


def _parts(ref: Ref) -> tuple[str, str]:
    return ref.layer, ref.name
