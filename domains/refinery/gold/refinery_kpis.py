"""Each refinery's day. Units stand in series, so crude and products are counted at the crude units only.

Totals are of the hours that came through. An hour that was set aside is not an hour without charge: rates and shares
are by the hours that were observed, unit by unit, and `coverage` says how many of the day's they were.
The seed divides downtime by the number of units times one hour; over a day that is 24 times too much. Here it
is the share of all unit-hours. `downtime_percentage` and `capacity_utilization` are fractions like the rest.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.measures import api_gravity, specific_gravity
from headrace.tables import Replace, Table, share

TABLE = Table(
    key=("refinery_id", "production_date"),
    partition="production_date",
    write=Replace(follows={"production_output": "production_date"}),
    description="Production, utilisation, energy, downtime and quality of each refinery and day.",
)

REFINERY = ("refinery_id", "refinery_name", "location_city", "location_state", "capacity_bpd")


def refinery_kpis(production_output: DataFrame, refineries: DataFrame, crude_types: DataFrame) -> DataFrame:
    days = (
        unit_days(production_output, crude_types)
        .groupBy("refinery_id", "production_date")
        .agg(
            *(F.coalesce(F.sum(f"_{name}"), F.lit(0)).alias(name) for name in TOTALS),
            *(F.sum(name).alias(name) for name in SUMS),
            *(
                F.coalesce(F.sum(F.col(f"_{name}") / F.col("_hours")), F.lit(0.0)).alias(f"_{name}_an_hour")
                for name in RATES
            ),
            F.count("*").alias("_units"),
            F.max("_last_hour").alias("_last_hour"),
            F.min("_first_hour").alias("_first_hour"),
        )
    )
    hours_of_day = F.col("_last_hour") - F.col("_first_hour") + 1
    weight = F.col("_weight")
    return days.join(F.broadcast(refineries.select(*REFINERY)), on="refinery_id", how="inner").select(
        *REFINERY,
        *("production_date", *TOTALS),
        share(F.col("total_products_produced"), F.col("total_crude_processed")).alias("overall_yield"),
        (24 * F.col("_total_crude_processed_an_hour")).alias("crude_barrels_per_day"),
        share(24 * F.col("_total_crude_processed_an_hour"), F.col("capacity_bpd")).alias(
            "capacity_utilization"
        ),
        share(F.col("_energy_an_hour"), F.col("_total_products_produced_an_hour")).alias("energy_intensity"),
        "total_downtime_minutes",
        (F.col("total_downtime_minutes") / (F.col("unit_hours") * 60)).alias("downtime_percentage"),
        share(F.col("_on_spec"), F.col("graded_hours")).alias("on_spec_rate"),
        share(F.col("_efficient_charge"), F.col("efficiency_charge")).alias("efficiency_ratio"),
        api_gravity(share(weight, F.col("_assayed"))).alias("charge_api_gravity"),
        share(F.col("_sulfur"), weight).alias("charge_sulfur_pct"),
        *("unit_hours", "graded_hours", "efficiency_charge"),
        (F.col("unit_hours") / (F.col("_units") * hours_of_day)).alias("coverage"),
    )


MEETS_SPECIFICATION = ("On-Spec", "Premium")
TOTALS = ("total_crude_processed", "total_products_produced")
RATES = (*TOTALS, "energy")
SUMS = (
    *("total_downtime_minutes", "unit_hours", "graded_hours", "_on_spec"),
    *("efficiency_charge", "_efficient_charge", "_weight", "_assayed", "_sulfur"),
)


def unit_days(production_output: DataFrame, crude_types: DataFrame) -> DataFrame:
    """Sums of each unit and day over the hours that were observed; `_weight` is that of the crude, water being 1."""
    made = F.col("output_volume_barrels") + F.coalesce("coproduct_volume_barrels", F.lit(0))
    charge, efficiency = F.col("input_volume_barrels"), F.col("efficiency_ratio")
    assay = crude_types.select(
        F.col("crude_type_id").alias("input_crude_type_id"),
        specific_gravity(F.col("api_gravity_typical")).alias("_gravity"),
        F.col("sulfur_content_typical").alias("_sulfur_pct"),
    )
    weight = charge * F.col("_gravity")
    hour = F.hour("production_hour")
    return (
        production_output.join(F.broadcast(assay), on="input_crude_type_id", how="left")
        .groupBy("refinery_id", "unit_id", "production_date")
        .agg(
            of_crude_units(charge).alias("_total_crude_processed"),
            of_crude_units(made).alias("_total_products_produced"),
            F.sum("energy_consumed_mmbtu").alias("_energy"),
            F.sum("downtime_minutes").alias("total_downtime_minutes"),
            F.count("*").alias("unit_hours"),
            F.count("*").alias("_hours"),
            F.count("quality_grade").alias("graded_hours"),
            F.count_if(F.col("quality_grade").isin(*MEETS_SPECIFICATION)).alias("_on_spec"),
            F.sum(F.when(efficiency.isNotNull(), charge)).alias("efficiency_charge"),
            F.sum(efficiency * charge).alias("_efficient_charge"),
            F.sum(weight).alias("_weight"),
            F.sum(F.when(F.col("_gravity").isNotNull(), charge)).alias("_assayed"),
            F.sum(weight * F.col("_sulfur_pct")).alias("_sulfur"),
            F.min(hour).alias("_first_hour"),
            F.max(hour).alias("_last_hour"),
        )
    )


def of_crude_units(barrels: Column) -> Column:
    return F.sum(F.when(F.col("is_crude_unit"), barrels))
