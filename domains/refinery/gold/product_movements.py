"""What left of each product, what its tanks gained, and so what was made of it: by refinery and day.

A tank's day goes from its first level to the first of the next day, so that nothing falls between two days; on the last
day it goes to the last level. Levels are weighed by the density of the product's tickets.
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from domains.refinery.measures import M3_PER_BARREL
from headrace.tables import Table, Whole, share

TABLE = Table(
    key=("refinery_id", "product_id", "movement_date"),
    write=Whole(),
    description="Liftings, pipeline, purchases and change of stock of each refinery, product and day.",
)

KEYS = ["refinery_id", "product_id", "movement_date"]
MOVED = {"LIFTING": "lifted_barrels", "PIPELINE": "pipeline_barrels", "PURCHASE": "purchased_barrels"}


def product_movements(product_liftings: DataFrame, tank_days: DataFrame, products: DataFrame) -> DataFrame:
    left = tickets_of_days(product_liftings)
    gained = (
        stock_changes(tank_days.where("product_id IS NOT NULL"))
        .groupBy(*KEYS)
        .agg(F.sum("_change").alias("stock_change_barrels"))
    )
    densities = product_liftings.groupBy("refinery_id", "product_id").agg(
        F.avg("density_kg_m3").alias("density_kg_m3")
    )
    names = products.select("product_id", "product_name", "product_category")
    of_tickets = {name: F.coalesce(name, F.lit(0)) for name in (*MOVED.values(), "stock_change_barrels")}
    stock_tonnes = F.col("stock_change_barrels") * M3_PER_BARREL * F.col("density_kg_m3") / 1000
    out = F.col("lifted_barrels") + F.col("pipeline_barrels") - F.col("purchased_barrels")
    return (
        left.join(gained, on=KEYS, how="full")
        .join(F.broadcast(densities), on=["refinery_id", "product_id"], how="left")
        .join(F.broadcast(names), on="product_id", how="left")
        .withColumns(of_tickets)
        .select(
            *KEYS,
            *("product_name", "product_category", *MOVED.values(), "stock_change_barrels"),
            (out + F.col("stock_change_barrels")).alias("made_barrels"),
            F.coalesce("_tonnes", F.lit(0.0)).alias("moved_tonnes"),
            F.coalesce(stock_tonnes, F.lit(0.0)).alias("stock_change_tonnes"),
            (F.coalesce("_tonnes", F.lit(0.0)) + F.coalesce(stock_tonnes, F.lit(0.0))).alias("made_tonnes"),
            "density_kg_m3",
            share(F.col("_sulfur"), F.col("_weighed")).alias("sulfur_pct"),
        )
    )


def tickets_of_days(product_liftings: DataFrame) -> DataFrame:
    """Barrels by movement; tonnes and their sulphur are less what was bought in."""
    barrels, tonnes, movement = (F.col(name) for name in ("volume_barrels", "mass_tonnes", "movement"))
    signed = F.when(movement == "PURCHASE", -tonnes).otherwise(tonnes)
    sulfur = F.col("sulfur_content_pct")
    return (
        product_liftings.withColumnRenamed("lifted_date", "movement_date")
        .groupBy(*KEYS)
        .agg(
            *(F.sum(F.when(movement == what, barrels)).alias(name) for what, name in MOVED.items()),
            F.sum(signed).alias("_tonnes"),
            F.sum(tonnes * sulfur).alias("_sulfur"),
            F.sum(F.when(sulfur.isNotNull(), tonnes)).alias("_weighed"),
        )
    )


def stock_changes(tank_days: DataFrame) -> DataFrame:
    """Of each tank and day, crude tanks as well: barrels that it gained."""
    by_day = Window.partitionBy("tank_id").orderBy("measurement_date")
    follows = F.lead("measurement_date").over(by_day) == F.date_add("measurement_date", 1)
    until = F.when(follows, F.lead("opening_barrels").over(by_day)).otherwise(F.col("closing_barrels"))
    return tank_days.select(
        *("refinery_id", "tank_id", "product_id"),
        F.col("measurement_date").alias("movement_date"),
        (until - F.col("opening_barrels")).alias("_change"),
    )
