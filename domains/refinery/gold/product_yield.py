"""What each crude gave of each product, beside what is typical of the product.

Hours without charge have no yield, and units that charge no crude are not asked.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Whole, share

TABLE = Table(
    key=("crude_type_id", "product_id"),
    write=Whole(),
    description="Yield of each product from each crude, and its distance from the typical yield.",
)


def product_yield(production_output: DataFrame, crude_types: DataFrame, products: DataFrame) -> DataFrame:
    crude = crude_types.select(
        *("crude_type_id", "crude_name"), F.col("classification").alias("crude_class"), "sweetness"
    )
    product = products.select("product_id", "product_name", "product_category", "typical_yield_pct")
    yielded, charge = F.col("yield_percentage"), F.col("input_volume_barrels")
    return (
        production_output.where(yielded.isNotNull())
        .groupBy(
            F.col("input_crude_type_id").alias("crude_type_id"),
            F.col("output_product_id").alias("product_id"),
        )
        .agg(
            share(F.sum(yielded * charge), F.sum(charge)).alias("avg_yield"),
            F.stddev(yielded).alias("yield_stddev"),
            F.min(yielded).alias("min_yield"),
            F.max(yielded).alias("max_yield"),
            F.count("*").alias("sample_count"),
        )
        .join(F.broadcast(crude), on="crude_type_id", how="inner")
        .join(F.broadcast(product), on="product_id", how="inner")
        .select(
            *("crude_type_id", "crude_name", "crude_class", "sweetness"),
            *("product_id", "product_name", "product_category"),
            *("avg_yield", "yield_stddev", "min_yield", "max_yield", "sample_count"),
            (F.col("avg_yield") - F.col("typical_yield_pct")).alias("yield_vs_typical"),
        )
    )
