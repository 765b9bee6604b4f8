"""A little of all that a session is asked for: `python -m headrace.lake.class_training <folder>`.

What it computes is of no interest, only which classes Java loads for it.
"""

import sys
from pathlib import Path
from typing import Any

from delta.tables import DeltaTable
from pyspark import SparkContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from headrace.lake.session import FEW_ROWS, get_spark, session_for

FILES = ("json", "csv", "parquet")


def main(folder: Path) -> None:
    spark = get_spark()
    for rows in (FEW_ROWS, 1):
        _batch(session_for(spark, rows), folder / str(rows))
    _stream(spark, folder / "streamed")
    _end(spark)


def _batch(spark: SparkSession, folder: Path) -> None:
    rows = spark.range(2000).select(
        "id",
        (f.col("id") % 10).alias("kind"),
        (f.col("id") * 1.5).alias("value"),
        f.timestamp_micros(f.col("id") * 60_000_000).alias("at"),
        f.col("id").cast("string").alias("name"),
        f.array("id").alias("many"),
    )
    table = str(folder / "table")
    rows.withColumn("day", f.to_date("at")).write.format("delta").partitionBy("day").save(table)
    stored = spark.read.format("delta").load(table)
    for kind in FILES:
        stored.drop("many").write.format(kind).save(str(folder / kind))
        spark.read.schema(stored.drop("many").schema).format(kind).load(str(folder / kind)).count()
    _merge(spark, table, stored)
    _ask(spark, stored)
    spark.sql(f"OPTIMIZE delta.`{table}`").collect()


def _merge(spark: SparkSession, table: str, stored: DataFrame) -> None:
    changed = stored.where("id % 3 = 0").withColumn("value", f.lit(0.0))
    merge = DeltaTable.forPath(spark, table).alias("t").merge(changed.alias("s"), "t.id = s.id")
    merge.whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()
    DeltaTable.forPath(spark, table).delete("id = 7")


def _ask(spark: SparkSession, stored: DataFrame) -> None:
    stored.createOrReplaceTempView("stored")
    spark.sql(
        """
        WITH latest AS (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY at DESC) AS place FROM stored)
        SELECT s.kind, count(*) AS rows, avg(s.value) AS mean, max(latest.at) AS newest,
               count(DISTINCT s.name) AS names, date_trunc('hour', min(s.at)) AS hour
        FROM stored s LEFT JOIN latest ON s.kind = latest.kind AND latest.place = 1
        WHERE s.name RLIKE '^[0-9]+$' GROUP BY s.kind ORDER BY rows DESC
        """
    ).toPandas()


def _stream(spark: SparkSession, folder: Path) -> None:
    source = str(folder / "landed")
    spark.range(10).selectExpr("id", "string(id) AS name").write.json(source)

    def take(batch: DataFrame, _: int) -> None:
        batch.write.format("delta").mode("append").save(str(folder / "taken"))

    stream = spark.readStream.schema("id BIGINT, name STRING").json(source).writeStream.foreachBatch(take)
    stream.option("checkpointLocation", str(folder / "marks")).trigger(
        availableNow=True
    ).start().awaitTermination()


def _end(spark: SparkSession) -> None:
    """Java writes the archive when it ends, and is waited for."""
    gateway: Any = SparkContext._gateway
    spark.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
