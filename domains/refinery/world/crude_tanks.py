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
from simulation.random_draws import World

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
    hours = tank_hours(wider, processing_units, refineries, storage_tanks, world).transform(
        with_volume, world
    )
    by_tank = Window.partitionBy("_tank").orderBy("_hour")
    before, earlier = (
        by_tank.rowsBetween(Window.unboundedPreceding, -1),
        by_tank.rangeBetween(Window.unboundedPreceding, -1),
    )
    share_of_day = F.col("_appetite") / F.size("_turns") * 0.91
    usual = F.round(USUAL_LEVEL * F.col("_holds") + MEAN_LATE_DAYS * share_of_day)
    planned = F.last("_due_plan", ignorenulls=True).over(before) / SMOOTHED
    wish = F.last("_due_wish", ignorenulls=True).over(before)
    if_none_were_late = hours.withColumn("_level", usual + planned + wish - F.col("_gave"))
    # a parcel is owed from the hour it was due until the hour it arrives; both are rows of their own
    owed = F.array(
        F.struct(F.col("_hour").alias("_at_hour"), F.coalesce("_volume", F.lit(0)).alias("_owed"), "_level"),
        F.when(
            F.col("_volume").isNotNull(),
            F.struct(
                arrived_hour(world, F.col("_refinery"), F.col("_parcel")).alias("_at_hour"),
                (-F.col("_volume")).alias("_owed"),
                F.lit(None).cast("double").alias("_level"),
            ),
        ),
    )
    late = F.coalesce(F.sum("_owed").over(earlier), F.lit(0))
    return (
        if_none_were_late.select("_refinery", "_tank", F.explode(owed).alias("_change"))
        .where(F.col("_change").isNotNull())
        .select(
            "_refinery", "_tank", F.col("_change._at_hour").alias("_hour"), "_change._owed", "_change._level"
        )
        .withColumn("_level", F.round(F.col("_level") - late).cast("long"))
        .where(F.col("_level").isNotNull())
        .withColumn("_level_after", F.lead("_level").over(by_tank))
        .join(F.broadcast(spans), on="_refinery", how="inner")
        .where(F.col("_hour").between(F.col("_from"), F.col("_to")))
        .select("_tank", "_hour", "_level", "_level_after")
    )
