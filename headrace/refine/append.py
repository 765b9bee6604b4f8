"""Append: rows arrive once; a key that is already there is a duplicate.

rows in = written + rejected + duplicates.

Comparing all keys exactly would sort the whole batch. So hashes of the keys are counted first; only rows whose
hash occurs twice, or is stored already, are suspects and compared by their real keys.
"""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import DataFrame, Observation, Window
from pyspark.sql import functions as F

from headrace.lake import log
from headrace.lake.ledger import Entry
from headrace.refine.edge import HASH, Edge, is_rejected

ROWS_PER_WRITER = 2_000_000
SUSPECT = "_suspect"


def write_append(edge: Edge, rows: DataFrame, number: int) -> Entry:
    done = edge.earlier_commit(edge.target, number)
    if done is not None:
        return _entry(edge, number, done)
    versions = edge.versions_for(number)
    rows_in, days = _extent(edge, rows)
    hashed = rows.withColumn(HASH, F.xxhash64(*edge.node.table.keys))
    twice = _hashes_seen_twice(edge, hashed, days).persist()
    judged = edge.judged(hashed, versions)
    marked = judged.join(F.broadcast(twice.withColumn(SUSPECT, F.lit(True))), on=HASH, how="left")
    doubtful = marked.where(is_rejected() | F.col(SUSPECT)).drop(SUSPECT).persist()
    try:
        bad, candidates = doubtful.where(is_rejected()), doubtful.where(~is_rejected())
        suspects = candidates.count()  # makes all of `doubtful` at once; asking for its first row would not
        rejected = edge.write_rejected(bad, number, versions) if not bad.isEmpty() else 0
        first = _first_of_each_key(edge, candidates, days).persist()
        duplicates = suspects - first.count()
        good = judged.where(~is_rejected()).join(F.broadcast(twice), on=HASH, how="left_anti")
        # Together, one writer might get all that is large and the others all that is small.
        kept = good.coalesce(_writers(rows, rows_in)).unionByName(first.coalesce(1))
        note = {"rows_in": rows_in, "rejected": rejected, "duplicates": duplicates, "upstream": versions}
        _append(edge, kept, number, note)
        first.unpersist()
    finally:
        doubtful.unpersist()
        twice.unpersist()
    written = edge.earlier_commit(edge.target, number)
    assert written is not None, "an idempotent append left no commit"
    return _entry(edge, number, written)


def _entry(edge: Edge, number: int, done: log.Commit) -> Entry:
    note = done.note
    counts = {
        "written": done.metrics.get("numOutputRows", 0),
        "rejected": note["rejected"],
        "duplicates": note["duplicates"],
    }
    return edge.entry(number, note["rows_in"], counts, note["upstream"])


def _extent(edge: Edge, rows: DataFrame) -> tuple[int, list[date]]:
    """How many rows the batch has, and on which days they happened."""
    event_time = edge.node.table.event_time
    happened = F.to_date(event_time) if event_time else F.lit(None).cast("date")
    counted = Observation()
    per_day = rows.observe(counted, F.count(F.lit(1)).alias("rows")).groupBy(happened.alias("day")).count()
    days = [row["day"] for row in per_day.collect()]
    return counted.get["rows"], [day for day in days if day is not None]


def _hashes_seen_twice(edge: Edge, hashed: DataFrame, days: list[date]) -> DataFrame:
    here = hashed.select(HASH, F.lit(1).alias("here"), F.lit(0).alias("there"))
    stored = _stored(edge, hashed, days)
    if stored is not None:
        keys = F.xxhash64(*edge.node.table.keys).alias(HASH)
        here = here.unionByName(stored.select(keys, F.lit(0).alias("here"), F.lit(1).alias("there")))
    # Hashes hardly ever repeat: gathering equal ones first spares a count per task that would find nothing.
    gathered = here.repartition(HASH)
    seen = gathered.groupBy(HASH).agg(F.sum("here").alias("here"), F.sum("there").alias("there"))
    return seen.where((F.col("here") > 0) & (F.col("here") + F.col("there") > 1)).select(HASH)


def _stored(edge: Edge, rows: DataFrame, days: list[date]) -> DataFrame | None:
    """The stored rows that could hold the same keys: those of the same days."""
    if not log.exists(edge.target):
        return None
    table = rows.sparkSession.read.format("delta").load(edge.target)
    partition = edge.node.table.partition
    return table.where(F.col(partition).isin(days)) if partition and days else table


def _first_of_each_key(edge: Edge, candidates: DataFrame, days: list[date]) -> DataFrame:
    keys = list(edge.node.table.keys)
    order = Window.partitionBy(*keys).orderBy("_sent_at", "_source", "_offset")
    first = candidates.withColumn("_nth", F.row_number().over(order)).where(F.col("_nth") == 1).drop("_nth")
    stored = _stored(edge, candidates, days)
    if stored is None:
        return first
    met = stored.select(*keys).join(F.broadcast(first.select(*keys)), on=keys, how="left_semi")
    return first.join(F.broadcast(met), on=keys, how="left_anti")


def _writers(rows: DataFrame, rows_in: int) -> int:
    """How many tasks write. Each opens a file in every partition it meets, so few write much."""
    return max(rows.sparkSession.sparkContext.defaultParallelism, rows_in // ROWS_PER_WRITER)


def _append(edge: Edge, rows: DataFrame, number: int, note: Mapping[str, object]) -> None:
    edge.leases.check()
    writer = rows.transform(edge.finished).write.format("delta").mode("append")
    if not log.exists(edge.target):
        writer = edge.created_by(writer)
    writer.options(**edge.options(number, note)).save(edge.target)
