"""What a history and a change-fed table must hold, in plain Python: slow, obvious, and without Spark.

The tests hold tables against it, and `headrace check-history` those of a lake.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from headrace.contracts.model import ChangeFeed
from headrace.tables import HistoryNames

Row = Mapping[str, Any]
WHEN = "_when"
"""The column of a row with the instant from which it holds."""
PASSES = "_passes"
"""The column of a row that says whether it was let in; without it, it was."""


class Reference(Protocol):
    """The slow reading of one table, key by key."""

    @property
    def keys(self) -> tuple[str, ...]: ...

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns of bronze that it reads, apart from the keys and where a row came from."""

    @property
    def says(self) -> tuple[str, ...]:
        """The columns of the table that it tells, apart from the keys."""

    @property
    def names(self) -> HistoryNames | None:
        """The own columns of a history."""

    @property
    def effective(self) -> str | None:
        """The column that tells when a row takes effect, where one does."""

    @property
    def by_snapshots(self) -> bool: ...

    @property
    def judges_again(self) -> bool:
        """Whether rows that were set aside count once they would pass."""

    def readings(self, rows: Sequence[Row], snapshots: Iterable[datetime] = ()) -> list[list[dict[str, Any]]]:
        """All that the table may hold of the key of these rows: one reading, and more where rows of one place in the
        log say different things."""


@dataclass(frozen=True)
class HistoryReference:
    """Instant by instant: the last row that was sent of each counts, a change of the columns in `opens` begins a
    version, and a snapshot without the key ends one."""

    keys: tuple[str, ...]
    names: HistoryNames
    opens: tuple[str, ...]
    told: tuple[str, ...]
    effective: str | None = None
    by_snapshots: bool = False
    judges_again = True  # a key with news is made again from all its rows

    @property
    def needs(self) -> tuple[str, ...]:
        return self.told

    @property
    def says(self) -> tuple[str, ...]:
        return (*self.names, *self.told)

    def readings(self, rows: Sequence[Row], snapshots: Iterable[datetime] = ()) -> list[list[dict[str, Any]]]:
        return [self.versions(rows, snapshots)]

    def versions(self, rows: Iterable[Row], snapshots: Iterable[datetime] = ()) -> list[dict[str, Any]]:
        """The versions of one key, the first one first; the last one's end is None while it holds. snapshots: the
        instants of those that were read whole."""
        last_word = {row[WHEN]: row for row in sorted(rows, key=_as_sent) if row[WHEN] is not None}
        found: list[dict[str, Any]] = []
        is_open = False
        for at in sorted({*last_word, *snapshots}):
            row = last_word.get(at)
            if row is None:
                if is_open:
                    self._end(found[-1], at)
                is_open = False
            elif not _passes(row):
                continue  # the snapshot has the key, so what was known of it holds on
            elif is_open and all(alike(found[-1][name], row[name]) for name in self.opens):
                found[-1] |= {name: row[name] for name in self.told}
            else:
                if is_open:
                    self._end(found[-1], at)
                found.append(self._begun(row, at, len(found) + 1))
                is_open = True
        return found

    def _begun(self, row: Row, at: datetime, number: int) -> dict[str, Any]:
        own = zip(self.names, (at, None, True, number), strict=True)
        return {**dict(own), **{name: row[name] for name in self.told}}

    def _end(self, version: dict[str, Any], at: datetime) -> None:
        version |= {self.names.until: at, self.names.current: False}


