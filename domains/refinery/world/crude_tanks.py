"""Levels of crude tanks: what was held, plus parcels delivered, less what the crude units drew.

Late parcels are missed from the hour they were due until they arrive, so a run of them shows as a low tank.
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from domains.refinery.world.cargo import (
    LATEST_HOURS,
    MEAN_LATE_DAYS,
    SMOOTH_HOURS,
    SMOOTHED,
    arrived_hour,
    tank_hours,
    with_volume,
)
from headrace.chance import World

USUAL_LEVEL = 0.52
BACK_HOURS = LATEST_HOURS + SMOOTH_HOURS + 24
AHEAD_HOURS = SMOOTH_HOURS + 12


def crude_levels(
    spans: DataFrame,
    processing_units: DataFrame,
    refineries: DataFrame,
    storage_tanks: DataFrame,
    world: World,
) -> DataFrame:
    """`_level` at the begin and `_level_after` at the end of each hour of the spans, by `_tank` and `_hour`."""
    wider = spans.select(
        "_refinery",
        (F.col("_from") - BACK_HOURS).alias("_from"),
        (F.col("_to") + AHEAD_HOURS).alias("_to"),
    )
    hours = tank_hours(wider, processing_units, refineries, storage_tanks, world).transform(with_volume, world)
    arrivals = (
        hours.where(F.col("_is_due") & F.col("_volume").isNotNull())
        .select("_tank", arrived_hour(world, F.col("_refinery"), F.col("_parcel")).alias("_hour"), "_volume")
        .groupBy("_tank", "_hour")
        .agg(F.sum("_volume").alias("_received"))
    )
    by_tank = Window.partitionBy("_tank").orderBy("_hour")
    before = by_tank.rowsBetween(Window.unboundedPreceding, -1)
    owed = F.coalesce("_volume", F.lit(0)) - F.coalesce("_received", F.lit(0))
    share_of_day = F.col("_appetite") / F.size("_turns") * 0.91
    usual = F.round(USUAL_LEVEL * F.col("_holds") + MEAN_LATE_DAYS * share_of_day)
    planned = F.last("_due_plan", ignorenulls=True).over(before) / SMOOTHED
    wish = F.last("_due_wish", ignorenulls=True).over(before)
    late = F.coalesce(F.sum(owed).over(before), F.lit(0))
    level = F.round(usual + planned + wish - F.col("_gave") - late).cast("long")
    is_wanted = F.col("_hour").between(F.col("_from"), F.col("_to"))
    return (
        hours.join(arrivals, on=["_tank", "_hour"], how="left")
        .withColumn("_level", level)
        .withColumn("_level_after", F.lead("_level").over(by_tank))
        .join(F.broadcast(spans), on="_refinery", how="inner")
        .where(is_wanted)
        .select("_tank", "_hour", "_level", "_level_after")
    )
