"""A driver whose Spark appends batches to one bronze table in S3, each as slowly as the test wants: its rows are made
only once a file says so. `python -m tests.cloud.spark_driver <folder> <batches>`."""

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

import domains
from headrace.contracts.load import load_contracts
from headrace.errors import Busy, cause_to_act_on
from headrace.lake import lease
from headrace.lake.lease import RunContext, leased
from headrace.lake.paths import Paths
from headrace.lake.session import get_spark
from headrace.settings import Settings
from headrace.sources.bronze_table import Batch, BronzeTable

APP = "pumps.bronze.strokes:files"
TABLE = "s3a://test-lake/pumps/bronze/strokes"
LEASE = "s3a://test-lake/_leases/pumps/bronze/strokes"
SECONDS = 3


def main(folder: Path, batches: list[int]) -> None:
    domains.__path__.append(str(Path(__file__).parents[1] / "toy"))
    lease.MACHINE = "elsewhere"  # as if on a machine of its own, whose processes nobody else can look for
    settings = Settings(lake_url="s3://test-lake", home=folder, memory="1g")
    spark = get_spark(settings)
    for number in batches:
        with leased([LEASE], job="refine", seconds=SECONDS) as held:
            append(spark, folder, number, RunContext(Paths.of("pumps", settings), settings, held, "paused"))


def append(spark: SparkSession, folder: Path, number: int, context: RunContext) -> None:
    strokes = BronzeTable(load_contracts("pumps")["strokes"], context, "files")
    try:
        entry = strokes.append(Batch(number, slowly(spark, folder, number), {}))
        say(f"wrote {number}: {entry.rows_in} rows")
        context.leases.check()
    except Busy as busy:
        say(f"stopped {number}: {busy}")
    except Exception as error:
        say(f"refused {number}: {cause_to_act_on(error)}")


def slowly(spark: SparkSession, folder: Path, number: int) -> DataFrame:
    def made(rows: Iterable[Any]) -> Iterator[Any]:
        (folder / f"writes-{number}").touch()
        while not (folder / f"go-{number}").exists():
            time.sleep(0.05)
        yield from rows

    rows = spark.createDataFrame([(f"paused-{number}",)], "stroke_id string").coalesce(1)
    return rows.mapInPandas(made, "stroke_id string")


def say(what: str) -> None:
    print(what, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(each) for each in sys.argv[2:]])
