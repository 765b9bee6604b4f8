"""Append: rows arrive once; a key that is already there is a duplicate.

rows in = written + rejected + duplicates.

Comparing all keys of a frame exactly would sort the whole batch. So hashes of the keys are counted first; only rows
whose hash occurs twice, or is stored already, are suspects and compared by their real keys.

A batch in memory has the same terms and the same commits, sooner: Spark judges it, and duplicates are found among
keys that are held in memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Observation, SparkSession, Window
from pyspark.sql import functions as F

from headrace.contracts.rules import is_rejected
from headrace.contracts.schema import bronze_schema, this_instant
from headrace.lake import log
from headrace.lake.delta_rs import append_once
from headrace.lake.ledger import Entry
from headrace.tables import REASONS, Append
from headrace.writes.edge import HASH, NOT_STORED, Edge, Judged
from headrace.writes.key_cache import HASHES, Array, RecentKeys, hashes, keys_in, repeats_within, stored
from headrace.writes.way import SilverWay

ROWS_PER_WRITER = 2_000_000
SUSPECT = "_suspect"
MOST_SPANS = 48


@dataclass(frozen=True)
class Extent:
    """How many rows a batch has, the days on which they happened, and the first and last microsecond since 1970 of each
    hour, or of all of them where a query would name too many."""

    rows: int
    days: list[date]
    spans: list[tuple[int, int]]


class AppendWay(SilverWay[Append]):
    terms = ("written", "rejected", "duplicates")
    stored = ("written",)
    named = {"duplicates": "rows that had come before"}
    corrects_nothing = "the first row of a key stays"

    @property
    def sentence(self) -> str:
        return "rows arrive once"

    def write(self, edge: Edge, rows: DataFrame, number: int) -> Entry:
        if edge.earlier_commit(edge.target, number) is not None:
            return _entry(edge, number)
        versions, extent = edge.versions_for(number), _extent(edge, rows)
        hashed = rows.withColumn(HASH, F.xxhash64(*edge.node.table.keys))
        twice = _hashes_seen_twice(edge, hashed, extent).persist()
        judged = edge.judged(hashed, versions)
        marked = judged.join(F.broadcast(twice.withColumn(SUSPECT, F.lit(True))), on=HASH, how="left")
        doubtful = marked.where(is_rejected() | F.col(SUSPECT)).drop(SUSPECT).persist()
        try:
            bad, candidates = doubtful.where(is_rejected()), doubtful.where(~is_rejected())
            suspects = candidates.count()  # makes all of `doubtful`; asking for its first row would not
            rejected = edge.write_rejected(bad, number, versions)
            first = _first_of_each_key(edge, candidates, extent).persist()
            duplicates = suspects - first.count()
            good = judged.where(~is_rejected()).join(F.broadcast(twice), on=HASH, how="left_anti")
            # Each writer opens a file in every partition that it meets, so few write much. Together, one might get all
            # that is large and the others all that is small.
            writers = max(rows.sparkSession.sparkContext.defaultParallelism, extent.rows // ROWS_PER_WRITER)
            fresh = good.coalesce(writers).unionByName(first.coalesce(1)).transform(edge.finished)
            note = {
                "rows_in": extent.rows,
                "rejected": rejected,
                "duplicates": duplicates,
                "upstream": versions,
            }
            edge.append(fresh, number, note)
            first.unpersist()
        finally:
            doubtful.unpersist()
            twice.unpersist()
        return _entry(edge, number)

    def judging(self, edge: Edge, rows: DataFrame, versions: Mapping[str, int]) -> DataFrame | None:
        if edge.node.table.event_time is None:
            return None
        judged = edge.judged(rows, versions)
        added = this_instant().alias("_processed_at"), F.lit(edge.context.run).alias("_run")
        return judged.withColumn(REASONS, edge.reasons()).select("*", *added, *hashes(edge))

    def write_from_memory(
        self, edge: Edge, spark: SparkSession, judged: Judged, number: int, recent: RecentKeys
    ) -> Entry:
        rows = judged.rows
        is_bad = pc.greater(pc.list_value_length(rows[REASONS]), 0)
        bad, good = rows.filter(is_bad), rows.filter(pc.invert(is_bad))
        names = [*bronze_schema(edge.contract).fieldNames(), REASONS, "_processed_at", "_run"]
        aside = bad.select(names).rename_columns({"_processed_at": "_rejected_at"})
        edge.append_rejected(aside, number, judged.versions)
        keys, at = keys_in(good)
        repeats = repeats_within(keys, _in_order_of_arrival(good)) | stored(edge, spark, keys, at, recent)
        fresh = good.filter(pa.array(~repeats))
        counts = {"rows_in": len(rows), "rejected": len(bad), "duplicates": int(repeats.sum())}
        edge.context.leases.check()
        append_once(
            edge.target,
            fresh.select([name for name in fresh.column_names if name not in (*NOT_STORED, *HASHES)]),
            app=edge.app,
            number=number,
            note=edge.with_run({**counts, "upstream": dict(judged.versions)}),
            partition=edge.node.table.partition,
            properties=edge.properties,
        )
        recent.add(keys.of(~repeats))
        return _entry(edge, number)

    def rows_let_in(self, commit: log.Commit) -> int:
        return commit.metrics.get("numOutputRows", 0)


def _entry(edge: Edge, number: int) -> Entry:
    commit = edge.earlier_commit(edge.target, number)
    assert commit is not None, "an append left no commit"
    note, written = commit.note, commit.metrics.get("numOutputRows", 0)
    counts = {"written": written, "rejected": note["rejected"], "duplicates": note["duplicates"]}
    return edge.entry(number, note["rows_in"], counts, note["upstream"])


def _extent(edge: Edge, rows: DataFrame) -> Extent:
    event_time, counted = edge.node.table.event_time, Observation()
    observed = rows.observe(counted, F.count(F.lit(1)).alias("rows"))
    if event_time is None:
        observed.count()
        return Extent(counted.get["rows"], [], [])
    at = F.col(event_time)
    hours = observed.groupBy(F.date_trunc("hour", at).alias("hour")).agg(
        F.to_date(F.min(at)), F.unix_micros(F.min(at)), F.unix_micros(F.max(at))
    )
    found = [row[1:] for row in hours.collect() if row["hour"] is not None]
    spans = [(first, last) for _, first, last in found]
    if len(spans) > MOST_SPANS:
        spans = [(min(first for first, _ in spans), max(last for _, last in spans))]
    return Extent(counted.get["rows"], sorted({day for day, _, _ in found}), spans)


def _hashes_seen_twice(edge: Edge, hashed: DataFrame, extent: Extent) -> DataFrame:
    here = hashed.select(HASH, F.lit(1).alias("here"), F.lit(0).alias("there"))
    stored = _stored(edge, hashed.sparkSession, extent)
    if stored is not None:
        keys = F.xxhash64(*edge.node.table.keys).alias(HASH)
        here = here.unionByName(stored.select(keys, F.lit(0).alias("here"), F.lit(1).alias("there")))
    # Hashes hardly ever repeat: gathering equal ones first spares a count per task that would find nothing.
    gathered = here.repartition(HASH)
    seen = gathered.groupBy(HASH).agg(F.sum("here").alias("here"), F.sum("there").alias("there"))
    return seen.where((F.col("here") > 0) & (F.col("here") + F.col("there") > 1)).select(HASH)


def _stored(edge: Edge, spark: SparkSession, extent: Extent) -> DataFrame | None:
    """The stored rows that could hold the same keys: those that happened when rows of the batch did."""
    rows, partition, event_time = edge.stored(spark), edge.node.table.partition, edge.node.table.event_time
    if rows is None or not (partition and event_time and extent.days):
        return rows
    within = (
        F.col(event_time).between(*(F.timestamp_micros(F.lit(end)) for end in span)) for span in extent.spans
    )
    return rows.where(F.col(partition).isin(extent.days)).where(reduce(or_, within))


def _first_of_each_key(edge: Edge, candidates: DataFrame, extent: Extent) -> DataFrame:
    keys = list(edge.node.table.keys)
    order = Window.partitionBy(*keys).orderBy("_sent_at", "_source", "_offset")
    first = candidates.withColumn("_nth", F.row_number().over(order)).where(F.col("_nth") == 1).drop("_nth")
    stored = _stored(edge, candidates.sparkSession, extent)
    if stored is None:
        return first
    met = stored.select(*keys).join(F.broadcast(first.select(*keys)), on=keys, how="left_semi")
    return first.join(F.broadcast(met), on=keys, how="left_anti")


def _in_order_of_arrival(rows: pa.Table) -> tuple[Array, ...]:
    """The last one decides first."""
    source = rows["_source"].combine_chunks().dictionary_encode()
    ranks = (
        pc.rank(source.dictionary).to_numpy()[source.indices.to_numpy()]
        if len(rows)
        else rows["_offset"].to_numpy()
    )
    sent = rows["_sent_at"].cast(pa.int64()).to_numpy()
    return rows["_offset"].to_numpy(), ranks, sent
