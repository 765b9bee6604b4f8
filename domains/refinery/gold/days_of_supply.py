"""How long stocks last at the pace of the last fortnight: by tank, by refinery and product type, and by
product type over all refineries (`level` says which).

Stock counts above the tank's minimum operating level, since pumps cannot draw what lies below. While a parcel
comes in, a level does not tell what goes out: what the crude units were charged with does, so the draws of a
refinery's crude tanks are raised until they add up to its charge.
"""

from datetime import date, datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.refinery.measures import share
from headrace.tables import Table, Whole, instant, only_at

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
    levels = [
        tanks.groupBy(*keys).agg(
            F.lit(level).alias("level"),
            F.count("*").alias("tanks"),
            F.sum("volume_barrels").alias("volume_barrels"),
            stock.alias("usable_barrels"),
            draw.alias("daily_draw_barrels"),
            share(stock, draw).alias("days_of_supply"),
        )
        for level, keys in LEVELS.items()
    ]
    by_tank, by_refinery, by_type = levels
    return by_tank.unionByName(by_refinery, allowMissingColumns=True).unionByName(
        by_type, allowMissingColumns=True
    )


def tank_stocks(tank_days: DataFrame, storage_tanks: DataFrame, as_of: datetime) -> DataFrame:
    """Per tank in service: its last level, what of it is usable, and what is drawn from it a day."""
    recent = tank_days.where(
        (F.col("measurement_date") > F.lit(first_day(as_of))) & (F.col("closed_at") <= instant(as_of))
    )
    closed = F.col("closed_at")
    paces = recent.groupBy("tank_id").agg(
        F.max_by("closing_barrels", closed).alias("volume_barrels"),
        F.max_by("crude_type_id", closed).alias("crude_type_id"),
        (24 * share(F.sum("drawn_barrels"), F.sum("hours_observed"))).alias("daily_draw_barrels"),
    )
    tanks = (
        storage_tanks.transform(only_at, as_of)
        .where("is_active")
        .select("tank_id", "refinery_id", "product_type", "capacity_barrels", "min_operating_level")
    )
    bottom = F.col("min_operating_level") * F.col("capacity_barrels")
    return paces.join(F.broadcast(tanks), on="tank_id", how="inner").select(
        *("tank_id", "refinery_id", "product_type", "crude_type_id"),
        *("volume_barrels", "daily_draw_barrels"),
        F.greatest(F.lit(0.0), F.col("volume_barrels") - bottom).alias("usable_barrels"),
    )


def with_draws_of_charge(tanks: DataFrame, refinery_kpis: DataFrame, as_of: datetime) -> DataFrame:
    """The charge is that of whole days; a level never tells of more than was drawn, so nothing is lowered."""
    day, is_crude = F.col("production_date"), F.col("product_type") == CRUDE
    charges = (
        refinery_kpis.where((day > F.lit(first_day(as_of))) & (day < F.to_date(instant(as_of))))
        .groupBy("refinery_id")
        .agg(F.avg("total_crude_processed").alias("_charge"))
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
