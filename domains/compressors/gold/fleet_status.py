"""Each machine as it was last heard: what it says, its worst status, and the alerts that are on."""

from datetime import datetime

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from domains.compressors.signals import LIMITED, SIGNALS, rank_of, status_at
from headrace.tables import Table, Whole, count_of, instant, only_current

TABLE = Table(
    key="compressor_id",
    write=Whole(),
    description="The last reading of each machine, its worst status, and how many alerts are on.",
)

LOOKED_AT_DAYS = 3
LATE_MINUTES = 15


def fleet_status(
    sensor_features: DataFrame, alert_history: DataFrame, compressor_metadata: DataFrame, as_of: datetime
) -> DataFrame:
    newest = Window.partitionBy("compressor_id").orderBy(F.desc("timestamp"))
    rank = F.greatest(*(rank_of(F.col(f"{name}_status")) for name in LIMITED))
    last = (
        sensor_features.where(F.col("reading_date") > F.date_sub(F.lit(as_of.date()), LOOKED_AT_DAYS))
        .select(
            *("compressor_id", F.col("timestamp").alias("last_heard_at"), "is_running", *SIGNALS.values()),
            *("vibration_24hr_mean", "temp_24hr_mean"),
            rank.alias("_reading"),
            F.row_number().over(newest).alias("_place"),
        )
        .where("_place = 1")
        .drop("_place")
    )
    on = (
        alert_history.where("is_on AND kind = 'limit'")
        .groupBy("compressor_id")
        .agg(
            count_of(F.col("severity") == "critical").alias("critical_alerts"),
            count_of(F.col("severity") == "warning").alias("warning_alerts"),
            F.max(rank_of(F.col("severity"))).alias("_alerts"),
        )
    )
    machines = compressor_metadata.transform(only_current).select(
        *("compressor_id", "station_id", "station_name", "manufacturer", "model", "rated_horsepower"),
        *("latitude", "longitude"),
    )
    status = status_at(F.coalesce(F.greatest("_reading", "_alerts"), F.lit(0)))
    silent = F.unix_seconds(instant(as_of)) - F.unix_seconds("last_heard_at")
    return (
        machines.join(last, on="compressor_id", how="left")
        .join(on, on="compressor_id", how="left")
        .withColumns(
            {
                "status": F.when(F.col("last_heard_at").isNull(), "unknown").otherwise(status),
                "critical_alerts": F.coalesce("critical_alerts", F.lit(0)),
                "warning_alerts": F.coalesce("warning_alerts", F.lit(0)),
                "is_silent": F.coalesce(silent > 60 * LATE_MINUTES, F.lit(True)),
            }
        )
        .drop("_alerts", "_reading")
    )
