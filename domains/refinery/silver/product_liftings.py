"""Tickets of products that left a refinery or were bought in."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.refinery.measures import M3_PER_BARREL
from headrace.tables import Append, Table, only_current, rejected_when, with_parent

TABLE = Table(
    key="lifting_id",
    event_time="finished_at",
    partition="lifted_date",
    write=Append(),
    description="Products lifted from tanks, sent by pipeline or bought in, in barrels and tonnes.",
)

MASS_TOLERANCE = 0.01


def product_liftings(
    bronze_product_liftings: DataFrame, refineries: DataFrame, storage_tanks: DataFrame, products: DataFrame
) -> DataFrame:
    tanks = storage_tanks.transform(only_current)
    weighs = F.col("volume_barrels") * M3_PER_BARREL * F.col("density_kg_m3") / 1000
    apart = F.abs(weighs - F.col("mass_tonnes"))
    return (
        bronze_product_liftings.transform(with_parent, refineries, on="refinery_id", take=["refinery_name"])
        .transform(with_parent, tanks, on="tank_id", take=["tank_name"], required=False)
        .transform(with_parent, products, on="product_id", take=["product_name", "product_category"])
        .transform(rejected_when("finished before it started", F.col("finished_at") < F.col("started_at")))
        .select(
            "*",
            (apart <= MASS_TOLERANCE * F.col("mass_tonnes") + 1).alias("is_mass_consistent"),
            F.to_date("finished_at").alias("lifted_date"),
        )
    )
