"""Which keys a silver table holds already: those that came lately in memory, others looked up in its files.

Keys are known by two hashes, 96 bits, and by stretches of event time: a stretch is known wholly or not at all. Only the
files whose bounds say that they could hold a key are read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from headrace.lake import log
from headrace.writes.edge import HASH, Edge

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
        found = (each for each in np.unique(stretches) if int(each) not in self._known)
        return np.fromiter(found, dtype=np.int64)

    def knows(self, stretch: int, stored: Keys | None = None) -> None:
        """From now on all of it is known; `stored` is what the table holds of it."""
        self._known.setdefault(int(stretch), [])
        if stored is not None and len(stored):
            self._put(int(stretch), stored)

    def holds(self, keys: Keys) -> Array:
        """Which of them are there, as far as their stretch is known."""
        found = np.zeros(len(keys), dtype=bool)
        for stretch, rows in _by_stretch(keys.stretch):
            for first, second in self._known.get(stretch, ()):
                missing = rows[~found[rows]]
                at = np.minimum(np.searchsorted(first, keys.first[missing]), len(first) - 1)
                found[missing] = (first[at] == keys.first[missing]) & (second[at] == keys.second[missing])
        return found

    def add(self, keys: Keys) -> None:
        for stretch, rows in _by_stretch(keys.stretch):
            if stretch in self._known:
                self._put(stretch, keys.of(rows))
        held = len(self)
        for oldest in sorted(self._known)[:-1]:
            if held <= self._most and len(self._known) <= MOST_STRETCHES:
                return
            held -= sum(len(first) for first, _ in self._known.pop(oldest))

    def _put(self, stretch: int, keys: Keys) -> None:
        order, runs = np.argsort(keys.first), self._known[stretch]
        runs.append((keys.first[order], keys.second[order]))
        while len(runs) > 1 and (len(runs) > RUNS or len(runs[-2][0]) <= 2 * len(runs[-1][0])):
            first, second = (np.concatenate(parts) for parts in zip(*runs[-2:], strict=True))
            order = np.argsort(first, kind="stable")
            runs[-2:] = [(first[order], second[order])]


def repeats_within(keys: Keys, order: tuple[Array, ...]) -> Array:
    """Marks all but the first copy of each key; `order` says who came first, its last array deciding before others."""
    _, group, counts = np.unique(keys.first, return_inverse=True, return_counts=True)
    several = np.flatnonzero(counts[group] > 1)
    in_order = (*(each[several] for each in order), keys.second[several], keys.first[several])
    ranked = several[np.lexsort(in_order)]
    first, second = keys.first[ranked], keys.second[ranked]
    marked = np.zeros(len(keys), dtype=bool)
    marked[ranked[1:][(first[1:] == first[:-1]) & (second[1:] == second[:-1])]] = True
    return marked


def _by_stretch(stretches: Array) -> list[tuple[int, Array]]:
    """The rows of each stretch."""
    if not len(stretches):
        return []
    order = np.argsort(stretches, kind="stable")
    ranked = stretches[order]
    begins = np.flatnonzero(ranked[1:] != ranked[:-1]) + 1
    return [(int(stretches[rows[0]]), rows) for rows in np.split(order, begins)]


SECOND, AT = "_second_hash", "_at_micros"
HASHES = (HASH, SECOND, AT)
MANY = 1_000
MOST_INSTANTS = 1_000


def hashes(edge: Edge) -> list[Column]:
    """Of a row's key, and when it happened."""
    keys = edge.node.table.keys
    happened = F.unix_micros(_event_time(edge))
    return [F.xxhash64(*keys).alias(HASH), F.hash(*keys).alias(SECOND), happened.alias(AT)]


def _event_time(edge: Edge) -> str:
    assert edge.node.table.event_time is not None
    return edge.node.table.event_time