@dataclass(frozen=True)
class ChangesReference:
    """The change that stands last in the source's log counts: the key is as it says, or gone."""

    keys: tuple[str, ...]
    feed: ChangeFeed
    columns: tuple[str, ...]
    says: tuple[str, ...]
    names = None
    effective = None
    by_snapshots = False
    judges_again = False

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.says, self.feed.operation, *self.feed.order)))

    def log(self, *, keeps_unknown: bool = True) -> "ChangeLog":
        return ChangeLog(self.keys, self.feed, self.columns, keeps_unknown)

    def readings(self, rows: Sequence[Row], snapshots: Iterable[datetime] = ()) -> list[list[dict[str, Any]]]:
        log, came = self.log(), [row for row in sorted(rows, key=_as_taken) if _passes(row)]
        log.take(came)
        last = [
            row for row in came if not log.is_image(row) and log.place(row) == log.places.get(log.key(row))
        ]
        found: list[list[dict[str, Any]]] = []
        for row in last:
            said = [] if log.is_delete(row) else [{name: row[name] for name in self.says}]
            found += [said] if said not in found else []
        return found or [[]]


class ChangeLog:
    """A change feed that is applied row by row. `rows`: those that stand, by key; `places`: how far in the log each
    key is known."""

    def __init__(
        self, keys: Sequence[str], feed: ChangeFeed, columns: Collection[str], keeps_unknown: bool
    ) -> None:
        self._keys, self._feed, self._columns, self._keeps_unknown = keys, feed, columns, keeps_unknown
        self.rows: dict[tuple[Any, ...], Row] = {}
        self.places: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def key(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in self._keys)

    def place(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in self._feed.order)

    def is_image(self, row: Row) -> bool:
        return self._does(row, self._feed.images(self._columns))

    def is_delete(self, row: Row) -> bool:
        return self._does(row, self._feed.delete)

    def take(self, batch: Sequence[Row]) -> Counter[str]:
        """What became of the rows of a batch, which come in the order of their arrival."""
        known = self._feed.operations(self._columns)
        readable = [row for row in batch if self._does(row, known) and None not in self.place(row)]
        counts: Counter[str] = Counter(rejected=len(batch) - len(readable))
        before, seen, applied = dict(self.places), set[tuple[Any, ...]](), list[Row]()
        inserts: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        for row in (row for row in readable if self._does(row, self._feed.insert)):
            inserts[self.key(row)] = min(inserts.get(self.key(row), self.place(row)), self.place(row))
        for row in readable:
            key, place = self.key(row), self.place(row)
            fate = self._fate(row, before.get(key), inserts.get(key), (key, place) in seen)
            counts[fate] += 1
            if fate in ("applied", "superseded"):
                seen.add((key, place))
            applied += [row] if fate == "applied" else []
        for row in sorted(applied, key=self.place):
            self.places[self.key(row)] = self.place(row)
            self.rows.pop(self.key(row), None)
            if not self.is_delete(row):
                self.rows[self.key(row)] = row
        return counts

    def _fate(
        self, row: Row, known: tuple[Any, ...] | None, inserted: tuple[Any, ...] | None, is_seen: bool
    ) -> str:
        """known, inserted: how far in the log the key was before this batch, and where the batch inserts it."""
        place = self.place(row)
        is_known = known is not None or (inserted is not None and inserted <= place)
        if self.is_image(row):
            return "before-images"
        if not (is_known or self._keeps_unknown or self._does(row, self._feed.insert)):
            return "rejected"
        if is_seen or known == place:
            return "replayed"
        return "superseded" if known is not None and place < known else "applied"

    def _does(self, row: Row, operations: Collection[str]) -> bool:
        return str(row[self._feed.operation]) in operations


def alike(one: Any, other: Any) -> bool:
    """Equal as Spark sees it: no number is as itself, too."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other or (one != one and other != other))


def _passes(row: Row) -> bool:
    return bool(row.get(PASSES, True))


def _as_sent(row: Row) -> tuple[Any, ...]:
    """Of one instant the last one counts: of those that pass, the one that was sent last."""
    return (_passes(row), row["_sent_at"], *_as_taken(row))


def _as_taken(row: Row) -> tuple[Any, ...]:
    offset = row["_offset"]
    return row["_ingested_at"], row["_source"] or "", -1 if offset is None else offset
