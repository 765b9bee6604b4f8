"""Times in which a signal of a machine is beyond a limit, from the first reading that is to the last one.

Readings that are beyond it belong together where no more than half an hour lies between. The severity is the worst that
was reached. A spike raises nothing: it has no status.
"""

from functools import reduce

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from domains.compressors.signals import LIMITED, WARNING_AND_CRITICAL, rank_of, status_at
from headrace.tables import Table, Whole

TABLE = Table(
    key=("compressor_id", "signal", "started_at"),
    write=Whole(),
    may_be_empty=True,
    description="Times in which vibration, temperature or pressure of a machine was beyond its limits.",
)

TOGETHER_SECONDS = 1800
CONFIRMED_BY = 3  # readings


def threshold_alerts(sensor_features: DataFrame) -> DataFrame:
    newest = sensor_features.agg(F.max("timestamp").alias("_newest"))
    beyond = reduce(
        DataFrame.unionByName,
        (
            sensor_features.where(F.col(f"{name}_status") != "normal").select(
                "compressor_id",
                "timestamp",
                F.lit(signal).alias("signal"),
                F.col(signal).alias("_value"),
                rank_of(F.col(f"{name}_status")).alias("_rank"),
                F.lit(WARNING_AND_CRITICAL[signal][0]).alias("limit"),
            )
            for name, signal in LIMITED.items()
        ),
    )
    in_order = Window.partitionBy("compressor_id", "signal").orderBy("timestamp")
    apart = F.unix_seconds("timestamp") - F.unix_seconds(F.lag("timestamp").over(in_order))
    begins = F.coalesce(apart > TOGETHER_SECONDS, F.lit(True)).cast("int")
    return (
        beyond.withColumn("_begins", begins)
        .withColumn("_number", F.sum("_begins").over(in_order))
        .groupBy("compressor_id", "signal", "_number")
        .agg(
            F.min("timestamp").alias("started_at"),
            F.max("timestamp").alias("last_at"),
            F.count("*").alias("readings"),
            F.try_element_at(F.array_sort(F.collect_list("timestamp")), F.lit(CONFIRMED_BY)).alias(
                "confirmed_at"
            ),
            F.max("_value").alias("highest"),
            F.first("limit").alias("limit"),
            status_at(F.max("_rank")).alias("severity"),
        )
        .crossJoin(F.broadcast(newest))
        .withColumn("is_on", F.unix_seconds("_newest") - F.unix_seconds("last_at") <= TOGETHER_SECONDS)
        .drop("_number", "_newest")
    )
