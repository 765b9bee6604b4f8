"""Runs the edge of one silver table over all that is new in its bronze table, batch by batch."""

from collections.abc import Callable, Sequence

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from headrace.contracts.schema import bronze_schema
from headrace.lake import ledger, log
from headrace.lake.commits import MOST_IN_MEMORY
from headrace.lake.increments import Arrived, Progress, batches, progress_of, remember
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.lake.session import session_for
from headrace.progress import Stopwatch
from headrace.writes.edge import Edge, Judged
from headrace.writes.key_cache import RecentKeys
from headrace.writes.node import Node


def run_edge(start: Callable[[], SparkSession], edge: Edge, *, bytes_per_batch: int) -> list[Entry]:
    """The entries of the batches this run wrote; none, and no Spark started, when there was nothing new."""
    if not silver_waits(edge.node, edge.paths):
        return []
    done = progress_of(edge.paths, edge.node.name)
    arrived = list(batches(edge.bronze, done, bytes_per_batch, ends_at=_left_unfinished(edge, done)))
    if log.exists(edge.target) and not any(batch.files for batch in arrived):
        remember(edge.paths, edge.node.name, arrived[-1].progress)
        return []
    return _take_all(edge, session_for(start(), rows_waiting(edge)), arrived)


def _take_all(edge: Edge, spark: SparkSession, arrived: Sequence[Arrived]) -> list[Entry]:
    reader, recent, entries = spark.read.schema(bronze_schema(edge.contract)), RecentKeys(), []
    for batch in arrived:
        if batch.files:
            keys = recent if batch.rows <= MOST_IN_MEMORY else None
            entries.append(take_batch(edge, reader.parquet(*batch.files), batch.progress, keys))
    if not log.exists(edge.target):
        _create_empty(spark, edge)
    remember(edge.paths, edge.node.name, arrived[-1].progress)
    return entries


def take_batch(edge: Edge, rows: DataFrame, progress: Progress, recent: RecentKeys | None = None) -> Entry:
    """Writes a batch of bronze rows under the place it ends at, and remembers that it is done. recent: the keys that
    came lately, for a batch that fits into memory."""
    watch, number = Stopwatch(), progress.at
    judging = None
    if recent is not None and edge.earlier_commit(edge.target, number) is None:
        judging = edge.way.judging(edge, rows, edge.versions_for(number))
    judged = judging.done() if judging is not None else None
    if judged is None or recent is None:
        entry = edge.way.write(edge, rows, number)
    else:
        entry = edge.way.write_from_memory(edge, rows.sparkSession, judged, number, recent)
    return _done(edge, entry, progress, watch)


def take_in_memory(
    edge: Edge, spark: SparkSession, rows: pa.Table | Judged, progress: Progress, recent: RecentKeys
) -> Entry:
    """The same for rows that are in memory, judged or not."""
    if not isinstance(rows, Judged):
        return take_batch(edge, spark.createDataFrame(rows), progress, recent)
    watch = Stopwatch()
    return _done(edge, edge.way.write_from_memory(edge, spark, rows, progress.at, recent), progress, watch)


def _done(edge: Edge, entry: Entry, progress: Progress, watch: Stopwatch) -> Entry:
    entry = ledger.finished(entry, watch.seconds)
    ledger.record(edge.paths, entry)
    remember(edge.paths, edge.node.name, progress)
    return entry


def silver_waits(node: Node, paths: Paths) -> bool:
    """Whether bronze has a version that this table has not taken."""
    version = log.version(paths.table("bronze", node.upstream[node.arguments[0]].name))
    done = progress_of(paths, node.name)
    return version > (done.version if done else -1)


def _left_unfinished(edge: Edge, done: Progress | None) -> int | None:
    """The place at which a batch was to end that was killed after it had written something."""
    begun = [log.last_commit_of(table, edge.app) for table in edge.written]
    newest = max((commit.txn[1] for commit in begun if commit is not None and commit.txn), default=0)
    return newest if newest > (done.at if done else 0) else None


def rows_waiting(edge: Edge) -> int:
    """About how many rows of bronze this edge has not taken yet."""
    taken = ledger.totals(ledger.entries(edge.paths, "silver", edge.node.name))["rows_in"]
    return log.row_count(edge.bronze) - taken


def _create_empty(spark: SparkSession, edge: Edge) -> None:
    """A table nothing has passed into yet, so that those made from it find its columns."""
    nothing = spark.createDataFrame([], bronze_schema(edge.contract))
    rows = edge.way.shaped(edge.node, edge.contract, edge.judged(nothing, edge.versions_now()))
    writer = rows.transform(edge.finished).write.format("delta")
    edge.created_by(writer).save(edge.target)
