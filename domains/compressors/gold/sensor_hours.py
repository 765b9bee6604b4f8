"""Each machine's hour: the mean and the highest value of each signal, how long it ran, and the worst status."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.compressors.signals import LIMITED, SIGNALS, rank_of, status_at
from headrace.tables import Replace, Table, count_of

TABLE = Table(
    key=("compressor_id", "hour_start"),
    partition="reading_date",
    cluster=("compressor_id", "hour_start"),
    write=Replace(follows={"sensor_features": "reading_date"}),
    description="Hours of each machine: mean and highest value of each signal, readings, minutes run, worst status.",
)

MINUTES = 10


def sensor_hours(sensor_features: DataFrame) -> DataFrame:
    worst = F.greatest(*(F.max(rank_of(F.col(f"{name}_status"))) for name in LIMITED))
    return sensor_features.groupBy(
        "compressor_id", "reading_date", F.date_trunc("hour", "timestamp").alias("hour_start")
    ).agg(
        F.count("*").alias("readings"),
        (MINUTES * count_of(F.col("is_running"))).alias("minutes_run"),
        *(F.avg(signal).alias(f"mean_{signal}") for signal in SIGNALS.values()),
        *(F.max(signal).alias(f"max_{signal}") for signal in SIGNALS.values()),
        F.avg("pressure_differential").alias("mean_pressure_differential"),
        sum((count_of(F.col(f"{name}_is_spike")) for name in SIGNALS), F.lit(0)).alias("spikes"),
        status_at(worst).alias("status"),
    )
