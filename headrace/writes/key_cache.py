"""Which keys a silver table holds already: those that came lately in memory, others looked up in its files.

Keys are known by two hashes, 96 bits, and by stretches of event time: a stretch is known wholly or not at all. Only the
files whose bounds say that they could hold a key are read.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.lake import log
from headrace.writes.edge import Edge

Array = np.ndarray
STRETCH = 300_000_000  # microseconds
MOST_KEYS = 24_000_000
MOST_STRETCHES = 5_000
RUNS = 4


@dataclass(frozen=True)
class Keys:
    """Two hashes of each key and the stretch of its row. Together they are 96 bits wide: among 24 million keys held, a
    new one meets another's by chance once in 10^21."""

    first: Array
    second: Array
    stretch: Array

    def __len__(self) -> int:
        return len(self.first)

    def of(self, rows: Array) -> "Keys":
        return Keys(self.first[rows], self.second[rows], self.stretch[rows])


def stretches_of(instants: Array) -> Array:
    return instants // STRETCH


class RecentKeys:
    """What is known of each stretch are a few sorted runs: a batch adds one, and runs of like size are merged."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._known: dict[int, list[tuple[Array, Array]]] = {}

    def __len__(self) -> int:
        return sum(len(first) for runs in self._known.values() for first, _ in runs)

    def forget_all(self) -> None:
        self._known.clear()

    def unknown(self, stretches: Array) -> Array:
        return np.array(
            [each for each in np.unique(stretches) if int(each) not in self._known], dtype=np.int64
        )

    def knows(self, stretch: int, stored: Keys | None = None) -> None:
        """From now on all of it is known; `stored` is what the table holds of it."""
        self._known.setdefault(int(stretch), [])
        if stored is not None and len(stored):
            self._put(int(stretch), stored)

    def holds(self, keys: Keys) -> Array:
        """Which of them are there, as far as their stretch is known."""
        found = np.zeros(len(keys), dtype=bool)
        for stretch, rows in _by_stretch(keys.stretch):
            for run in self._known.get(stretch, ()):
                missing = rows[~found[rows]]
                found[missing] = _are_in(run, keys.first[missing], keys.second[missing])
        return found

    def add(self, keys: Keys) -> None:
        for stretch, rows in _by_stretch(keys.stretch):
            if stretch in self._known:
                self._put(stretch, keys.of(rows))
        self._forget_oldest()

    def _put(self, stretch: int, keys: Keys) -> None:
        order = np.argsort(keys.first)
        runs = self._known[stretch]
        runs.append((keys.first[order], keys.second[order]))
        while len(runs) > 1 and (len(runs) > RUNS or len(runs[-2][0]) <= 2 * len(runs[-1][0])):
            later, earlier = runs.pop(), runs.pop()
            runs.append(_merged(earlier, later))

    def _forget_oldest(self) -> None:
        held = len(self)
        for stretch in sorted(self._known)[:-1]:
            if held <= self._most and len(self._known) <= MOST_STRETCHES:
                return
            held -= sum(len(first) for first, _ in self._known.pop(stretch))


def repeats_within(keys: Keys, order: tuple[Array, ...]) -> Array:
    """Marks all but the first copy of each key; `order` says who came first, its last array deciding before others."""
    by_hash = np.argsort(keys.first, kind="stable")
    ranked = keys.first[by_hash]
    like_next = np.zeros(len(keys), dtype=bool)
    like_next[:-1] = ranked[1:] == ranked[:-1]
    is_several = like_next | np.r_[False, like_next[:-1]] if len(keys) else like_next
    several = by_hash[is_several]
    ranks = np.lexsort((*(each[several] for each in order), keys.second[several], keys.first[several]))
    ordered = several[ranks]
    marked = np.zeros(len(keys), dtype=bool)
    same = (keys.first[ordered][1:] == keys.first[ordered][:-1]) & (
        keys.second[ordered][1:] == keys.second[ordered][:-1]
    )
    marked[ordered[1:][same]] = True
    return marked


def _by_stretch(stretches: Array) -> list[tuple[int, Array]]:
    """The rows of each stretch."""
    if not len(stretches):
        return []
    order = np.argsort(stretches, kind="stable")
    ranked = stretches[order]
    begins = np.flatnonzero(ranked[1:] != ranked[:-1]) + 1
    return [(int(stretches[rows[0]]), rows) for rows in np.split(order, begins)]


def _are_in(run: tuple[Array, Array], first: Array, second: Array) -> Array:
    held_first, held_second = run
    at = np.minimum(np.searchsorted(held_first, first), len(held_first) - 1)
    found: Array = (held_first[at] == first) & (held_second[at] == second)
    return found


def _merged(earlier: tuple[Array, Array], later: tuple[Array, Array]) -> tuple[Array, Array]:
    first = np.concatenate([earlier[0], later[0]])
    order = np.argsort(first, kind="stable")
    return first[order], np.concatenate([earlier[1], later[1]])[order]


FIRST, SECOND, AT = "_hash", "_second_hash", "_at_micros"
MANY = 1_000
MOST_INSTANTS = 1_000


def hashes(edge: Edge) -> list[Column]:
    """Of a row's key, and when it happened."""
    keys = edge.node.table.keys
    assert edge.node.table.event_time is not None
    happened = F.unix_micros(edge.node.table.event_time)
    return [F.xxhash64(*keys).alias(FIRST), F.hash(*keys).alias(SECOND), happened.alias(AT)]


