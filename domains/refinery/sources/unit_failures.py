"""Failures of units with their run-up: never landed, but felt by readings, output and maintenance dates."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.world.failures import failure, instant_of, numbers
from simulation.random_draws import ANCHOR_SECONDS, World, seconds

HIDDEN = True
PLANTED = {
    "table": "processing_units",
    "kind": "failure",
    "key": "unit_id",
    "from_at": "run_up_from",
    "to_at": "back_at",
    "happens_at": "failed_at",
}
HOUR = 3600
AROUND_HOURS = 24  # what happens at the edge of the span leans on failures just outside of it


def unit_failures(processing_units: DataFrame, world: World) -> DataFrame:
    """unit_id, run_up_from, failed_at, back_at of each failure felt within a day of the span, severity 0.6 to 1."""
    first, last = ((seconds(at) - ANCHOR_SECONDS) // HOUR for at in (world.start, world.end))
    start, end = F.lit(first - AROUND_HOURS), F.lit(last + AROUND_HOURS)
    unit = F.col("_index").cast("long")
    each = processing_units.select(
        "unit_id", unit.alias("_unit"), F.explode(numbers(world, unit, start, end)).alias("_number")
    )
    hours = failure(world, F.col("_unit"), F.col("_number"))
    timed = each.select(
        "unit_id",
        at(hours.run_up_from, "run_up_from"),
        at(hours.failed, "failed_at"),
        at(hours.repaired, "back_at"),
        world.uniform("failure severity", "_unit", "_number", low=0.6, high=1.0).alias("severity"),
    )
    return timed.where((F.col("back_at") > instant_of(start)) & (F.col("run_up_from") < instant_of(end)))


def at(hour: Column, name: str) -> Column:
    return instant_of(hour).alias(name)
