"""What products and crude cost on a day: the last price that is known by then."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def prices_on(days: DataFrame, market_prices: DataFrame) -> DataFrame:
    """Per `price_date` of these days and product: `price_per_barrel` and `benchmark_per_barrel`. Where one is missing,
    it is that of the day before."""
    sent = market_prices.select("product_id", "price_date", "price_per_barrel", "benchmark_per_barrel")
    products, day = sent.select("product_id").distinct(), days.select("price_date").distinct()
    wanted = day.crossJoin(F.broadcast(products)).withColumn("_wanted", F.lit(True))
    by_day = Window.partitionBy("product_id").orderBy("price_date")
    last_known = (
        F.last(name, ignorenulls=True).over(by_day).alias(name)
        for name in ("price_per_barrel", "benchmark_per_barrel")
    )
    return (
        sent.join(wanted, on=["product_id", "price_date"], how="full")
        .select("product_id", "price_date", "_wanted", *last_known)
        .where("_wanted")
        .drop("_wanted")
    )