def keys_in(rows: pa.Table) -> tuple[Keys, Array]:
    """The keys of rows that carry their hashes, and the microseconds at which they happened."""
    at = rows[AT].to_numpy()
    return Keys(rows[FIRST].to_numpy(), rows[SECOND].to_numpy(), stretches_of(at)), at


def stored(edge: Edge, spark: SparkSession, keys: Keys, at: Array, recent: RecentKeys) -> Array:
    """Which of the keys the table holds. Stretches with many of the rows, or with nothing stored, are known from then
    on; few rows of long ago are looked up and their stretch is not remembered."""
    unknown = recent.unknown(keys.stretch)
    files = _Files.of(edge) if len(unknown) else None
    if files is None:
        return recent.holds(keys)
    for stretch in unknown:
        if not files.touching(stretch * STRETCH, (stretch + 1) * STRETCH - 1).any():
            recent.knows(stretch)
    counted = dict(zip(*np.unique(keys.stretch, return_counts=True), strict=True))
    unknown = recent.unknown(keys.stretch)
    large = [each for each in unknown if counted[each] >= min(MANY, len(keys) // 20 + 1)]
    _learn(edge, spark, files, large, recent)
    few = np.isin(keys.stretch, recent.unknown(keys.stretch))
    found = recent.holds(keys)
    if few.any():
        found[few] = _looked_up(edge, spark, files, keys.of(few), at[few])
    return found


@dataclass(frozen=True)
class _Files:
    """The files of a table with the instants between which their rows happened; all of time where none is told."""

    paths: list[str]
    first: Array
    last: Array

    @classmethod
    def of(cls, edge: Edge) -> "_Files":
        if not log.exists(edge.target):
            return cls([], np.empty(0, np.int64), np.empty(0, np.int64))
        found = pa.table(DeltaTable(edge.target).get_add_actions(flatten=True))
        bounds = (f"{end}.{edge.node.table.event_time}" for end in ("min", "max"))
        ever = np.iinfo(np.int64)
        first, last = (
            _micros(found, name, otherwise)
            for name, otherwise in zip(bounds, (ever.min, ever.max), strict=True)
        )
        # a bound in the log is cut to milliseconds
        return cls(
            [f"{edge.target}/{path}" for path in found["path"].to_pylist()],
            first,
            last + 999 * (last != ever.max),
        )

    def touching(self, first: Array | int, last: Array | int) -> Array:
        meets: Array = (self.first <= last) & (self.last >= first)
        return meets

    def chosen(self, which: Array) -> list[str]:
        return [self.paths[place] for place in np.flatnonzero(which)]


def _micros(found: pa.Table, name: str, otherwise: int) -> Array:
    if name not in found.column_names:
        return np.full(len(found), otherwise)
    told = found[name].cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    micros: Array = told.fill_null(otherwise).to_numpy()
    return micros


def _learn(edge: Edge, spark: SparkSession, files: _Files, stretches: list[int], recent: RecentKeys) -> None:
    if not stretches:
        return
    which = np.zeros(len(files.paths), dtype=bool)
    for stretch in stretches:
        which |= files.touching(stretch * STRETCH, (stretch + 1) * STRETCH - 1)
    first, last = min(stretches) * STRETCH, (max(stretches) + 1) * STRETCH - 1
    happened = F.col(str(edge.node.table.event_time))
    rows = _read(edge, spark, files.chosen(which)).where(
        happened.between(*(F.timestamp_micros(F.lit(int(end))) for end in (first, last)))
    )
    keys, _ = keys_in(rows.select(*hashes(edge)).toArrow())
    for stretch in stretches:
        recent.knows(stretch, keys.of(np.flatnonzero(keys.stretch == stretch)))


def _looked_up(edge: Edge, spark: SparkSession, files: _Files, keys: Keys, at: Array) -> Array:
    instants = np.unique(at)
    which = np.zeros(len(files.paths), dtype=bool)
    for instant in instants:
        which |= files.touching(instant, instant)
    happened = F.unix_micros(str(edge.node.table.event_time))
    wanted = (
        happened.isin([int(each) for each in instants])
        if len(instants) <= MOST_INSTANTS
        else happened.between(int(instants[0]), int(instants[-1]))
    )
    there, _ = keys_in(_read(edge, spark, files.chosen(which)).where(wanted).select(*hashes(edge)).toArrow())
    known = RecentKeys()
    for stretch in np.unique(there.stretch):
        known.knows(stretch, there.of(np.flatnonzero(there.stretch == stretch)))
    return known.holds(keys)


def _read(edge: Edge, spark: SparkSession, files: list[str]) -> DataFrame:
    """Only what a key is made of; a partition's column is no part of it."""
    return spark.read.parquet(*files) if files else spark.read.format("delta").load(edge.target).limit(0)
