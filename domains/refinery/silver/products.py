"""Products and the limits they are sold by. `typical_yield_pct` is a fraction, whatever its name says."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Upsert, rejected_when

TABLE = Table(key="product_id", write=Upsert(order="_sent_at"), description="Refined products.")


def products(bronze_products: DataFrame) -> DataFrame:
    typical = F.col("typical_yield_pct")
    return bronze_products.transform(
        rejected_when("density limits are out of order", F.col("density_min") > F.col("density_max"))
    ).transform(rejected_when("typical_yield_pct is not within 0 and 1", (typical < 0) | (typical > 1)))
