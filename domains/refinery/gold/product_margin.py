"""What the products of a refinery's day are worth above its crude, at that day's prices.

Products are what left and what the tanks gained, less what was bought in (`product_movements`). Crude costs what it
would cost that day, the benchmark and the differential of its grade, whatever was paid for the cargo. What the units
burn comes out of the crude and is in no product, so their energy is paid for; wages and repairs are not: it is the
gross margin. A day of which tickets or hours are missing says so in `material_balance`.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.refinery.market import prices_on
from headrace.tables import Table, Whole, share

TABLE = Table(
    key=("refinery_id", "production_date"),
    write=Whole(),
    description="Value of products less cost of crude of each refinery and day, in all and a barrel.",
)

DAY = ["refinery_id", "production_date"]


def product_margin(
    production_output: DataFrame,
    product_movements: DataFrame,
    market_prices: DataFrame,
    crude_types: DataFrame,
    refineries: DataFrame,
) -> DataFrame:
    hours = production_output.where("is_crude_unit")
    prices = prices_on(hours.select(F.col("production_date").alias("price_date")), market_prices)
    prices = prices.withColumnRenamed("price_date", "production_date")
    charge, value, cost = (
        F.col(name) for name in ("total_crude_processed", "product_value_usd", "crude_cost_usd")
    )
    margin = value - cost
    return (
        cost_of_crude(hours, prices, crude_types)
        .join(value_of_products(product_movements, prices), on=DAY, how="inner")
        .join(F.broadcast(refineries.select("refinery_id", "refinery_name")), on="refinery_id", how="left")
        .select(
            *("refinery_id", "refinery_name", "production_date", "total_crude_processed"),
            *("product_value_usd", "crude_cost_usd", margin.alias("margin_usd")),
            share(value, charge).alias("product_value_per_barrel"),
            share(cost, charge).alias("crude_cost_per_barrel"),
            share(margin, charge).alias("margin_per_barrel"),
            "benchmark_per_barrel",
        )
    )


def cost_of_crude(hours: DataFrame, prices: DataFrame, crude_types: DataFrame) -> DataFrame:
    """Per refinery and day, the hours that did not come through as the others of their unit; of an hour whose grade is
    not known, at the benchmark."""
    benchmark = prices.groupBy("production_date").agg(
        F.median("benchmark_per_barrel").alias("benchmark_per_barrel")
    )
    grades = crude_types.select(
        F.col("crude_type_id").alias("input_crude_type_id"),
        F.col("benchmark_price_differential").alias("_differential"),
    )
    charge = F.col("input_volume_barrels")
    price = F.col("benchmark_per_barrel") + F.coalesce("_differential", F.lit(0.0))
    hours_of_day = hours.groupBy("production_date").agg(
        (F.max(F.hour("production_hour")) + 1).alias("_hours_of_day")
    )
    whole = F.col("_hours_of_day") / F.col("_hours")
    return (
        hours.join(F.broadcast(grades), on="input_crude_type_id", how="left")
        .join(F.broadcast(benchmark), on="production_date", how="left")
        .groupBy(*DAY, "unit_id")
        .agg(
            F.sum(charge).alias("_charge"),
            F.sum(charge * price).alias("_cost"),
            F.count("*").alias("_hours"),
            F.max("benchmark_per_barrel").alias("benchmark_per_barrel"),
        )
        .join(F.broadcast(hours_of_day), on="production_date", how="inner")
        .groupBy(*DAY)
        .agg(
            F.sum(F.col("_charge") * whole).alias("total_crude_processed"),
            F.sum(F.col("_cost") * whole).alias("crude_cost_usd"),
            F.max("benchmark_per_barrel").alias("benchmark_per_barrel"),
        )
    )


def value_of_products(product_movements: DataFrame, prices: DataFrame) -> DataFrame:
    return (
        product_movements.withColumnRenamed("movement_date", "production_date")
        .join(F.broadcast(prices), on=["production_date", "product_id"], how="left")
        .groupBy(*DAY)
        .agg(F.sum(F.col("made_barrels") * F.col("price_per_barrel")).alias("product_value_usd"))
    )
