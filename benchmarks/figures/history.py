"""A million changes merged into ten million versions, late and repeated ones among them; beside it the merge that
everybody writes, which knows of neither.
"""

import shutil
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.bronze import append
from benchmarks.elsewhere import duckdb_seconds_of
from benchmarks.report import Row, spread

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from headrace.settings import Settings

DOMAIN, TABLE, KEY = "grid", "transformer_master", "transformer_id"
KEYS, CHANGES = 5_000_000, 1_000_000
LATE, REPEATED = 10, 20
"""One change in ten holds from before the newest version of its key, one in twenty came before."""
AT_MOST = 60
FIRST, SECOND, BETWEEN, NEW = "2025-01-01", "2025-03-01", "2025-02-01", "2025-04-01"
VERSIONS_IN_DUCKDB = """
COPY (
    SELECT *, lead(record_effective_date, 1, DATE '9999-12-31') OVER of_key AS ends,
           row_number() OVER of_key AS version
    FROM (
        SELECT * EXCLUDE (record_end_date, is_current, scd_version), lag(state) OVER of_key AS before
        FROM (
            SELECT *, (health_index_score, status, last_maintenance_date) AS state FROM seen
            QUALIFY row_number() OVER (
                PARTITION BY transformer_id, record_effective_date ORDER BY _ingested_at DESC
            ) = 1
        ) WINDOW of_key AS (PARTITION BY transformer_id ORDER BY record_effective_date)
    ) WHERE before IS DISTINCT FROM state
    WINDOW of_key AS (PARTITION BY transformer_id ORDER BY record_effective_date)
) TO '{to}' (COMPRESSION zstd)
"""


def measure(home: Path, runs: int) -> list[Row]:
    from headrace.lake.log import row_count
    from headrace.lake.session import get_spark
    from headrace.refine.run import refine
    from headrace.settings import get_settings

    here, prepared = home.absolute() / "history", home.absolute() / "history-prepared"
    settings = get_settings().model_copy(update={"home": here})
    spark = get_spark(get_settings().model_copy(update={"home": home.absolute()}))
    _prepare(spark, prepared, settings.model_copy(update={"home": prepared}))
    taken, naive = [], []
    for _ in range(runs):
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(prepared, here)
        began = time.monotonic()
        (result,) = refine(DOMAIN, layers=["silver"], tables=[TABLE], settings=settings).tables
        taken.append(time.monotonic() - began)
        assert result.rows_in == CHANGES, result
        assert row_count(_table(here, "silver")) == 2 * KEYS + CHANGES - CHANGES // REPEATED, result.counts
        naive.append(_naively(spark, prepared, here / "naive"))
    all_at_once = duckdb_seconds_of(
        VERSIONS_IN_DUCKDB.format(to=here / "versions.parquet"), seen=_table(prepared, "bronze")
    )
    shutil.rmtree(here)
    shutil.rmtree(prepared)
    return [
        Row(
            f"{CHANGES:,} changes merged into {2 * KEYS:,} versions of {KEYS:,} keys; 1 in {LATE} late, 1 in "
            f"{REPEATED} repeated",
            f"{AT_MOST} s at most",
            spread(taken, "s"),
            max(taken) <= AT_MOST,
            noop=f"Delta's usual merge, no change late or repeated: {spread(naive, 's')}",
            duckdb=f"all versions made anew from bronze {all_at_once:.0f} s",
        )
    ]


def _prepare(spark: "SparkSession", home: Path, settings: "Settings") -> None:
    """Two versions of each key in silver, and the changes in bronze."""
    from pyspark.sql import functions as F

    from headrace.contracts.load import load_contracts
    from headrace.refine.run import refine
    from headrace.sources.bronze_table import ready_bronze

    shutil.rmtree(home, ignore_errors=True)
    contract, bronze = load_contracts(DOMAIN)[TABLE], _table(home, "bronze")
    ready_bronze(lambda: spark, contract, bronze)
    key, which = F.format_string("TRF-%08d", F.col("id")), F.col("id")
    for month, (day, score) in enumerate(((FIRST, 9.0), (SECOND, 8.0)), start=1):
        given = {KEY: key, "record_effective_date": F.lit(day), "health_index_score": F.lit(score)}
        append(spark.range(KEYS), bronze, contract, given, datetime(2025, month, 1))
    refine(DOMAIN, layers=["silver"], tables=[TABLE], settings=settings)
    is_repeated, is_late = which % REPEATED == 1, which % LATE == 2
    since = F.when(is_repeated, SECOND).when(is_late, BETWEEN).otherwise(NEW)
    given = {
        KEY: F.format_string("TRF-%08d", (which * 7919) % KEYS),
        "record_effective_date": since,
        "health_index_score": F.when(is_repeated, 8.0).when(is_late, 8.5).otherwise(7.0),
    }
    append(spark.range(CHANGES), bronze, contract, given, datetime(2025, 4, 1))


def _naively(spark: "SparkSession", prepared: Path, copy: Path) -> float:
    """The merge of Delta's own documentation: the current version of a key ends, and a new one is inserted."""
    from delta.tables import DeltaTable
    from pyspark.sql import functions as F

    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(_table(prepared, "silver"), copy)
    began = time.monotonic()
    bronze: DataFrame = spark.read.format("delta").load(_table(prepared, "bronze"))
    target = DeltaTable.forPath(spark, str(copy))
    columns = target.toDF().columns
    news = bronze.where(F.col("_sent_at") == "2025-04-01").withColumn(
        "record_effective_date", F.lit(NEW).cast("date")
    )
    staged = news.withColumn("_merged_by", F.lit(None).cast("string")).unionByName(
        news.withColumn("_merged_by", F.col(KEY))
    )
    values = {name: F.col(f"s.{name}") for name in columns if name in bronze.columns}
    values |= {"record_end_date": F.lit("9999-12-31").cast("date"), "is_current": F.lit(True)}
    (
        target.alias("t")
        .merge(staged.alias("s"), f"t.{KEY} = s._merged_by AND t.is_current")
        .whenMatchedUpdate(
            set={"is_current": F.lit(False), "record_end_date": F.col("s.record_effective_date")}
        )
        .whenNotMatchedInsert("s._merged_by IS NULL", values)
        .execute()
    )
    return time.monotonic() - began


def _table(home: Path, layer: str) -> str:
    return str(home / "lake" / DOMAIN / layer / TABLE)
