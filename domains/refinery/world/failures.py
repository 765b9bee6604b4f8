"""When units fail: in closed form, so that any hour knows its failure without looking anything up.

Each unit has its own span between failures; the j-th falls into the first six tenths of the j-th span, so two
are never closer than four tenths of it. Hours are counted from the anchor.
"""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from simulation.random_draws import ANCHOR_SECONDS, World

HOUR = 3600
SPAN_DAYS = (120, 250)
RUN_UP_DAYS = (3, 10)
DOWN_HOURS = (8, 48)
SPREAD = 0.6


@dataclass(frozen=True)
class Failure:
    """Hours since the anchor: the unit degrades from `run_up_from`, stands from `failed` up to `repaired`."""

    number: Column
    run_up_from: Column
    failed: Column
    repaired: Column


def hours_since_anchor(at: Column) -> Column:
    return F.floor((at.cast("long") - F.lit(ANCHOR_SECONDS)) / HOUR)


def instant_of(hour: Column) -> Column:
    return F.timestamp_seconds(hour.cast("long") * HOUR + F.lit(ANCHOR_SECONDS))


def failure(world: World, unit: Column, number: Column) -> Failure:
    """The unit's failure of this number; both are longs."""
    span, phase = _rhythm(world, unit)
    late = world.uniform("failure moment", unit, number, high=SPREAD)
    failed = F.floor((number.cast("double") - phase + late) * span).cast("long")
    run_up = world.integer("failure run-up", unit, number, low=RUN_UP_DAYS[0] * 24, high=RUN_UP_DAYS[1] * 24)
    down = world.integer("failure down", unit, number, low=DOWN_HOURS[0], high=DOWN_HOURS[1])
    return Failure(number, failed - run_up, failed, failed + down)


def numbers(world: World, unit: Column, from_hour: Column, to_hour: Column) -> Column:
    """The numbers of all failures that may touch these hours."""
    span, phase = _rhythm(world, unit)
    first = F.floor(from_hour / span + phase).cast("long") - 1
    last = F.floor(to_hour / span + phase).cast("long") + 1
    return F.sequence(first, last)


def with_failures(rows: DataFrame, world: World, unit: Column, hour: Column) -> DataFrame:
    """Adds, in hours: `_run_up_from`, `_failed`, `_repaired` of the failure that is on or next,
    and `_last_repaired` of the one before."""
    span, phase = _rhythm(world, unit)
    slot = F.floor(hour / span + phase).cast("long")
    placed = rows.withColumns(
        {"_failure_unit": unit, "_failure_hour": hour.cast("long"), "_failure_slot": slot}
    )
    unit, hour, slot = F.col("_failure_unit"), F.col("_failure_hour"), F.col("_failure_slot")
    here = failure(world, unit, slot).repaired
    placed = placed.withColumn("_failure_number", F.when(hour < here, slot).otherwise(slot + 1))
    number = F.col("_failure_number")
    on, before = failure(world, unit, number), failure(world, unit, number - 1)
    return placed.withColumns(
        {
            "_run_up_from": on.run_up_from,
            "_failed": on.failed,
            "_repaired": on.repaired,
            "_last_repaired": before.repaired,
        }
    ).drop("_failure_unit", "_failure_hour", "_failure_slot", "_failure_number")


def _rhythm(world: World, unit: Column) -> tuple[Column, Column]:
    """Hours from failure to failure, and how much of the first span was over at the anchor."""
    low, high = (days * 24 for days in SPAN_DAYS)
    return world.uniform("failure span", unit, low=low, high=high), world.uniform("failure phase", unit)
