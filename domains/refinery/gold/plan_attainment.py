"""Each unit's day against its plan: what it charged and what it yielded, and why it charged less.

What is missing of the planned charge is laid to three things, which add up to it: standing longer than planned (at the
planned pace), hours of which nothing is known, and a load below the planned one, which is the rest and holds the way
back to full load after a stand. A day that has only begun is held against that part of its plan, and what was attained
against the hours of which something is known.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from headrace.tables import Replace, Table, share

TABLE = Table(
    key=("unit_id", "production_date"),
    partition="production_date",
    write=Replace(follows={"production_output": "production_date"}),
    description="Charge and yield of each unit and day against its plan, and what kept it from the plan.",
)

AS_PLANNED = 0.03  # of the planned charge: as near to it as quiet days are


def plan_attainment(production_output: DataFrame, production_plans: DataFrame) -> DataFrame:
    days = production_output.groupBy("production_date").agg(
        (F.max(F.hour("production_hour")) + 1).alias("_hours_of_day")
    )
    plans = production_plans.select(
        *(
            "unit_id",
            "unit_name",
            "unit_type",
            "unit_subtype",
            "refinery_id",
            "refinery_name",
            "is_crude_unit",
        ),
        F.col("plan_date").alias("production_date"),
        *("unit_capacity_bpd", "planned_charge_barrels", "planned_yield", "planned_stand_minutes"),
    )
    planned = plans.join(F.broadcast(days), on="production_date", how="inner")
    found = planned.join(unit_days(production_output), on=["unit_id", "production_date"], how="left")
    part = F.col("_hours_of_day") / 24
    plan, observed = F.col("planned_charge_barrels") * part, F.coalesce("_hours", F.lit(0))
    down, charge = F.coalesce("_down", F.lit(0)), F.coalesce("_charge", F.lit(0))
    pace = share(F.col("planned_charge_barrels"), 24 - F.col("planned_stand_minutes") / 60)
    unknown = F.col("_hours_of_day") - observed
    lost = found.select(
        *(
            "refinery_id",
            "refinery_name",
            "unit_id",
            "unit_name",
            "unit_type",
            "unit_subtype",
            "is_crude_unit",
        ),
        "production_date",
        plan.alias("planned_charge_barrels"),
        charge.alias("charge_barrels"),
        F.when(observed > 0, share(charge, plan - pace * unknown)).alias("attainment"),
        (plan - charge).alias("gap_barrels"),
        (pace * (down - F.col("planned_stand_minutes") * part) / 60).alias("gap_by_stand_barrels"),
        (pace * unknown).alias("gap_by_unknown_barrels"),
        F.coalesce("_cause", F.lit("Planned Maintenance")).alias("_cause"),
        "planned_yield",
        share(F.col("_made"), F.col("_charge")).alias("main_product_yield"),
        (F.col("planned_stand_minutes") * part).alias("planned_stand_minutes"),
        down.alias("downtime_minutes"),
        *("unit_capacity_bpd", observed.alias("observed_hours"), unknown.alias("unknown_hours")),
    )
    return (
        lost.withColumn(
            "gap_by_load_barrels",
            F.col("gap_barrels") - F.col("gap_by_stand_barrels") - F.col("gap_by_unknown_barrels"),
        )
        .withColumn("yield_gap", F.col("main_product_yield") - F.col("planned_yield"))
        .withColumn("reason", reason())
        .drop("_cause")
    )


def unit_days(production_output: DataFrame) -> DataFrame:
    """Sums over the hours that came through, and for what the unit stood longest."""
    keys, minutes = ["unit_id", "production_date"], F.col("_minutes")
    causes = production_output.groupBy(*keys, "downtime_cause").agg(
        F.sum("input_volume_barrels").alias("_charge"),
        F.sum("output_volume_barrels").alias("_made"),
        F.sum("downtime_minutes").alias("_minutes"),
        F.count("*").alias("_hours"),
    )
    return causes.groupBy(*keys).agg(
        *(F.sum(name).alias(name) for name in ("_charge", "_made", "_hours")),
        F.sum(minutes).alias("_down"),
        F.max(F.when(minutes > 0, F.struct(minutes, "downtime_cause")))["downtime_cause"].alias("_cause"),
    )


def reason() -> Column:
    """The largest part of the gap."""
    plan, gap = F.col("planned_charge_barrels"), F.col("gap_barrels")
    stand, unknown, load = (F.col(f"gap_by_{what}_barrels") for what in ("stand", "unknown", "load"))
    return (
        F.when(F.abs(gap) <= AS_PLANNED * plan, "as planned")
        .when(gap < 0, "above plan")
        .when((stand >= unknown) & (stand >= load), F.concat(F.lit("stand: "), F.lower("_cause")))
        .when(unknown >= load, "hours unknown")
        .otherwise("reduced load")
    )
