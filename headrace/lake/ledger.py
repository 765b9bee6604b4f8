"""What each write did, row for row.

One small object per batch, named by its edge and batch: writing it twice is the same as writing it once, so a
run that was killed before its entry simply writes it again. Old entries are folded into one object.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from headrace.lake import ledger, objects
from headrace.lake.paths import LAYERS, Paths


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


def finished(entry: Entry, seconds: float) -> Entry:
    """An entry of what has just ended, after so many seconds."""
    return replace(entry, seconds=seconds, finished_at=datetime.now(UTC).isoformat(timespec="seconds"))


def record(paths: Paths, entry: Entry) -> None:
    objects.put_json(_object(paths, entry), asdict(entry))


def is_recorded(paths: Paths, entry: Entry) -> bool:
    found = objects.get(_object(paths, entry)) is not None
    return found or fold_of(paths, entry.layer, entry.table).holds(entry.batch)


def _object(paths: Paths, entry: Entry) -> str:
    return f"{paths.ledger(entry.layer, entry.table)}/{entry.batch}.json"


_NUMBERED = re.compile(r"^(.*?)(\d+)$")
FOLDED = "_folded"


@dataclass(frozen=True)
class Fold:
    """Entries that are one now. `through`: by the words before their number, the last batch that is among them; an
    object of such a batch that still lies there counts no more."""

    entry: Entry | None = None
    through: dict[str, int] = field(default_factory=dict)

    def holds(self, batch: str) -> bool:
        words, number = numbered(batch)
        return 0 <= number <= self.through.get(words, -1)


def numbered(batch: str) -> tuple[str, int]:
    """'topic-000000012' as ('topic-', 12); -1 where there is no number."""
    found = _NUMBERED.match(batch)
    return (found[1], int(found[2])) if found else (batch, -1)


def fold_of(paths: Paths, layer: str, table: str) -> Fold:
    found = objects.get_json(f"{paths.ledger(layer, table)}/{FOLDED}.json")
    return Fold(Entry(**found["entry"]), found["through"]) if found else Fold()


def batches_told(paths: Paths, layer: str, table: str) -> list[str]:
    """The names of the batches that have an object; nothing is read."""
    names = objects.list_under(paths.ledger(layer, table))
    told = (name.rpartition("/")[2].removesuffix(".json") for name in names if name.endswith(".json"))
    return [name for name in told if name != FOLDED]


def all_entries(paths: Paths) -> Iterator[Entry]:
    """Of every table that has any, layer by layer."""
    for layer in LAYERS:
        told = objects.list_under(paths.ledger(layer, ""))
        for table in sorted({url.split("/")[-2] for url in told}):
            yield from entries(paths, layer, table)


def entries(paths: Paths, layer: str, table: str) -> list[Entry]:
    """The fold is read last: an entry that went into it meanwhile is in it, and counts once."""
    home = paths.ledger(layer, table)
    found = [objects.get_json(f"{home}/{batch}.json") for batch in batches_told(paths, layer, table)]
    fold = fold_of(paths, layer, table)
    told = [Entry(**each) for each in found if each is not None and not fold.holds(each["batch"])]
    return [fold.entry, *told] if fold.entry else told


def newest_number(paths: Paths, layer: str, table: str) -> int:
    """The highest of the batches that are only a number; 0 before the first."""
    return max((int(batch) for batch in batches_told(paths, layer, table) if batch.isdigit()), default=0)


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


KEPT = 200
"""The newest stay as they are: a batch that was killed half way writes its entry again."""


def fold_old_entries(paths: Paths, layer: str, table: str, *, kept: int = KEPT) -> int:
    """How many objects are gone; few are left alone."""
    before, home = ledger.fold_of(paths, layer, table), paths.ledger(layer, table)
    told = ledger.batches_told(paths, layer, table)
    old = _old(told, kept)
    new = [batch for batch in old if not before.holds(batch)]
    if len(new) >= kept:
        found = [objects.get_json(f"{home}/{batch}.json") for batch in new]
        after = _folded(before, [Entry(**each) for each in found])
        objects.put_json(f"{home}/{ledger.FOLDED}.json", asdict(after))
        before = after
    gone = [batch for batch in old if before.holds(batch)]
    for batch in gone:
        objects.delete(f"{home}/{batch}.json")
    return len(gone)


def _old(told: list[str], kept: int) -> list[str]:
    """All but the newest of each kind of batch."""
    kinds: dict[str, list[tuple[int, str]]] = {}
    for batch in told:
        words, number = numbered(batch)
        if number >= 0:
            kinds.setdefault(words, []).append((number, batch))
    return [batch for each in kinds.values() for _, batch in sorted(each)[: max(len(each) - kept, 0)]]


def _folded(before: Fold, found: list[Entry]) -> Fold:
    every = [before.entry, *found] if before.entry else found
    counts = ledger.totals(every)
    newest = max(every, key=lambda entry: (entry.finished_at, entry.version or 0))
    one = Entry(
        layer=newest.layer, table=newest.table, write=newest.write, batch=ledger.FOLDED, run=newest.run,
        rows_in=counts.pop("rows_in"), counts=counts, version=newest.version, upstream=newest.upstream,
        seconds=round(sum(entry.seconds for entry in every), 3), finished_at=newest.finished_at,
    )  # fmt: skip
    through = dict(before.through)
    for entry in found:
        words, number = numbered(entry.batch)
        through[words] = max(through.get(words, -1), number)
    return Fold(one, through)
