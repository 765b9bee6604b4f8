"""Prices of products and of benchmark crude, as each day opened."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Append, Table, with_parent

TABLE = Table(
    key="price_id",
    event_time="priced_at",
    partition="price_date",
    write=Append(),
    description="Daily prices of products, beside that of benchmark crude.",
)


def market_prices(bronze_market_prices: DataFrame, products: DataFrame) -> DataFrame:
    product = ("product_name", "product_category")
    return bronze_market_prices.transform(with_parent, products, on="product_id", take=product).select(
        "*",
        (F.col("price_per_barrel") - F.col("benchmark_per_barrel")).alias("over_benchmark"),
        F.to_date("priced_at").alias("price_date"),
    )
