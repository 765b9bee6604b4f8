"""Tanks of each refinery: the first holds crude, the second does where one would not do, the others products.

Crude tanks hold at least what keeps the refinery running through a run of late shipments.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.world.plant import TANKS_PER_REFINERY, crude_tanks, id_of, number_of, refinery_of
from simulation.random_draws import World

CAPACITIES = (100_000, 250_000, 500_000, 750_000, 1_000_000)
PRODUCTS = ("Gasoline", "Diesel", "Jet Fuel", "Residual")
PRODUCT_WEIGHTS = (0.25, 0.2, 0.15, 0.1)
DAYS_HELD = 1.8
RUNNING = 0.95
CUBIC_FEET_PER_BARREL = 5.6146
INSPECTED_EVERY_DAYS = 720


def storage_tanks(row_index: DataFrame, refineries: DataFrame, world: World) -> DataFrame:
    number = F.col("_index").cast("long")
    homes = refineries.select(
        number_of("refinery_id").alias("_refinery"),
        F.col("refinery_id").alias("_refinery_id"),
        F.col("capacity_bpd").alias("_appetite"),
        F.col("is_active").alias("_runs"),
    )
    product = world.choice("tank product", number, values=PRODUCTS, weights=PRODUCT_WEIGHTS)
    placed = (
        row_index.withColumn("_refinery", refinery_of(number, TANKS_PER_REFINERY, world))
        .join(F.broadcast(homes), on="_refinery", how="inner")
        .withColumn("_place", number - F.col("_refinery") * TANKS_PER_REFINERY)
        .withColumn("_crude_tanks", F.size(crude_tanks(world, F.col("_refinery"), F.col("_appetite"))))
        .withColumn("_is_crude", F.col("_place") < F.col("_crude_tanks"))
        .withColumn("capacity_barrels", _capacity())
        .withColumn("height_feet", _height(world, number))
    )
    area = F.col("capacity_barrels") * CUBIC_FEET_PER_BARREL / F.col("height_feet")
    is_round = F.col("tank_type").isin("Spherical", "Horizontal")
    roof = world.choice("roof", number, values=("Floating Roof", "Fixed Roof"), weights=(0.4, 0.3))
    return placed.withColumns(
        {
            "tank_id": id_of("TANK", number, 5),
            "refinery_id": F.col("_refinery_id"),
            "tank_name": F.concat(F.lit("TK-"), (number % 500 + 100).cast("string")),
            "tank_type": F.when(F.col("_is_crude") & is_round, roof).otherwise(F.col("tank_type")),
            "product_type": F.when(F.col("_is_crude"), "Crude Oil").otherwise(product),
            "min_operating_level": F.round("min_operating_level", 3),
            "max_operating_level": F.round("max_operating_level", 3),
            "diameter_feet": F.round(F.sqrt(area * (4 / 3.141592653589793)), 1),
            "has_heating": world.happens("heated", number, rate=0.4)
            | (product == "Residual") & ~F.col("_is_crude"),
            "has_mixer": world.happens("mixed", number, rate=0.5),
            "last_inspection_date": _last_inspection(world, number),
            "is_active": F.col("_runs")
            & (F.col("_is_crude") | world.happens("tank runs", number, rate=RUNNING)),
        }
    )


def _capacity() -> Column:
    needed = F.when(F.col("_is_crude"), DAYS_HELD * F.col("_appetite") / F.col("_crude_tanks")).otherwise(0)
    enough = F.lit(CAPACITIES[-1])
    for size in reversed(CAPACITIES[:-1]):
        enough = F.when(needed <= size, size).otherwise(enough)
    return F.greatest(F.col("capacity_barrels"), enough).cast("int")


def _height(world: World, number: Column) -> Column:
    """A large tank is a high one, else it would be wider than any that is built."""
    lowest = F.when(F.col("capacity_barrels") >= CAPACITIES[3], 60.0).otherwise(40.0)
    return F.round(lowest + world.uniform("tank height", number) * (65.0 - lowest), 1)


def _last_inspection(world: World, number: Column) -> Column:
    day = F.datediff(F.to_date("_at"), F.lit("2018-01-01").cast("date"))
    phase = world.integer("inspection", number, low=0, high=INSPECTED_EVERY_DAYS - 1)
    since = (day + phase) % INSPECTED_EVERY_DAYS
    return F.date_sub(F.to_date("_at"), since.cast("int"))
