"""Hours in which a unit stood or was being brought back, as its own production tells.

A standing unit has no flow, no pressure and no vibration, and is hot again only half a day after it was restarted. Low
limits that its sensors pass then are no anomalies, and neither is the way back. An hour whose row of production was set
aside counts by the hours around it.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Replace, Table

TABLE = Table(
    key=("unit_id", "production_hour"),
    event_time="production_hour",
    partition="production_date",
    write=Replace(follows={"production_output": "production_date"}, looks_back={"production_output": 1}),
    description="Hours in which a unit stood, or was being brought back.",
    may_be_empty=True,
)

HEATING_HOURS = 12


def unit_stands(production_output: DataFrame) -> DataFrame:
    stood = (F.col("downtime_minutes") > 0) | (F.col("input_volume_barrels") == 0)
    hour = F.timestamp_seconds(
        F.unix_seconds("production_hour") + 3600 * F.col("hours_since_stand").cast("long")
    )
    told = F.struct("downtime_cause", "downtime_minutes")
    return (
        production_output.where(stood)
        .select(
            *("unit_id", "refinery_id", "production_hour", "downtime_minutes", "downtime_cause"),
            F.explode(F.sequence(F.lit(0), F.lit(HEATING_HOURS))).alias("hours_since_stand"),
        )
        .withColumn("production_hour", hour)
        .groupBy("unit_id", "refinery_id", "production_hour")
        .agg(
            F.min("hours_since_stand").alias("hours_since_stand"),
            F.min_by(told, "hours_since_stand").alias("_told"),
        )
        .select(
            *("unit_id", "refinery_id", "production_hour"),
            F.to_date("production_hour").alias("production_date"),
            F.when(F.col("hours_since_stand") == 0, "STANDS").otherwise("HEATS UP").alias("state"),
            "hours_since_stand",
            F.col("_told.downtime_cause").alias("downtime_cause"),
            F.when(F.col("hours_since_stand") == 0, F.col("_told.downtime_minutes"))
            .otherwise(0)
            .alias("downtime_minutes"),
        )
    )
