"""Tank levels every quarter of an hour. A tank holds a crude or a product, so one of the two ids is null."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.refinery.measures import celsius, cubic_metres
from headrace.tables import Append, Table, rejected_when, with_parent, with_version_at

TABLE = Table(
    key="inventory_id",
    event_time="measurement_timestamp",
    partition="measurement_date",
    cluster=("tank_id", "measurement_timestamp"),
    write=Append(),
    description="Tank levels with their tank's capacity, in standard units too.",
)

FILL_TOLERANCE = 0.01


def tank_inventory(
    bronze_tank_inventory: DataFrame,
    storage_tanks: DataFrame,
    refineries: DataFrame,
    crude_types: DataFrame,
    products: DataFrame,
) -> DataFrame:
    tank = ("tank_name", "capacity_barrels", "min_operating_level", "max_operating_level")
    measured = F.col("volume_barrels") / F.col("capacity_barrels")
    return (
        bronze_tank_inventory.transform(
            with_version_at, storage_tanks, on="tank_id", at="measurement_timestamp", take=tank
        )
        .transform(with_parent, refineries, on="refinery_id", take=["refinery_name"])
        .transform(with_parent, crude_types, on="crude_type_id", take=["crude_name"], required=False)
        .transform(
            with_parent, products, on="product_id", take=["product_name", "product_category"], required=False
        )
        .select(
            "*",
            cubic_metres("volume_barrels").alias("volume_m3"),
            celsius("temperature_f").alias("temperature_c"),
            (F.abs(measured - F.col("fill_percentage")) <= FILL_TOLERANCE).alias("is_fill_consistent"),
            F.to_date("measurement_timestamp").alias("measurement_date"),
        )
        .transform(
            rejected_when(
                "holds a crude and a product",
                F.col("crude_type_id").isNotNull() & F.col("product_id").isNotNull(),
            )
        )
    )
