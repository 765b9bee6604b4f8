"""Runs the edge of one silver table over all that is new in its bronze table.

The edge is a stream with one checkpoint; a batch run starts it with `availableNow`.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from pyspark.sql import DataFrame, SparkSession

from headrace.contracts.schema import bronze_schema
from headrace.lake import ledger, log
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.lake.session import session_for
from headrace.progress import Stopwatch
from headrace.refine.append import write_append
from headrace.refine.batch import as_files
from headrace.refine.catalog import Node
from headrace.refine.edge import Edge
from headrace.refine.history import versions_of, write_history
from headrace.refine.stream import drain
from headrace.refine.upsert import ORDER, order_of, write_upsert
from headrace.tables import Append, History, Upsert

WRITERS: dict[type, Callable[[Edge, DataFrame, int], Entry]] = {
    Append: write_append,
    Upsert: write_upsert,
    History: write_history,
}


def run_edge(start: Callable[[], SparkSession], edge: Edge, *, bytes_per_batch: int) -> list[Entry]:
    """The entries of the batches this run wrote; none, and no Spark started, when there was nothing new."""
    if not silver_waits(edge.node, edge.paths):
        return []
    bronze_version = log.version(edge.bronze)
    spark = session_for(start(), rows_waiting(edge))
    entries: list[Entry] = []

    def take(rows: DataFrame, number: int) -> None:
        watch = Stopwatch()
        batch = as_files(rows, bronze_schema(edge.contract))
        entry = WRITERS[type(edge.node.table.write)](edge, batch, number)
        entry = replace(entry, seconds=watch.seconds, finished_at=_wall_clock())
        ledger.record(edge.paths, entry)
        entries.append(entry)

    reader = spark.readStream.format("delta").option("maxBytesPerTrigger", bytes_per_batch)
    taken = -1
    while taken != bronze_version:  # what came meanwhile is taken too, so the version says what was
        taken = bronze_version
        stream = reader.load(edge.bronze)
        drain(stream, take, checkpoint=edge.paths.checkpoint("silver", edge.node.name), name=edge.app)
        bronze_version = log.version(edge.bronze)
    if not log.exists(edge.target):
        _create_empty(spark, edge)
    ledger.remember(edge.paths, "silver", edge.node.name, {"bronze_version": bronze_version})
    return entries


def silver_waits(node: Node, paths: Paths) -> bool:
    """Whether bronze has a version that this table has not taken."""
    version = log.version(paths.table("bronze", node.upstream[node.arguments[0]].name))
    return version >= 0 and version != ledger.remembered(paths, "silver", node.name).get("bronze_version")


def rows_waiting(edge: Edge) -> int:
    """About how many rows of bronze this edge has not taken yet."""
    taken = ledger.totals(ledger.entries(edge.paths, "silver", edge.node.name))["rows_in"]
    return log.row_count(edge.bronze) - taken


def _create_empty(spark: SparkSession, edge: Edge) -> None:
    """A table nothing has passed into yet, so that those made from it find its columns."""
    nothing = spark.createDataFrame([], bronze_schema(edge.contract))
    rows = edge.judged(nothing, edge.versions_now())
    if isinstance(edge.node.table.write, History):
        rows = versions_of(edge, rows)
    if isinstance(edge.node.table.write, Upsert):
        rows = rows.withColumn(ORDER, order_of(edge))
    writer = rows.transform(edge.finished).write.format("delta")
    edge.created_by(writer).save(edge.target)


def _wall_clock() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
