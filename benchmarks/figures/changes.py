"""A million changes of a database's log applied to five million rows, out of order, with deletes and replays; beside it
DuckDB with delta-rs, which is what duckrun is made of.
"""

import shutil
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from deltalake import DeltaTable

from benchmarks.bronze import append
from benchmarks.report import Row, spread

if TYPE_CHECKING:
    from pyspark.sql import Column, SparkSession

    from headrace.settings import Settings

DOMAIN, TABLE, KEY = "grid", "billing_transactions", "transaction_id"
ROWS, CHANGES = 5_000_000, 1_000_000
AT_MOST = 40
PARENTS = ("transformer_master", "customer_master")
CUSTOMERS = 1000
LAST_OF_EACH = """
SELECT * FROM read_parquet('{news}/*.parquet') WHERE operation <> 3
QUALIFY row_number() OVER (PARTITION BY transaction_id ORDER BY start_lsn DESC, seqval DESC) = 1
"""


def measure(home: Path, runs: int) -> list[Row]:
    from headrace.lake.session import get_spark
    from headrace.refine.run import refine
    from headrace.settings import get_settings

    here, prepared = home.absolute() / "changes", home.absolute() / "changes-prepared"
    settings = get_settings().model_copy(update={"home": here})
    spark = get_spark(get_settings().model_copy(update={"home": home.absolute()}))
    _prepare(spark, prepared, settings.model_copy(update={"home": prepared}))
    taken, theirs = [], []
    for _ in range(runs):
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(prepared, here)
        began = time.monotonic()
        (result,) = refine(DOMAIN, layers=["silver"], tables=[TABLE], settings=settings).tables
        taken.append(time.monotonic() - began)
        assert result.rows_in == CHANGES, result
        theirs.append(_by_delta_rs(spark, prepared, here))
    rates = [CHANGES / seconds for seconds in taken]
    shutil.rmtree(here)
    shutil.rmtree(prepared)
    return [
        Row(
            f"{CHANGES:,} changes of a log applied to {ROWS:,} rows, out of order, with deletes and replays",
            f"{AT_MOST} s at most",
            f"{spread(taken, 's')}, {spread(rates, 'changes/s')}",
            max(taken) <= AT_MOST,
            duckdb=f"DuckDB and delta-rs, as duckrun joins them: {spread(theirs, 's')}",
        )
    ]


def _prepare(spark: "SparkSession", home: Path, settings: "Settings") -> None:
    """The rows in silver, and a log in bronze: of each four changes the two images of an update, an insert and a
    delete; two of them for each key that is known, and one in fifty told again."""
    from pyspark.sql import functions as F

    from headrace.contracts.load import load_contracts
    from headrace.refine.run import refine
    from headrace.sources.bronze_table import ready_bronze

    shutil.rmtree(home, ignore_errors=True)
    contracts, number = load_contracts(DOMAIN), F.col("id")
    for name in (*PARENTS, TABLE):
        ready_bronze(lambda: spark, contracts[name], _table(home, "bronze", name))
    transformer, customer = (F.format_string(f"{kind}-%05d", number % CUSTOMERS) for kind in ("TRF", "CUST"))
    parents = {"transformer_id": transformer, "customer_id": customer}
    for name in PARENTS:
        append(
            spark.range(CUSTOMERS),
            _table(home, "bronze", name),
            contracts[name],
            parents,
            datetime(2025, 1, 1),
        )
    bronze, feed = _table(home, "bronze", TABLE), contracts[TABLE]
    inserts = parents | _placed(number, F.lit(2), number)
    append(spark.range(ROWS), bronze, feed, inserts, datetime(2025, 1, 1))
    refine(DOMAIN, layers=["silver"], tables=[*PARENTS, TABLE], settings=settings)
    told = number - F.when(number % 50 == 49, 4).otherwise(0)
    kind = told % 4
    operation = F.when(kind == 0, 3).when(kind == 1, 4).when(kind == 2, 2).otherwise(1)
    pair = told - F.when(kind == 1, 1).otherwise(0)
    key = F.when(kind == 2, ROWS + told).otherwise((pair * 7919) % (CHANGES // 4))
    out_of_order = spark.range(CHANGES).orderBy(F.xxhash64("id"))
    append(out_of_order, bronze, feed, parents | _placed(key, operation, ROWS + told), datetime(2025, 2, 1))


def _placed(key: "Column", operation: "Column", place: "Column") -> dict[str, "Column"]:
    """A change of a key, with its place in the log."""
    from pyspark.sql import functions as F

    return {
        KEY: F.format_string("TXN-%09d", key),
        "operation": operation,
        "start_lsn": F.format_string("0x%020X", place),
        "seqval": F.format_string("0x%020X", F.lit(1)),
    }


def _by_delta_rs(spark: "SparkSession", prepared: Path, here: Path) -> float:
    """DuckDB finds the last change of each key, delta-rs merges them: how duckrun does it, whose own package needs an
    extension of DuckDB that no registry has."""
    from pyspark.sql import functions as F

    bills, news = here / "bills", here / "news"
    rows = spark.read.format("delta").load(_table(prepared, "silver", TABLE)).drop("_order")
    rows.write.format("delta").save(str(bills))
    feed = spark.read.format("delta").load(_table(prepared, "bronze", TABLE)).where("_sent_at > '2025-01-15'")
    columns = [
        (F.col(field.name) if field.name in feed.columns else F.lit(None))
        .cast(field.dataType)
        .alias(field.name)
        for field in rows.schema
    ]
    feed.select(*columns).write.parquet(str(news))
    began = time.monotonic()
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        last = db.sql(LAST_OF_EACH.format(news=news)).to_arrow_table()
    merge = DeltaTable(str(bills)).merge(
        last, f"target.{KEY} = source.{KEY}", source_alias="source", target_alias="target"
    )
    merge.when_matched_delete("source.operation = 1").when_matched_update_all().when_not_matched_insert_all(
        "source.operation <> 1"
    ).execute()
    return time.monotonic() - began


def _table(home: Path, layer: str, name: str) -> str:
    return str(home / "lake" / DOMAIN / layer / name)
