"""Asks a silver table for keys that may be stored already, reading only the files whose bounds say they could be."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.lake import log
from headrace.writes.edge import Edge
from headrace.writes.key_cache import STRETCH, Array, Keys, RecentKeys, stretches_of

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
