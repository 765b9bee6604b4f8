"""Sends rejected rows through again, after what was wrong about them was mended.

Those that pass now are written like any batch and leave the rejected table; a row counts once. The batch is
numbered by the version of the rejected table it was read from, so an interrupted recycling is finished exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.contracts.rules import is_rejected
from headrace.contracts.schema import TECHNICAL_COLUMNS, bronze_schema
from headrace.lake import ledger, log
from headrace.lake.lease import leased
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.lake.run_context import RunContext
from headrace.lake.session import get_spark
from headrace.refine.catalog import load_tables
from headrace.refine.schema_evolution import grow
from headrace.settings import Settings, get_settings
from headrace.sources.parsing import as_bronze, parsed_json
from headrace.tables import REASONS
from headrace.writes.edge import Edge

APP = ":recycled"


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
    run = f"recycle-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    done: list[TableRecycled] = []
    urls = [paths.lease("silver", node.name) for node in nodes]
    with leased(urls, job=f"recycle {domain}", seconds=settings.lease_seconds) as leases:
        spark = get_spark(settings)
        for node in nodes:
            now, context = datetime.now(UTC).replace(tzinfo=None), RunContext(paths, settings, leases, run)
            edge = Edge(node, catalog.source_of(node), context, now, APP)
            passed = _recycled(spark.newSession(), edge) if log.exists(edge.rejected) else 0
            done.append(TableRecycled(node.name, passed, log.row_count(edge.rejected)))
    return RecycleResult(domain, tuple(done))


def read_again(rows: DataFrame, contract: Contract) -> DataFrame:
    """What was kept as the text of an object is read as the contract is now, which may have gained a column."""
    is_text = F.coalesce(F.col("_raw").startswith("{"), F.lit(False))
    others = [name for name in TECHNICAL_COLUMNS if name != "_raw"]
    lines = rows.where(is_text).select(F.col("_raw").alias("_line"), *others)
    return rows.where(~is_text).unionByName(as_bronze(parsed_json(lines, contract), contract))


def _recycled(spark: SparkSession, edge: Edge) -> int:
    grow(lambda: spark, edge.contract, (edge.target, edge.rejected))
    number = log.version(edge.rejected)
    begun = _entry_of(edge, number)
    known = _judged_by(edge, number)
    versions = edge.versions_now() if known is None else known
    aside = spark.read.format("delta").option("versionAsOf", number).load(edge.rejected)
    rows = read_again(aside.drop(REASONS, "_rejected_at", "_run"), edge.contract)
    judged = edge.judged(rows, versions).persist()
    try:
        passing = judged.where(~is_rejected()).select(*bronze_schema(edge.contract).fieldNames())
        count = passing.count()
        if not count:
            return 0
        entry = begun or _written(edge, passing, number, count)
        ledger.record(edge.paths, entry)
        _keep_rest(edge, judged, aside, number)
    finally:
        judged.unpersist()
    return count


def _written(edge: Edge, passing: DataFrame, number: int, count: int) -> Entry:
    entry = edge.way.write(edge, passing, number)
    counts = entry.counts | {"rejected": -count, "recycled": count}
    return replace(entry, batch=_batch(number), rows_in=0, counts=counts)


def _keep_rest(edge: Edge, judged: DataFrame, aside: DataFrame, number: int) -> None:
    """The rows that still do not pass, with the reasons that hold now."""
    names = bronze_schema(edge.contract).fieldNames()
    rest = judged.where(is_rejected()).select(
        *names, REASONS, F.current_timestamp().alias("_rejected_at"), F.lit(edge.context.run).alias("_run")
    )
    edge.context.leases.check()
    options = edge.options(number, {"recycled_from": number}, app=f"{edge.app}:rest")
    rest.select(*aside.columns).write.format("delta").mode("overwrite").options(**options).save(edge.rejected)


def _batch(number: int) -> str:
    return f"recycled-{number:09d}"


def _entry_of(edge: Edge, number: int) -> Entry | None:
    found = ledger.entries(edge.paths, "silver", edge.node.name)
    return next((entry for entry in found if entry.batch == _batch(number)), None)


def _judged_by(edge: Edge, number: int) -> dict[str, int] | None:
    """The versions of its parents that an interrupted recycling judged by."""
    entry, commit = _entry_of(edge, number), edge.started(number)
    if entry is not None:
        return entry.upstream
    return dict(commit.note["upstream"]) if commit is not None else None


def finish_interrupted(start: Callable[[], SparkSession], edge: Edge) -> None:
    """A run that follows a killed recycling first takes the recycled rows out of the rejected table."""
    recycling = replace(edge, app_suffix=APP)
    if log.exists(edge.rejected) and _judged_by(recycling, log.version(edge.rejected)) is not None:
        _recycled(start().newSession(), recycling)
