"""Sensors and their limits, a version for each change: a reading is judged by the limits of its time."""

from itertools import pairwise

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import History, Table, only_current, rejected_when, with_parent

TABLE = Table(key="sensor_id", write=History(), description="Sensors of each unit, with their history.")

RISING = ("min_value", "critical_low", "warning_low", "warning_high", "critical_high", "max_value")


def sensors(bronze_sensors: DataFrame, processing_units: DataFrame) -> DataFrame:
    units = processing_units.transform(only_current)
    out_of_order = F.lit(False)
    for lower, upper in pairwise(RISING):
        out_of_order = out_of_order | (F.col(lower) > F.col(upper))
    out_of_order = out_of_order | (F.col("warning_low") == F.col("warning_high"))
    return (
        bronze_sensors.transform(
            with_parent, units, on="unit_id", take=[F.col("refinery_id").alias("_unit_refinery_id")]
        )
        .transform(
            rejected_when("refinery_id is not its unit's", F.col("refinery_id") != F.col("_unit_refinery_id"))
        )
        .transform(rejected_when("limits are out of order", out_of_order))
        .drop("_unit_refinery_id")
    )
