"""Each refinery's week beside the week before. A week begins on Monday; `days` says how much of it is in.

A day weighs by what it stands for: by the charge whose efficiency is known, by graded hours, by the crude processed.
The three are here too, so that a mean over refineries can be weighted by them.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from domains.refinery.measures import weighted_mean
from headrace.tables import Table, Whole, share

TABLE = Table(
    key=("refinery_id", "week_start"),
    write=Whole(),
    description="Weekly production, efficiency and downtime of each refinery, and the change in a week.",
)

COMPARED = ("capacity_utilization", "overall_yield", "efficiency_ratio", "energy_intensity")
ALSO = ("downtime_percentage", "on_spec_rate")


def weekly_trend(refinery_kpis: DataFrame) -> DataFrame:
    crude, made = F.sum("total_crude_processed"), F.sum("total_products_produced")
    hours, capacity = F.sum("unit_hours"), F.col("capacity_bpd")
    week = F.date_trunc("week", "production_date").cast("date")
    weeks = refinery_kpis.groupBy("refinery_id", "refinery_name", week.alias("week_start")).agg(
        F.count("*").alias("days"),
        F.sum(capacity).alias("capacity_barrels"),
        crude.alias("total_crude_processed"),
        made.alias("total_products_produced"),
        weighted_mean("capacity_utilization", capacity).alias("capacity_utilization"),
        share(made, crude).alias("overall_yield"),
        weighted_mean("efficiency_ratio", F.col("efficiency_charge")).alias("efficiency_ratio"),
        weighted_mean("energy_intensity", F.col("total_products_produced")).alias("energy_intensity"),
        (F.sum("total_downtime_minutes") / (hours * 60)).alias("downtime_percentage"),
        weighted_mean("on_spec_rate", F.col("graded_hours")).alias("on_spec_rate"),
        *(F.sum(name).alias(name) for name in ("unit_hours", "graded_hours", "efficiency_charge")),
        share(hours, F.sum(F.col("unit_hours") / F.col("coverage"))).alias("coverage"),
    )
    return weeks.select("*", *(change_of(name).alias(f"{name}_change") for name in (*COMPARED, *ALSO)))


def change_of(name: str) -> Column:
    """Since the week before; null where that week is missing."""
    by_week = Window.partitionBy("refinery_id").orderBy("week_start")
    follows = F.lag("week_start").over(by_week) == F.date_sub("week_start", 7)
    return F.when(follows, F.col(name) - F.lag(name).over(by_week))
