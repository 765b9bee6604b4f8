"""What each write did, row for row; how far each table has come, and its last good version, which readers follow.

One small object per batch, named by its edge and batch: writing it twice is the same as writing it once, so a
run that was killed before its entry simply writes it again. Old entries are folded into one object.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from headrace.lake import objects
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
    has_object = objects.exists(_object(paths, entry))
    return has_object or fold_of(paths, entry.layer, entry.table).holds(entry.batch)


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
        words, number = _numbered(batch)
        return 0 <= number <= self.through.get(words, -1)


def _numbered(batch: str) -> tuple[str, int]:
    """'topic-000000012' as ('topic-', 12); -1 where there is no number."""
    found = _NUMBERED.match(batch)
    return (found[1], int(found[2])) if found else (batch, -1)


def fold_of(paths: Paths, layer: str, table: str) -> Fold:
    found = objects.get_json(f"{paths.ledger(layer, table)}/{FOLDED}.json")
    return Fold(Entry(**found["entry"]), found["through"]) if found else Fold()


def batch_names(paths: Paths, layer: str, table: str) -> list[str]:
    """The names of the batches that have an object; nothing is read."""
    urls = objects.list_under(paths.ledger(layer, table))
    names = (url.rpartition("/")[2].removesuffix(".json") for url in urls if url.endswith(".json"))
    return [name for name in names if name != FOLDED]


def all_entries(paths: Paths) -> Iterator[Entry]:
    """Of every table that has any, layer by layer."""
    for layer in LAYERS:
        urls = objects.list_under(paths.ledger(layer, ""))
        for table in sorted({url.split("/")[-2] for url in urls}):
            yield from entries(paths, layer, table)


def entries(paths: Paths, layer: str, table: str) -> list[Entry]:
    """The fold is read last: an entry that went into it meanwhile is in it, and counts once."""
    home = paths.ledger(layer, table)
    read = [objects.get_json(f"{home}/{batch}.json") for batch in batch_names(paths, layer, table)]
    fold = fold_of(paths, layer, table)
    found = [Entry(**each) for each in read if each is not None and not fold.holds(each["batch"])]
    return [fold.entry, *found] if fold.entry else found


def newest_number(paths: Paths, layer: str, table: str) -> int:
    """The highest of the batches that are only a number; 0 before the first."""
    return max((int(batch) for batch in batch_names(paths, layer, table) if batch.isdigit()), default=0)


def totals(entries: list[Entry]) -> dict[str, int]:
    """The counts of many batches added up, with rows_in among them."""
    sums = Counter({"rows_in": sum(entry.rows_in for entry in entries)})
    for entry in entries:
        sums.update(entry.counts)
    return dict(sums)


def remember(paths: Paths, layer: str, table: str, state: dict[str, Any]) -> None:
    """How far an edge has come, so that a run with nothing new need not start its stream."""
    objects.put_json(f"{paths.lake}/_ledger/{paths.domain}/_done/{layer}/{table}.json", state)


def remembered(paths: Paths, layer: str, table: str) -> dict[str, Any]:
    return objects.get_json(f"{paths.lake}/_ledger/{paths.domain}/_done/{layer}/{table}.json") or {}


@dataclass(frozen=True)
class Published:
    """The version that passed its scan last, the checks it passed, and as of when."""

    version: int
    rules: str = ""
    as_of: str = ""


def last_good(paths: Paths, layer: str, table: str) -> Published | None:
    found = objects.get_json(paths.published(layer, table))
    return None if found is None else Published(**found)


def publish(paths: Paths, layer: str, table: str, good: Published) -> None:
    objects.put_json(paths.published(layer, table), asdict(good))


KEPT = 200
"""The newest stay as they are: a batch that was killed half way writes its entry again."""


def fold_old_entries(paths: Paths, layer: str, table: str, *, kept: int = KEPT) -> int:
    """Folds all but the newest of each kind of batch, unless they are few; says how many objects are gone."""
    fold, home = fold_of(paths, layer, table), paths.ledger(layer, table)
    kinds: dict[str, list[tuple[int, str]]] = {}
    for batch in batch_names(paths, layer, table):
        words, number = _numbered(batch)
        if number >= 0:
            kinds.setdefault(words, []).append((number, batch))
    old = [batch for each in kinds.values() for _, batch in sorted(each)[:-kept]]
    new = [batch for batch in old if not fold.holds(batch)]
    if len(new) >= kept:
        fold = _folded(fold, [Entry(**objects.get_json(f"{home}/{batch}.json")) for batch in new])
        objects.put_json(f"{home}/{FOLDED}.json", asdict(fold))
    gone = [batch for batch in old if fold.holds(batch)]
    for batch in gone:
        objects.delete(f"{home}/{batch}.json")
    return len(gone)


def _folded(before: Fold, added: list[Entry]) -> Fold:
    every = [before.entry, *added] if before.entry else added
    counts, newest = totals(every), max(every, key=lambda entry: (entry.finished_at, entry.version or 0))
    one = replace(
        newest,
        batch=FOLDED,
        rows_in=counts.pop("rows_in"),
        counts=counts,
        seconds=round(sum(entry.seconds for entry in every), 3),
    )
    through = dict(before.through)
    for entry in added:
        words, number = _numbered(entry.batch)
        through[words] = max(through.get(words, -1), number)
    return Fold(one, through)
