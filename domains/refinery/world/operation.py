"""How a unit runs in an hour: how long it stands and why, how much it charges, how well it works.

Hours are counted from the anchor. Rows carry the columns of `plant.unit_frame` and `_hour`.
"""

from datetime import timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.world.failures import instant_of, with_failures
from simulation.random_draws import World

SERVICE_HOURS = 12
SERVICE_SLIP = 0.3
TRIP_RATE = 0.012
TRIPS = ("Feed Shortage", "Power Dip", "Instrument Trip", "Operator Error")
TRIP_WEIGHTS = (0.35, 0.15, 0.35, 0.15)
WEAK_UNITS = 0.05


def with_service(rows: DataFrame, world: World) -> DataFrame:
    """Adds the hour of the last planned service begun, and of the last one done, planned or after a failure."""
    unit, hour, interval = F.col("_unit"), F.col("_hour"), F.col("_interval")
    phase = world.uniform("service phase", unit)
    slot = F.floor(hour / (interval * 24) + phase).cast("long")

    def begins(number: Column) -> Column:
        slip = world.uniform("service slip", unit, number, high=SERVICE_SLIP)
        return F.floor((number.cast("double") - phase + slip) * interval).cast("long") * 24 + 6

    here, before = begins(slot), begins(slot - 1)
    planned = F.when(hour >= here, here).otherwise(before)
    done = F.when(hour >= here + SERVICE_HOURS, here).otherwise(before) + SERVICE_HOURS
    found = with_failures(rows, world, unit=unit, hour=hour)
    return found.withColumns({"_service": planned, "_serviced": F.greatest(done, F.col("_last_repaired"))})


def with_downtime(rows: DataFrame, world: World) -> DataFrame:
    """Adds `_down` minutes and `_cause`."""
    unit, hour = F.col("_unit"), F.col("_hour")
    fails = (hour >= F.col("_failed")) & (hour < F.col("_repaired"))
    is_serviced = hour < F.col("_service") + SERVICE_HOURS
    trips = world.happens("trip", unit, hour, rate=TRIP_RATE)
    trip = world.choice("trip cause", unit, hour, values=TRIPS, weights=TRIP_WEIGHTS)
    return rows.withColumns(
        {
            "_down": F.when(fails | is_serviced, 60)
            .when(trips, world.choice("trip length", unit, hour, values=(15, 30), weights=(0.7, 0.3)))
            .otherwise(0),
            "_cause": F.when(fails, "Equipment Failure")
            .when(is_serviced, "Planned Maintenance")
            .when(trips, trip),
        }
    )


def with_charge(rows: DataFrame, world: World) -> DataFrame:
    """Adds `_charge`, in whole barrels of the hour."""
    unit, home, at = F.col("_unit"), F.col("_refinery"), instant_of(F.col("_hour"))
    crude_load = 0.91 + 0.05 * world.smooth("load", home, at=at, every=timedelta(days=9))
    other_load = 0.84 + 0.07 * world.smooth("unit load", unit, at=at, every=timedelta(days=6))
    load = F.when(F.col("_is_crude"), crude_load).otherwise(other_load)
    wobble = 0.015 * world.smooth("wobble", unit, at=at, every=timedelta(hours=7))
    full = F.col("_capacity") / 24 * (load + wobble)
    return rows.withColumn("_charge", F.floor(full * (60 - F.col("_down")) / 60).cast("long"))


def operated(rows: DataFrame, world: World) -> DataFrame:
    return rows.transform(with_service, world).transform(with_downtime, world).transform(with_charge, world)


def efficiency(world: World, sulfur: Column) -> Column:
    """About 1: falls with age, with days since service, with sour crude and in the run-up to a failure."""
    unit, hour = F.col("_unit"), F.col("_hour")
    at = instant_of(hour)
    weak = F.when(world.happens("weak unit", unit, rate=WEAK_UNITS), 0.06).otherwise(0.0)
    talent = world.normal("talent", unit, sd=0.01) - weak
    age = 0.001 * (F.col("_age_at_anchor") + hour / 8766 - 20)
    worn = 0.03 * (F.least((hour - F.col("_serviced")) / 24 / F.col("_interval"), F.lit(1.5)) - 0.5)
    run_up = (hour - F.col("_run_up_from")) / (F.col("_failed") - F.col("_run_up_from"))
    failing = 0.10 * F.pow(F.greatest(F.lit(0.0), F.least(run_up, F.lit(1.0))), 2)
    wander = 0.008 * world.smooth("efficiency", unit, at=at, every=timedelta(days=3))
    noise = world.normal("efficiency", unit, hour, sd=0.004)
    return 1.0 + talent - age - worn - failing - 0.008 * (sulfur - 1.2) + wander + noise
