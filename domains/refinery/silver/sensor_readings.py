"""Sensor readings, judged by the limits that held for their sensor at the time.

Beyond the sensor's range a reading is flagged and kept; beyond physics, or from a sensor that is switched
off, it is rejected. The source sends its own quality code, which says nothing about the value's plausibility.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from headrace.tables import IS_IMPOSSIBLE_FOR_UNIT, Append, Table, rejected_when, with_version_at

TABLE = Table(
    key="reading_id",
    event_time="reading_timestamp",
    partition="reading_date",
    cluster=("sensor_id", "reading_timestamp"),
    write=Append(),
    description="Readings that passed, with their sensor's limits and alert status.",
)

LOWEST_POSSIBLE = {"Fahrenheit": -459.67, "Celsius": -273.15, "pH": -2.0, "API": -20.0}  # all others: 0
SPANS_BEYOND = 10  # no instrument shows more than its maximum and ten times its span


def sensor_readings(bronze_sensor_readings: DataFrame, sensors: DataFrame) -> DataFrame:
    value = F.col("reading_value")
    moved = (F.col("unit_id") != F.col("_sensor_unit")) | (F.col("refinery_id") != F.col("_sensor_refinery"))
    impossible = (value < F.col("_lowest")) | (value > F.col("_highest"))
    judged = (
        bronze_sensor_readings.transform(
            with_version_at, sensors, on="sensor_id", at="reading_timestamp", take=sensor_columns()
        )
        .transform(rejected_when("sensor is not active", ~F.col("_sensor_is_active")))
        .transform(rejected_when("unit_id or refinery_id is not the sensor's", moved))
        .transform(rejected_when(f"reading_value {IS_IMPOSSIBLE_FOR_UNIT}", impossible))
    )
    helpers = [name for name in judged.columns if name.startswith(("_sensor_", "_lowest", "_highest"))]
    return judged.select(
        "*",
        alert_status().alias("alert_status"),
        ((value < F.col("_sensor_min")) | (value > F.col("_sensor_max"))).alias("is_out_of_range"),
        F.to_date("reading_timestamp").alias("reading_date"),
    ).drop(*helpers)


def sensor_columns() -> list[str | Column]:
    lowest = F.lit(0.0)
    for unit, limit in LOWEST_POSSIBLE.items():
        lowest = F.when(F.col("measurement_unit") == unit, F.lit(limit)).otherwise(lowest)
    span = F.col("max_value") - F.col("min_value")
    return [
        *("sensor_type", "measurement_unit", "warning_low", "warning_high", "critical_low", "critical_high"),
        F.col("min_value").alias("_sensor_min"),
        F.col("max_value").alias("_sensor_max"),
        F.col("unit_id").alias("_sensor_unit"),
        F.col("refinery_id").alias("_sensor_refinery"),
        F.col("is_active").alias("_sensor_is_active"),
        lowest.alias("_lowest"),
        (F.col("max_value") + SPANS_BEYOND * span).alias("_highest"),
    ]


def alert_status() -> Column:
    value = F.col("reading_value")
    is_critical = (value < F.col("critical_low")) | (value > F.col("critical_high"))
    is_warning = (value < F.col("warning_low")) | (value > F.col("warning_high"))
    return F.when(is_critical, "CRITICAL").when(is_warning, "WARNING").otherwise("NORMAL")
