"""Each refinery's day. Units stand in series, so crude and products are counted at the crude units only.

The seed divides downtime by the number of units times one hour; over a day that is 24 times too much. Here it
is the share of all unit-hours. `downtime_percentage` and `capacity_utilization` are fractions like the rest.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.measures import share
from headrace.tables import Replace, Table

TABLE = Table(
    key=("refinery_id", "production_date"),
    partition="production_date",
    write=Replace(follows={"production_output": "production_date"}),
    description="Production, utilisation, energy, downtime and quality of each refinery and day.",
)

REFINERY = ("refinery_id", "refinery_name", "location_city", "location_state", "capacity_bpd")


def refinery_kpis(production_output: DataFrame, refineries: DataFrame) -> DataFrame:
    made = F.col("output_volume_barrels") + F.coalesce("coproduct_volume_barrels", F.lit(0))
    charge = F.col("input_volume_barrels")
    days = production_output.groupBy("refinery_id", "production_date").agg(
        F.coalesce(of_crude_units(charge), F.lit(0)).alias("total_crude_processed"),
        F.coalesce(of_crude_units(made), F.lit(0)).alias("total_products_produced"),
        F.sum("energy_consumed_mmbtu").alias("_energy"),
        F.sum("downtime_minutes").alias("total_downtime_minutes"),
        F.count("*").alias("unit_hours"),
        share(F.count_if(F.col("quality_grade") == "On-Spec"), F.count("quality_grade")).alias(
            "on_spec_rate"
        ),
        share(F.sum(F.col("efficiency_ratio") * charge), weight_of(charge)).alias("efficiency_ratio"),
    )
    return days.join(F.broadcast(refineries.select(*REFINERY)), on="refinery_id", how="inner").select(
        *REFINERY,
        *("production_date", "total_crude_processed", "total_products_produced"),
        share(F.col("total_products_produced"), F.col("total_crude_processed")).alias("overall_yield"),
        share(F.col("total_crude_processed"), F.col("capacity_bpd")).alias("capacity_utilization"),
        share(F.col("_energy"), F.col("total_products_produced")).alias("energy_intensity"),
        "total_downtime_minutes",
        (F.col("total_downtime_minutes") / (F.col("unit_hours") * 60)).alias("downtime_percentage"),
        *("on_spec_rate", "efficiency_ratio", "unit_hours"),
    )


def of_crude_units(barrels: Column) -> Column:
    return F.sum(F.when(F.col("is_crude_unit"), barrels))


def weight_of(charge: Column) -> Column:
    return F.sum(F.when(F.col("efficiency_ratio").isNotNull(), charge))
