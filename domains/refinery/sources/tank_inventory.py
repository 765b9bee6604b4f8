"""Tank levels each quarter of an hour. Between two full hours a crude tank's level is a straight line: parcels
are pumped in, and the charge drawn, evenly over their hour.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.world.campaigns import crude_of_tank
from domains.refinery.world.crude_tanks import crude_levels
from domains.refinery.world.failures import hours_since_anchor
from domains.refinery.world.plant import crude, crude_tank_frame, id_of, number_of, refinery_frame
from domains.refinery.world.product_tanks import product_level
from domains.refinery.world.slates import tank_product
from simulation.random_draws import ANCHOR_SECONDS, World

VERIFIED = 0.05
DRAINED_EVERY_HOURS = 9 * 24


def tank_inventory(
    row_index: DataFrame,
    processing_units: DataFrame,
    refineries: DataFrame,
    storage_tanks: DataFrame,
    world: World,
) -> DataFrame:
    tanks = tank_frame(storage_tanks, refineries, world)
    hour = hours_since_anchor(F.col("_at"))
    measured = row_index.select(
        F.col("_index").cast("long").alias("_tank"),
        *("_n", "_at", "measurement_method"),
        hour.alias("_hour"),
        ((F.col("_at").cast("long") - ANCHOR_SECONDS) / 3600 - hour).alias("_part"),
    ).join(F.broadcast(tanks), on="_tank", how="inner")
    levels = crude_levels(_spans(row_index, tanks), processing_units, refineries, storage_tanks, world)
    return (
        measured.join(F.broadcast(levels), on=["_tank", "_hour"], how="left")
        .withColumn("_volume", _volume(world))
        .select(
            "_at",
            F.concat(F.lit("INV-"), F.col("_tank"), F.lit("-"), F.col("_n")).alias("inventory_id"),
            id_of("TANK", F.col("_tank"), 5).alias("tank_id"),
            id_of("REF", F.col("_refinery"), 3).alias("refinery_id"),
            F.col("_at").alias("measurement_timestamp"),
            F.col("_volume").alias("volume_barrels"),
            F.round(F.col("_volume") / F.col("_holds"), 4).alias("fill_percentage"),
            _temperature(world).alias("temperature_f"),
            _water(world).alias("water_bottom_inches"),
            F.col("product_type"),
            F.when(F.col("_is_crude"), crude("crude_type_id", _crude(world))).alias("crude_type_id"),
            F.col("_product").alias("product_id"),
            "measurement_method",
            world.happens("verified", "_tank", "_n", rate=VERIFIED).alias("is_verified"),
        )
    )


def tank_frame(storage_tanks: DataFrame, refineries: DataFrame, world: World) -> DataFrame:
    """Tanks in service. A crude tank has its place among the crude tanks, any other its product."""
    places = crude_tank_frame(storage_tanks).select("_tank", "_place")
    tanks = storage_tanks.where("is_active").select(
        number_of("tank_id").alias("_tank"),
        number_of("refinery_id").alias("_refinery"),
        F.col("capacity_barrels").alias("_holds"),
        "product_type",
        (F.col("product_type") == "Crude Oil").alias("_is_crude"),
    )
    homes = (
        refinery_frame(refineries, world).where("_runs").select("_refinery", "_slate", "_grades", "_appetite")
    )
    draw = world.uniform("tank product of slate", F.col("_tank"))
    product, share = tank_product(F.col("_slate"), F.col("product_type"), draw)
    return (
        tanks.join(F.broadcast(homes), on="_refinery", how="inner")
        .join(F.broadcast(places), on="_tank", how="left")
        .withColumns({"_product": product, "_share": share})
        .drop("_slate")
    )


def _spans(row_index: DataFrame, tanks: DataFrame) -> DataFrame:
    """The hours that the row index covers, of each refinery."""
    hour = hours_since_anchor(F.col("_at"))
    seen = row_index.groupBy(F.col("_index").cast("long").alias("_tank")).agg(
        F.min(hour).alias("_from"), F.max(hour).alias("_to")
    )
    return (
        seen.join(F.broadcast(tanks.select("_tank", "_refinery")), on="_tank", how="inner")
        .groupBy("_refinery")
        .agg(F.min("_from").alias("_from"), F.max("_to").alias("_to"))
    )


def _volume(world: World) -> Column:
    hours = F.col("_hour") + F.col("_part")
    crude_volume = F.col("_level") + (F.col("_level_after") - F.col("_level")) * F.col("_part")
    product_volume = product_level(
        world, F.col("_tank"), hours, F.col("_holds"), F.col("_appetite"), F.col("_share")
    )
    level = F.when(F.col("_is_crude"), crude_volume).otherwise(product_volume)
    return F.greatest(F.lit(0), F.least(F.round(level).cast("int"), F.col("_holds")))


def _crude(world: World) -> Column:
    return crude_of_tank(world, F.col("_tank"), F.col("_place"), F.col("_grades"), F.col("_hour"))


def _temperature(world: World) -> Column:
    """Follows the season and the day; residual is kept hot enough to pump."""
    season = F.cos((F.col("_hour") / 8766 - 0.55) * 6.2832)
    day = F.cos((F.col("_hour") % 24 + F.col("_part") - 15) / 24 * 6.2832)
    usual = F.when(F.col("product_type") == "Residual", 150.0).otherwise(78.0)
    own = world.uniform("tank warmth", "_tank", low=-4, high=4)
    return F.round(
        usual + own + 10 * season + 2.5 * day + world.normal("tank warmth", "_tank", "_n", sd=0.3), 1
    )


def _water(world: World) -> Column:
    """Settles slowly and is drained about every nine days."""
    since = (F.col("_hour") / DRAINED_EVERY_HOURS + world.uniform("drained", "_tank")) % 1
    slope = F.when(F.col("_is_crude"), 5.0).otherwise(2.0)
    return F.round(0.5 + slope * since + 0.1 * world.uniform("water", "_tank", "_n"), 1)
