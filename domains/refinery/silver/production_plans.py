"""What each unit is to charge and to yield in a day, beside what it could charge."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Append, Table, rejected_when, share, with_parent, with_version_at

TABLE = Table(
    key="plan_id",
    event_time="published_at",
    partition="published_date",
    write=Append(),
    description="Planned charge and yield of each unit and day.",
)


def production_plans(
    bronze_production_plans: DataFrame, processing_units: DataFrame, refineries: DataFrame
) -> DataFrame:
    unit = (
        *("unit_name", "unit_type", "unit_subtype"),
        F.col("capacity_bpd").alias("unit_capacity_bpd"),
    )
    return (
        bronze_production_plans.transform(
            with_version_at, processing_units, on="unit_id", at="published_at", take=unit
        )
        .transform(with_parent, refineries, on="refinery_id", take=["refinery_name"])
        .transform(
            rejected_when("is a plan for a day that was over", F.col("plan_date") < F.to_date("published_at"))
        )
        .select(
            "*",
            (F.col("unit_subtype") == "Atmospheric").alias("is_crude_unit"),
            share(F.col("planned_charge_barrels"), F.col("unit_capacity_bpd")).alias("planned_utilization"),
            F.to_date("published_at").alias("published_date"),
        )
    )
