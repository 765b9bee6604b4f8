"""What is in each tank in service, as last measured."""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Whole, instant, only_at

TABLE = Table(key="tank_id", write=Whole(), description="Latest level and status of each tank in service.")

TANK = ("tank_id", "tank_name", "refinery_id", "product_type", "capacity_barrels")
LIMITS = ("min_operating_level", "max_operating_level")


def inventory_status(
    tank_inventory: DataFrame, storage_tanks: DataFrame, refineries: DataFrame, as_of: datetime
) -> DataFrame:
    measured = F.col("measurement_timestamp")
    latest = (
        tank_inventory.where(measured <= instant(as_of))
        .groupBy("tank_id")
        .agg(
            F.max_by("volume_barrels", measured).alias("current_volume"),
            F.max_by("fill_percentage", measured).alias("fill_percentage"),
            F.max(measured).alias("last_measured"),
        )
    )
    tanks = storage_tanks.transform(only_at, as_of).where("is_active").select(*TANK, *LIMITS)
    names = refineries.select("refinery_id", "refinery_name")
    return (
        latest.join(F.broadcast(tanks), on="tank_id", how="inner")
        .join(F.broadcast(names), on="refinery_id", how="inner")
        .select(
            *("tank_id", "tank_name", "refinery_id", "refinery_name", "product_type", "capacity_barrels"),
            *("current_volume", "fill_percentage", "last_measured"),
            status().alias("inventory_status"),
        )
    )


def status() -> Column:
    """The seed's order: below the tank's own minimum comes before merely low."""
    fill = F.col("fill_percentage")
    return (
        F.when(fill < F.col("min_operating_level"), "CRITICALLY_LOW")
        .when(fill < 0.25, "LOW")
        .when(fill > F.col("max_operating_level"), "OVER_FILLED")
        .when(fill > 0.85, "NEAR_CAPACITY")
        .otherwise("NORMAL")
    )
