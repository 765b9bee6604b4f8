"""Crude on its way: eleven parcels a day and refinery, numbered from the anchor.

A parcel replaces what its tank gave since the parcel before, smoothed over three days, and a slow wish to hold
more or less. So receipts match draws without a sum over all time, and any piece of history can be made alone.
"""

from datetime import timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from domains.refinery.world.failures import instant_of
from domains.refinery.world.operation import operated
from domains.refinery.world.plant import crude_tank_frame, unit_frame
from simulation.random_draws import World

PER_DAY = 11
SMOOTH_HOURS = 36
SMOOTHED = 2 * SMOOTH_HOURS + 1
LATE_DAYS = (0, 1, 2, 3, 4, 5, 6, 7)
LATE_WEIGHTS = (0.74, 0.15, 0.07, 0.014, 0.010, 0.007, 0.005, 0.004)
LATE_HOURS = 6
LATEST_HOURS = LATE_DAYS[-1] * 24 + LATE_HOURS
MEAN_LATE_DAYS = sum(days * weight for days, weight in zip(LATE_DAYS, LATE_WEIGHTS, strict=True)) + 0.1
MODES = ("Tanker", "Pipeline", "Barge", "Rail")
MODE_WEIGHTS = (0.5, 0.3, 0.15, 0.05)
TRANSIT_DAYS = {"Tanker": (10, 45), "Pipeline": (5, 12), "Barge": (5, 15), "Rail": (5, 15)}
LEAD_DAYS = (3, 10)
LONGEST_DAYS = 45 + 10


def due_hour(parcel: Column) -> Column:
    """The hour in which a parcel is to arrive."""
    return F.floor(parcel * 24 / PER_DAY).cast("long")


def parcel_before(hour: Column) -> Column:
    """The last parcel due before this hour."""
    return F.ceil(hour * PER_DAY / 24).cast("long") - 1


def arrived_hour(world: World, home: Column, parcel: Column) -> Column:
    days = world.choice("late days", home, parcel, values=LATE_DAYS, weights=LATE_WEIGHTS)
    return (
        due_hour(parcel) + days * 24 + world.integer("late hours", home, parcel, low=0, high=LATE_HOURS - 1)
    )


def mode_of(world: World, home: Column, parcel: Column) -> Column:
    return world.choice("mode", home, parcel, values=MODES, weights=MODE_WEIGHTS)


def with_course(parcels: DataFrame, world: World) -> DataFrame:
    """Adds the hours in which a parcel is scheduled, leaves, is due and arrives."""
    home, parcel = F.col("_refinery"), F.col("_parcel")
    transit = world.uniform("transit", home, parcel)
    mode = mode_of(world, home, parcel)
    days = F.lit(None).cast("double")
    for name, (low, high) in TRANSIT_DAYS.items():
        days = F.when(mode == name, low + transit * (high - low)).otherwise(days)
    lead = world.integer("lead", home, parcel, low=LEAD_DAYS[0] * 24, high=LEAD_DAYS[1] * 24)
    left = due_hour(parcel) - F.floor(days * 24).cast("long")
    return parcels.withColumns(
        {
            "_mode": mode,
            "_due": due_hour(parcel),
            "_left": left,
            "_scheduled": left - lead,
            "_arrived": arrived_hour(world, home, parcel),
        }
    )


def tank_hours(
    spans: DataFrame,
    processing_units: DataFrame,
    refineries: DataFrame,
    storage_tanks: DataFrame,
    world: World,
) -> DataFrame:
    """Each crude tank and hour: `_drawn` in it, `_gave` before it, and `_plan`, the smoothed sum of `_gave`.

    `spans` names the hours wanted of each refinery: `_refinery`, `_from`, `_to`. The first and last 36 of them
    have no plan. Sums begin at `_from`, so only their differences mean anything.
    """
    units = unit_frame(processing_units, refineries, world).where("_is_crude")
    hours = (
        spans.join(F.broadcast(units), on="_refinery", how="inner")
        .repartition(_tasks(world), "_refinery", "_unit")
        .withColumn("_hour", F.explode(F.sequence("_from", "_to")))
    )
    charge = (
        hours.transform(operated, world)
        .groupBy("_refinery", "_hour")
        .agg(
            F.sum("_charge").alias("_charge"),
            *(F.first(name).alias(name) for name in ("_appetite", "_turns")),
        )
    )
    is_its_turn = F.col("_hour") % F.size("_turns") == F.col("_place")
    drawn = charge.join(F.broadcast(crude_tank_frame(storage_tanks)), on="_refinery", how="inner").withColumn(
        "_drawn", F.when(is_its_turn, F.col("_charge")).otherwise(F.lit(0))
    )
    by_tank = Window.partitionBy("_tank").orderBy("_hour")
    so_far = by_tank.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    gave = drawn.withColumn("_gave", F.sum("_drawn").over(so_far) - F.col("_drawn"))
    summed = gave.withColumn("_sum", F.sum("_gave").over(so_far))
    plan = F.lead("_sum", SMOOTH_HOURS).over(by_tank) - F.lag("_sum", SMOOTH_HOURS + 1).over(by_tank)
    return summed.withColumn("_plan", plan).drop("_sum", "_charge")


def _tasks(world: World) -> int:
    hours = (world.end - world.start) / timedelta(hours=1) + LONGEST_DAYS * 24
    return max(1, min(8, round(world.counts["refineries"] * hours / 50_000)))


def with_volume(hours: DataFrame, world: World) -> DataFrame:
    """Adds `_volume` of the parcel due in the hour, null where none is; `_wish` is what the tank is to hold
    more or less at that time."""
    is_due = (due_hour(F.col("_parcel")) == F.col("_hour")) & (
        F.col("_parcel") % F.size("_turns") == F.col("_place")
    )
    wish = wish_of(world, F.col("_hour"))
    earlier = Window.partitionBy("_tank").orderBy("_hour").rowsBetween(Window.unboundedPreceding, -1)
    known = hours.withColumn("_parcel", parcel_before(F.col("_hour") + 1)).withColumns(
        {"_is_due": is_due, "_due_plan": F.when(is_due, F.col("_plan")), "_due_wish": F.when(is_due, wish)}
    )
    before = {
        f"_last{name}": F.last(name, ignorenulls=True).over(earlier) for name in ("_due_plan", "_due_wish")
    }
    bought = (F.col("_due_plan") - F.col("_last_due_plan")) / SMOOTHED
    volume = F.round(bought + F.col("_due_wish") - F.col("_last_due_wish")).cast("long")
    return known.withColumns(before).withColumn("_volume", F.when(F.col("_is_due"), volume))


def wish_of(world: World, hour: Column) -> Column:
    """How much more or less than usual a tank is to hold: up to 6 % of it, or half a day's charge."""
    most = F.least(0.06 * F.col("_holds"), 0.5 * F.col("_appetite") / F.size("_turns"))
    return most * world.smooth("wish", F.col("_tank"), at=instant_of(hour), every=timedelta(days=6))
