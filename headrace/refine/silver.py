"""Runs the edge of one silver table over what is new in bronze, batch by batch, and sends rejected rows through again.

Rows that pass then are written like any batch and leave the rejected table. Such a batch is numbered by the version of
the rejected table it was read from, so an interrupted recycling is finished exactly and a row counts once.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.contracts.rules import is_rejected
from headrace.contracts.schema import TECHNICAL_COLUMNS, bronze_schema
from headrace.lake import ledger, log
from headrace.lake.increments import Progress, batches, progress_of, remember
from headrace.lake.lease import RunContext, leased
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.lake.session import get_spark, session_for
from headrace.progress import Event, Stopwatch, tell
from headrace.refine.catalog import load_tables
from headrace.settings import Settings, get_settings
from headrace.sources.bronze_table import grow
from headrace.sources.parsing import as_bronze, parsed_json
from headrace.tables import REASONS
from headrace.writes.edge import Edge, Judged
from headrace.writes.key_cache import RecentKeys
from headrace.writes.node import Node

RECYCLED = ":recycled"


def silver_waits(node: Node, paths: Paths) -> bool:
    """Whether bronze has a version that this table has not taken."""
    done = progress_of(paths, node.name)
    return log.version(paths.table("bronze", node.first.name)) > (done.version if done else -1)


def run_edge(start: Callable[[], SparkSession], edge: Edge) -> list[Entry]:
    """The entries of the batches this run wrote; none, and no Spark started, when there was nothing new."""
    paths, name, entries = edge.paths, edge.node.name, list[Entry]()
    if not silver_waits(edge.node, paths):
        return entries
    done = progress_of(paths, name)
    size, ends_at = edge.context.bytes_per_batch, _left_unfinished(edge, done)
    arrived = list(batches(edge.bronze, done, size, ends_at, edge.way.most_rows))
    if not log.exists(edge.target) or any(batch.files for batch in arrived):
        rows_taken = ledger.totals(ledger.entries(paths, "silver", name))["rows_in"]
        spark = session_for(start(), log.row_count(edge.bronze) - rows_taken)
        reader, recent = spark.read.schema(bronze_schema(edge.contract)), RecentKeys()
        for batch in arrived:
            if batch.files:
                rows = reader.parquet(*batch.files)
                entries.append(_take(edge, rows, batch.rows, batch.progress, recent))
        if not log.exists(edge.target):
            _create_empty(spark, edge)
    remember(paths, name, arrived[-1].progress)
    return entries


def take_in_memory(
    edge: Edge, spark: SparkSession, rows: pa.Table | Judged, progress: Progress, recent: RecentKeys
) -> Entry:
    """Writes a batch of bronze rows that are in memory, judged or not."""
    if not isinstance(rows, Judged):
        return _take(edge, spark.createDataFrame(rows), len(rows), progress, recent)
    watch = Stopwatch()
    return _done(edge, edge.way.write_from_memory(edge, spark, rows, progress.at, recent), progress, watch)


def _take(edge: Edge, rows: DataFrame, count: int, progress: Progress, recent: RecentKeys) -> Entry:
    """Writes a batch of bronze rows under the place it ends at, and remembers that it is done. recent: the keys that
    came lately, for a batch that fits into memory."""
    watch, number, judged = Stopwatch(), progress.at, None
    if edge.earlier_commit(edge.target, number) is None:
        judged = edge.judged_in_memory(rows, count, edge.versions_for(number))
    if judged is None:
        entry = edge.way.write(edge, rows, number)
    else:
        entry = edge.way.write_from_memory(edge, rows.sparkSession, judged, number, recent)
    return _done(edge, entry, progress, watch)


def _done(edge: Edge, entry: Entry, progress: Progress, watch: Stopwatch) -> Entry:
    entry = ledger.finished(entry, watch.seconds)
    ledger.record(edge.paths, entry)
    remember(edge.paths, edge.node.name, progress)
    return entry


def _left_unfinished(edge: Edge, done: Progress | None) -> int | None:
    """The place at which a batch was to end that was killed after it had written something."""
    begun = [log.last_commit_of(table, edge.app) for table in edge.written]
    newest = max((commit.txn[1] for commit in begun if commit is not None and commit.txn), default=0)
    return newest if newest > (done.at if done else 0) else None


def _create_empty(spark: SparkSession, edge: Edge) -> None:
    """A table nothing has passed into yet, so that those made from it find its columns."""
    nothing = spark.createDataFrame([], bronze_schema(edge.contract))
    rows = edge.way.shaped(edge.node, edge.contract, edge.judged(nothing, edge.versions_now()))
    writer = rows.transform(edge.finished).write.format("delta")
    edge.created_by(writer).save(edge.target)


@dataclass(frozen=True)
class TableRecycled:
    """Of the rows set aside, how many passed this time and how many still wait."""

    table: str
    passed: int
    waiting: int


@dataclass(frozen=True)
class RecycleResult:
    domain: str
    tables: tuple[TableRecycled, ...]


def recycle(domain: str, table: str | None = None, settings: Settings | None = None) -> RecycleResult:
    settings = settings or get_settings()
    catalog, paths = load_tables(domain), Paths.of(domain, settings)
    nodes = [catalog.node(table, "silver")] if table else catalog.from_bronze
    run, done = f"recycle-{datetime.now(UTC):%Y%m%dT%H%M%S}", list[TableRecycled]()
    urls = [paths.lease("silver", node.name) for node in nodes]
    with leased(urls, job=f"recycle {domain}", seconds=settings.lease_seconds) as leases:
        spark, context = get_spark(settings), RunContext(paths, settings, leases, run)
        for node in nodes:
            now = datetime.now(UTC).replace(tzinfo=None)
            edge = Edge(node, catalog.source_of(node), context, now, RECYCLED)
            passed = _recycled(spark.newSession(), edge) if log.exists(edge.rejected) else 0
            done.append(TableRecycled(node.name, passed, log.row_count(edge.rejected)))
    return RecycleResult(domain, tuple(done))


def finish_recycling(start: Callable[[], SparkSession], edge: Edge) -> None:
    """A run that follows a killed recycling first takes the recycled rows out of the rejected table."""
    recycling = replace(edge, app_suffix=RECYCLED)
    if log.exists(edge.rejected) and _begun(recycling, log.version(edge.rejected)) != (None, None):
        _recycled(start().newSession(), recycling)


def recycle_what_waited(start: Callable[[], SparkSession], edge: Edge) -> None:
    """Rows that were set aside until something came pass when it has come, without anybody asking for it."""
    if edge.way.rejected_may_pass(edge):
        passed = _recycled(start().newSession(), replace(edge, app_suffix=RECYCLED))
        tell(Event("silver", edge.node.name, "going", note=f"{passed:,} rows pass that had been set aside"))


def _recycled(spark: SparkSession, edge: Edge) -> int:
    """How many of the rejected rows pass now."""
    grow(lambda: spark, edge.contract, (edge.target, edge.rejected))
    number = log.version(edge.rejected)
    entry, versions = _begun(edge, number)
    aside = spark.read.format("delta").option("versionAsOf", number).load(edge.rejected)
    rows = _read_again(aside.drop(REASONS, "_rejected_at", "_run"), edge.contract)
    judged = edge.way.judged_again(
        edge, rows, edge.versions_now() if versions is None else versions
    ).persist()
    try:
        passing = judged.where(~is_rejected()).select(*bronze_schema(edge.contract).fieldNames())
        count = passing.count()
        if not count:
            return 0
        if entry is None:
            entry = edge.way.write(edge, passing, number)
            counts = entry.counts | {"rejected": -count, "recycled": count}
            entry = replace(entry, batch=_batch(number), rows_in=0, counts=counts)
        ledger.record(edge.paths, entry)
        _keep_rest(edge, judged, aside, number)
    finally:
        judged.unpersist()
    return count


def _begun(edge: Edge, number: int) -> tuple[Entry | None, dict[str, int] | None]:
    """Of an interrupted recycling its entry, where it came so far, and the versions of the parents it judged by."""
    entries = ledger.entries(edge.paths, "silver", edge.node.name)
    entry = next((entry for entry in entries if entry.batch == _batch(number)), None)
    if entry is not None:
        return entry, entry.upstream
    commit = edge.started(number)
    return None, dict(commit.note["upstream"]) if commit is not None else None


def _batch(number: int) -> str:
    return f"recycled-{number:09d}"


def _read_again(rows: DataFrame, contract: Contract) -> DataFrame:
    """What was kept as the text of an object is read as the contract is now, which may have gained a column."""
    is_text = F.coalesce(F.col("_raw").startswith("{"), F.lit(False))
    others = [name for name in TECHNICAL_COLUMNS if name != "_raw"]
    lines = rows.where(is_text).select(F.col("_raw").alias("_line"), *others)
    return rows.where(~is_text).unionByName(as_bronze(parsed_json(lines, contract), contract))


def _keep_rest(edge: Edge, judged: DataFrame, aside: DataFrame, number: int) -> None:
    """The rows that still do not pass, with the reasons that hold now."""
    rest = edge.set_aside(judged.where(is_rejected())).select(*aside.columns)
    edge.context.leases.check()
    options = edge.options(number, {"recycled_from": number}, app=f"{edge.app}:rest")
    rest.write.format("delta").mode("overwrite").options(**options).save(edge.rejected)
