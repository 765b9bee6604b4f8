"""Each sensor's day: what it read, how it was judged, and whether it stuck, fell silent or jumped.

All that is asked of readings later (health of units, trust in sensors, suspect readings) is asked of these
days, so the readings themselves are read once. What begins with `running` leaves out the hours in which the unit
stood or was being brought back (`unit_stands`), and so do excursions.
"""

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from domains.refinery.instruments import DAY, days_of
from headrace.tables import Replace, Table, only_current

TABLE = Table(
    key=("sensor_id", "reading_date"),
    partition="reading_date",
    cluster=("sensor_id",),
    write=Replace(follows={"sensor_readings": "reading_date", "unit_stands": "production_date"}),
    description="Counts, levels, stuck runs, gaps and suspect readings of each sensor and day.",
)

BUCKETS = 16  # of sensors: a bucket's day must fit into a Python worker's memory at full scale


def sensor_days(sensor_readings: DataFrame, sensors: DataFrame, unit_stands: DataFrame) -> DataFrame:
    days = (
        sensor_readings.transform(with_standing, unit_stands)
        .select(
            *("reading_date", "sensor_id", "reading_id", "reading_timestamp", "reading_value"),
            (F.col("alert_status") == "CRITICAL").alias("is_critical"),
            (F.col("alert_status") == "WARNING").alias("is_warning"),
            F.coalesce(F.col("reading_value") > F.col("warning_high"), F.lit(False)).alias("is_high"),
            "is_out_of_range",
            F.coalesce(F.col("reading_quality") == "UNCERTAIN", F.lit(False)).alias("is_uncertain"),
            F.coalesce(F.col("reading_quality") == "BAD", F.lit(False)).alias("is_bad"),
            F.coalesce("is_interpolated", F.lit(False)).alias("is_interpolated"),
            "is_standing",
            "measurement_unit",
            F.pmod(F.xxhash64("sensor_id"), F.lit(BUCKETS)).alias("_bucket"),
        )
        .groupBy("reading_date", "_bucket")
        .applyInArrow(bucket_days, from_arrow_schema(DAY))
    )
    span = F.col("max_value") - F.col("min_value")
    of_sensor = sensors.transform(only_current).select(
        *("sensor_id", "unit_id", "refinery_id", "sensor_type", "measurement_unit"),
        span.alias("value_span"),
        *LIMITS,
    )
    return (
        days.join(F.broadcast(of_sensor), on="sensor_id", how="left")
        .withColumn("_last", F.get("excursions", F.size("excursions") - 1))
        .withColumns(
            {
                "beyond_count": total_of("reading_count"),
                "beyond_critical_count": total_of("critical_count"),
                "beyond_since": F.col("_last.from_at"),
                "beyond_until": F.col("_last.to_at"),
                "beyond_value": F.col("_last.worst_value"),
                "beyond_limit_kind": kind_of_limit(),
            }
        )
        .withColumn("beyond_limit", limit_of_kind())
        .drop("_last", *LIMITS)
    )


def with_standing(readings: DataFrame, unit_stands: DataFrame) -> DataFrame:
    """The hours of a day as the bits of a number: a row for each hour would be a large table to send around."""
    hours = unit_stands.groupBy("unit_id", F.col("production_date").alias("reading_date")).agg(
        F.bit_or(F.expr("shiftleft(1, hour(production_hour))")).alias("_hours")
    )
    its_bit = F.expr("shiftright(_hours, hour(reading_timestamp)) & 1")
    return (
        readings.join(F.broadcast(hours), on=["unit_id", "reading_date"], how="left")
        .withColumn("is_standing", F.coalesce(its_bit == 1, F.lit(False)))
        .drop("_hours")
    )


LIMITS = ("warning_low", "warning_high", "critical_low", "critical_high")


def kind_of_limit() -> Column:
    """The worst limit that the last excursion passed; null where there was none."""
    severity = F.when(F.col("_last.is_critical"), "critical").when(F.col("_last").isNotNull(), "warning")
    return F.concat(severity, F.when(F.col("_last.is_high"), "_high").otherwise("_low"))


def limit_of_kind() -> Column:
    return F.coalesce(*(F.when(F.col("beyond_limit_kind") == name, F.col(name)) for name in LIMITS))


def total_of(name: str) -> Column:
    """Over the excursions of the day."""
    return F.aggregate("excursions", F.lit(0).cast("long"), lambda total, each: total + each[name])


def bucket_days(readings: pa.Table) -> pa.Table:
    return days_of(readings)
