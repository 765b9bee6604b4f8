"""Each machine's hour: what its instruments said on average and at most, how whole it is, and the worst status in
it."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.compressors.gold.sensor_features import SIGNALS
from domains.compressors.thresholds import rank_of, status_at
from headrace.tables import Replace, Table, count_of

TABLE = Table(
    key=("compressor_id", "hour_start"),
    partition="reading_date",
    cluster=("compressor_id", "hour_start"),
    write=Replace(follows={"sensor_features": "reading_date"}),
    description="Hours of each machine: mean and highest value of each signal, readings, minutes run, worst status.",
)

STATUSES = ("vibration_status", "temp_status", "pressure_status")
MINUTES = 10


def sensor_hours(sensor_features: DataFrame) -> DataFrame:
    worst = F.greatest(*(F.coalesce(F.max(rank_of(F.col(name))), F.lit(-1)) for name in STATUSES))
    return (
        sensor_features.groupBy(
            "compressor_id", "reading_date", F.date_trunc("hour", "timestamp").alias("hour_start")
        )
        .agg(
            F.count("*").alias("readings"),
            (MINUTES * count_of(F.col("is_running"))).alias("minutes_run"),
            *(F.avg(signal).alias(f"mean_{signal}") for signal in SIGNALS.values()),
            *(F.max(signal).alias(f"max_{signal}") for signal in SIGNALS.values()),
            F.avg("pressure_differential").alias("mean_pressure_differential"),
            sum((count_of(F.col(f"{name}_is_spike")) for name in SIGNALS), F.lit(0)).alias("spikes"),
            worst.alias("_worst"),
        )
        .withColumn("status", status_at(F.nullif("_worst", F.lit(-1))))
        .drop("_worst")
    )
