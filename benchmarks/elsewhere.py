"""The same work in other hands: a sink that throws rows away, and DuckDB over the same files."""

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb
from deltalake import DeltaTable

from benchmarks.lake import DOMAIN, table

EVER = datetime(1970, 1, 1)
JUDGE_IN_DUCKDB = """
COPY (
    SELECT r.*, s.sensor_type, s.warning_low, s.warning_high, s.critical_low, s.critical_high,
           CASE WHEN reading_value < critical_low OR reading_value > critical_high THEN 'CRITICAL'
                WHEN reading_value < warning_low OR reading_value > warning_high THEN 'WARNING'
                ELSE 'NORMAL' END AS alert_status
    FROM (SELECT DISTINCT ON (reading_id) * FROM readings WHERE reading_value IS NOT NULL) r
    JOIN sensors s ON r.sensor_id = s.sensor_id
    AND r.reading_timestamp < s.effective_to AND (s.version = 1 OR r.reading_timestamp >= s.effective_from)
    WHERE s.is_active AND r.reading_timestamp >= TIMESTAMPTZ '{since}'
) TO '{to}' (COMPRESSION zstd)
"""


def duckdb_seconds(home: Path, sql: str, **tables: tuple[str, str]) -> float:
    """How long DuckDB takes for a statement over tables of the lake, given as name=(layer, table)."""
    return duckdb_seconds_of(sql, **{name: table(home, layer, of) for name, (layer, of) in tables.items()})


def duckdb_seconds_of(sql: str, **tables: str) -> float:
    """The same over Delta tables by their places."""
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        for name, place in tables.items():
            db.register(name, DeltaTable(place).to_pyarrow_dataset())
        began = time.monotonic()
        db.execute(sql)
        return time.monotonic() - began


def readings_judged(home: Path, since: datetime = EVER) -> float:
    """How long DuckDB takes to judge the readings of a lake by the limits of their sensors."""
    sql = JUDGE_IN_DUCKDB.format(since=since, to=home / "judged.parquet")
    return duckdb_seconds(home, sql, readings=("bronze", "sensor_readings"), sensors=("silver", "sensors"))


def thrown_away(home: Path, tables: Sequence[str], since: datetime = EVER) -> float:
    """How long Spark takes to judge the rows of silver tables when nothing is written."""
    from pyspark.sql import functions as F

    from headrace.contracts.rules import with_reasons
    from headrace.lake.session import get_spark
    from headrace.refine.catalog import load_tables
    from headrace.settings import get_settings

    spark = get_spark(get_settings().model_copy(update={"home": home}))
    catalog, seconds = load_tables(DOMAIN), 0.0
    for name in tables:
        node = catalog.node(name, "silver")
        contract = catalog.source_of(node)
        frames = {
            argument: spark.read.format("delta").load(table(home, ref.layer, ref.name))
            for argument, ref in node.upstream.items()
        }
        source = node.arguments[0]
        rows = frames[source]
        if contract.event_time:
            rows = rows.where(F.col(contract.event_time) >= F.lit(since))
        began = time.monotonic()
        judged = node.call(frames | {source: with_reasons(rows, contract), "as_of": datetime.now()})
        judged.write.format("noop").mode("overwrite").save()
        seconds += time.monotonic() - began
    return seconds
