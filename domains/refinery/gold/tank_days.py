"""Each tank's day: how it closed, what went in and what came out as its level tells.

A level shows only the net of what flows in and out between two measurements. Some of these were rejected, so
`hours_observed` says for how long the day was seen.
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from headrace.tables import Replace, Table

TABLE = Table(
    key=("tank_id", "measurement_date"),
    partition="measurement_date",
    write=Replace(follows={"tank_inventory": "measurement_date"}),
    description="Closing level, receipts and draws of each tank and day.",
)


def tank_days(tank_inventory: DataFrame) -> DataFrame:
    at, volume = F.col("measurement_timestamp"), F.col("volume_barrels")
    by_time = Window.partitionBy("tank_id", "measurement_date").orderBy("measurement_timestamp")
    moved = tank_inventory.select(
        *("tank_id", "refinery_id", "product_type", "crude_type_id", "product_id", "measurement_date"),
        *("measurement_timestamp", "volume_barrels"),
        (volume - F.lag(volume).over(by_time)).alias("_change"),
        ((F.unix_seconds(at) - F.lag(F.unix_seconds(at)).over(by_time)) / 3600).alias("_hours"),
    )
    change = F.coalesce("_change", F.lit(0))
    hours = (F.unix_seconds(F.max(at)) - F.unix_seconds(F.min(at))) / 3600
    return moved.groupBy("tank_id", "refinery_id", "measurement_date").agg(
        F.max_by("product_type", at).alias("product_type"),
        F.max_by("crude_type_id", at).alias("crude_type_id"),
        F.max_by("product_id", at).alias("product_id"),
        F.min_by(volume, at).alias("opening_barrels"),
        F.max_by(volume, at).alias("closing_barrels"),
        F.max(at).alias("closed_at"),
        F.sum(F.greatest(change, F.lit(0))).alias("received_barrels"),
        F.sum(F.greatest(-change, F.lit(0))).alias("drawn_barrels"),
        hours.alias("hours_observed"),
        F.sum(F.when(change > 0, F.col("_hours")).otherwise(0.0)).alias("rising_hours"),
        F.sum(F.when(change < 0, F.col("_hours")).otherwise(0.0)).alias("falling_hours"),
    )
