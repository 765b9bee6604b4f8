"""Production of each unit and hour, against what its crude or its design promises.

A row names the hour's main product only; all others are in `coproduct_volume_barrels`. So the main product's
yield is compared with that product's typical yield for a unit that charges crude, and with the design
efficiency for every other one. Utilisation is by charge, and energy is per barrel of all products.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.refinery.measures import celsius
from headrace.tables import Append, Table, rejected_when, share, with_parent, with_version_at

TABLE = Table(
    key="output_id",
    event_time="production_hour",
    partition="production_date",
    cluster=("unit_id", "production_hour"),
    write=Append(),
    description="Hourly production with efficiency, utilisation and energy per barrel.",
)

PRODUCT = ("product_name", "product_category", "typical_yield_pct")
BALANCE_TOLERANCE = 0.01


def production_output(
    bronze_production_output: DataFrame,
    processing_units: DataFrame,
    refineries: DataFrame,
    products: DataFrame,
    crude_types: DataFrame,
) -> DataFrame:
    unit = (
        *("unit_name", "unit_type", "unit_subtype", "design_efficiency"),
        F.col("capacity_bpd").alias("unit_capacity_bpd"),
    )
    charge = F.col("input_volume_barrels")
    made = F.col("output_volume_barrels") + F.coalesce("coproduct_volume_barrels", F.lit(0))
    is_crude_unit = F.col("unit_subtype") == "Atmospheric"
    expected_yield = F.when(is_crude_unit, F.col("typical_yield_pct")).otherwise(F.col("design_efficiency"))
    return (
        bronze_production_output.transform(
            with_version_at, processing_units, on="unit_id", at="production_hour", take=unit
        )
        .transform(with_parent, refineries, on="refinery_id", take=["refinery_name"])
        .transform(
            with_parent, products, on="output_product_id", parent_key="product_id", take=PRODUCT,
            required=False,
        )
        .transform(
            with_parent, crude_types, on="input_crude_type_id", parent_key="crude_type_id",
            take=["crude_name"], required=False,
        )
        .select(
            "*",
            is_crude_unit.alias("is_crude_unit"),
            expected_yield.alias("expected_yield"),
            F.when(charge > 0, share(F.col("yield_percentage"), expected_yield)).alias("efficiency_ratio"),
            share(charge, F.col("unit_capacity_bpd") / 24.0).alias("capacity_utilization"),
            share(F.col("energy_consumed_mmbtu"), made).alias("energy_per_barrel"),
            (F.abs(made - charge) <= BALANCE_TOLERANCE * charge + 1).alias("is_balanced"),
            celsius("operating_temperature_f").alias("operating_temperature_c"),
            F.to_date("production_hour").alias("production_date"),
        )
        .transform(
            rejected_when(
                "charges crude, but is no crude unit",
                F.col("input_crude_type_id").isNotNull() & ~F.col("is_crude_unit"),
            )
        )
        .drop("typical_yield_pct")
    )  # fmt: skip