def keys_in(rows: pa.Table) -> tuple[Keys, Array]:
    """The keys of rows that carry their hashes, and the microseconds at which they happened."""
    at = rows[AT].to_numpy()
    return Keys(rows[HASH].to_numpy(), rows[SECOND].to_numpy(), at // STRETCH), at


def stored(edge: Edge, spark: SparkSession, keys: Keys, at: Array, recent: RecentKeys) -> Array:
    """Which of the keys the table holds. Stretches with many of the rows, or with nothing stored, are known from then
    on; few rows of long ago are looked up and their stretch is not remembered."""
    unknown = recent.unknown(keys.stretch)
    if not len(unknown):
        return recent.holds(keys)
    files = _Files.of(edge)
    for stretch in unknown:
        if not files.within([_ends(stretch)]):
            recent.knows(stretch)
    counted = dict(zip(*np.unique(keys.stretch, return_counts=True), strict=True))
    many = min(MANY, len(keys) // 20 + 1)
    large = [each for each in recent.unknown(keys.stretch) if counted[each] >= many]
    if large:
        first, last = _ends(min(large))[0], _ends(max(large))[1]
        wanted = F.col(_event_time(edge)).between(*(F.timestamp_micros(F.lit(end)) for end in (first, last)))
        _learn(recent, large, _stored_keys(edge, spark, files.within(map(_ends, large)), wanted))
    found, few = recent.holds(keys), np.isin(keys.stretch, recent.unknown(keys.stretch))
    if few.any():
        instants, happened, once = np.unique(at[few]).tolist(), F.unix_micros(_event_time(edge)), RecentKeys()
        is_short = len(instants) <= MOST_INSTANTS
        wanted = happened.isin(instants) if is_short else happened.between(instants[0], instants[-1])
        there = _stored_keys(edge, spark, files.within((each, each) for each in instants), wanted)
        _learn(once, np.unique(there.stretch), there)
        found[few] = once.holds(keys.of(few))
    return found


def _ends(stretch: int) -> tuple[int, int]:
    return int(stretch) * STRETCH, (int(stretch) + 1) * STRETCH - 1


def _learn(recent: RecentKeys, stretches: Sequence[int] | Array, keys: Keys) -> None:
    for stretch in stretches:
        recent.knows(stretch, keys.of(keys.stretch == stretch))


@dataclass(frozen=True)
class _Files:
    """The files of a table with the instants between which their rows happened; all of time where none is told."""

    paths: list[str]
    first: Array
    last: Array

    @classmethod
    def of(cls, edge: Edge) -> "_Files":
        nothing, ever = np.empty(0, np.int64), np.iinfo(np.int64)
        if not log.exists(edge.target):
            return cls([], nothing, nothing)
        actions = pa.table(DeltaTable(edge.target).get_add_actions(flatten=True))
        first = _micros(actions, f"min.{edge.node.table.event_time}", ever.min)
        last = _micros(actions, f"max.{edge.node.table.event_time}", ever.max)
        last += 999 * (last != ever.max)  # a bound in the log is cut to milliseconds
        return cls([f"{edge.target}/{path}" for path in actions["path"].to_pylist()], first, last)

    def within(self, spans: Iterable[tuple[int, int]]) -> list[str]:
        """Those that could have rows of some spans of time."""
        chosen = np.zeros(len(self.paths), dtype=bool)
        for first, last in spans:
            chosen |= (self.first <= last) & (self.last >= first)
        return [self.paths[place] for place in np.flatnonzero(chosen)]


def _micros(actions: pa.Table, name: str, otherwise: int) -> Array:
    if name not in actions.column_names:
        return np.full(len(actions), otherwise)
    instants = actions[name].cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    micros: Array = instants.fill_null(otherwise).to_numpy().copy()
    return micros


def _stored_keys(edge: Edge, spark: SparkSession, files: list[str], wanted: Column) -> Keys:
    """Only what a key is made of is read; a partition's column is no part of it."""
    rows = spark.read.parquet(*files) if files else spark.read.format("delta").load(edge.target).limit(0)
    keys, _ = keys_in(rows.where(wanted).select(*hashes(edge)).toArrow())
    return keys
