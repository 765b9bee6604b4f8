"""How long stocks last at the pace of the last fortnight: by tank, by refinery and product type, and by
product type over all refineries (`level` says which).

Stock counts above the tank's minimum operating level, since pumps cannot draw what lies below. A level shows only the
net of what comes and goes, so what goes is told by mass balance. Crude: the draws of a refinery's tanks are raised
until they add up to what its crude units were charged with. Products: what is made runs into the tank while it is
emptied too, at the pace at which it rises else. A product that lasts long in the network may be short at one refinery,
so the shortest one is named beside it.
"""

from datetime import date, datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Whole, instant, only_at, share

TABLE = Table(
    key=("level", "product_type", "refinery_id", "tank_id"),
    write=Whole(),
    description="Usable stock, daily draw and days of supply by tank, refinery and product type.",
)

PACE_DAYS = 14
CRUDE = "Crude Oil"
LEVELS = {
    "TANK": ("product_type", "refinery_id", "tank_id"),
    "REFINERY": ("product_type", "refinery_id"),
    "PRODUCT_TYPE": ("product_type",),
}


def days_of_supply(
    tank_days: DataFrame, storage_tanks: DataFrame, refinery_kpis: DataFrame, as_of: datetime
) -> DataFrame:
    tanks = tank_stocks(tank_days, storage_tanks, as_of).transform(with_draws_of_charge, refinery_kpis, as_of)
    stock, draw = F.sum("usable_barrels"), F.sum("daily_draw_barrels")
    by_tank, by_refinery, by_type = (
        tanks.groupBy(*keys).agg(
            F.lit(level).alias("level"),
            F.count("*").alias("tanks"),
            F.sum("volume_barrels").alias("volume_barrels"),
            stock.alias("usable_barrels"),
            draw.alias("daily_draw_barrels"),
            share(stock, draw).alias("days_of_supply"),
            F.min("measured_at").alias("measured_at"),
        )
        for level, keys in LEVELS.items()
    )
    days = F.col("days_of_supply")
    shortest = (
        by_refinery.where(days.isNotNull())
        .groupBy("product_type")
        .agg(
            F.min_by("refinery_id", F.struct(days, F.col("refinery_id"))).alias("shortest_refinery_id"),
            F.min(days).alias("shortest_days_of_supply"),
        )
    )
    network = by_type.join(F.broadcast(shortest), on="product_type", how="left")
    return by_tank.unionByName(by_refinery, allowMissingColumns=True).unionByName(
        network, allowMissingColumns=True
    )


def tank_stocks(tank_days: DataFrame, storage_tanks: DataFrame, as_of: datetime) -> DataFrame:
    """Per tank in service: its last level, what of it is usable, and what is drawn from it a day."""
    recent = tank_days.where(
        (F.col("measurement_date") > F.lit(first_day(as_of))) & (F.col("closed_at") <= instant(as_of))
    )
    closed, hours, rising = F.col("closed_at"), F.sum("hours_observed"), F.sum("rising_hours")
    paces = recent.groupBy("tank_id").agg(
        F.max(closed).alias("measured_at"),
        F.max_by("closing_barrels", closed).alias("volume_barrels"),
        F.max_by("crude_type_id", closed).alias("crude_type_id"),
        F.sum("drawn_barrels").alias("_fell"),
        F.coalesce(share(F.sum("received_barrels"), rising), F.lit(0.0)).alias("_inflow"),
        hours.alias("_hours"),
        F.sum("falling_hours").alias("_falling"),
    )
    tanks = (
        storage_tanks.transform(only_at, as_of)
        .where("is_active")
        .select("tank_id", "refinery_id", "product_type", "capacity_barrels", "min_operating_level")
    )
    bottom = F.col("min_operating_level") * F.col("capacity_barrels")
    hidden = F.when(F.col("product_type") == CRUDE, 0.0).otherwise(F.col("_inflow") * F.col("_falling"))
    return paces.join(F.broadcast(tanks), on="tank_id", how="inner").select(
        *("tank_id", "refinery_id", "product_type", "crude_type_id", "measured_at", "volume_barrels"),
        (24 * share(F.col("_fell") + hidden, F.col("_hours"))).alias("daily_draw_barrels"),
        F.greatest(F.lit(0.0), F.col("volume_barrels") - bottom).alias("usable_barrels"),
        bottom.alias("min_barrels"),
    )


def with_draws_of_charge(tanks: DataFrame, refinery_kpis: DataFrame, as_of: datetime) -> DataFrame:
    """The charge is that of whole days; a level never tells of more than was drawn, so nothing is lowered."""
    day, is_crude = F.col("production_date"), F.col("product_type") == CRUDE
    charges = (
        refinery_kpis.where((day > F.lit(first_day(as_of))) & (day < F.to_date(instant(as_of))))
        .groupBy("refinery_id")
        .agg(F.avg("crude_barrels_per_day").alias("_charge"))
    )
    seen = tanks.where(is_crude).groupBy("refinery_id").agg(F.sum("daily_draw_barrels").alias("_seen"))
    unseen = seen.join(F.broadcast(charges), on="refinery_id", how="inner").select(
        "refinery_id", share(F.col("_charge"), F.col("_seen")).alias("_times")
    )
    times = F.when(is_crude, F.greatest(F.lit(1.0), F.coalesce("_times", F.lit(1.0)))).otherwise(1.0)
    return (
        tanks.join(F.broadcast(unseen), on="refinery_id", how="left")
        .withColumn("daily_draw_barrels", F.col("daily_draw_barrels") * times)
        .drop("_times")
    )


def first_day(as_of: datetime) -> date:
    """The day before the pace begins."""
    return (as_of - timedelta(days=PACE_DAYS)).date()
