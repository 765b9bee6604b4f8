"""Each unit's last 30 days beside its design and beside its peers, the units of its subtype everywhere.

Peers are compared by median and median distance, so that one bad unit does not move the mark it is held to.
"""

from datetime import datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.refinery.measures import weighted_mean
from headrace.tables import Table, Whole, instant, share

TABLE = Table(
    key="unit_id",
    write=Whole(),
    description="Efficiency, utilisation, energy and downtime of each unit against its peers and its design.",
)

DAYS = 30
FEWEST_PEERS = 3
DISTANCES = 2.5
LEAST_GAP = 0.01
BELOW_DESIGN = 0.97


def unit_performance(production_output: DataFrame, as_of: datetime) -> DataFrame:
    units = unit_months(production_output, as_of)
    kind = ["unit_type", "unit_subtype"]
    efficiency = F.col("efficiency_ratio")
    centre = units.groupBy(*kind).agg(
        F.median(efficiency).alias("peer_efficiency"), F.count("*").alias("peers")
    )
    compared = units.join(F.broadcast(centre), on=kind, how="left")
    gap = efficiency - F.col("peer_efficiency")
    distances = compared.groupBy(*kind).agg((1.4826 * F.median(F.abs(gap))).alias("_distance"))
    tolerated = F.greatest(F.lit(LEAST_GAP), DISTANCES * F.col("_distance"))
    is_below_peers = (F.col("peers") >= FEWEST_PEERS) & (gap < -tolerated)
    return (
        compared.join(F.broadcast(distances), on=kind, how="left")
        .select(
            "*",
            gap.alias("efficiency_gap_to_peers"),
            F.coalesce(is_below_peers, F.lit(False)).alias("is_below_peers"),
            F.coalesce(efficiency < BELOW_DESIGN, F.lit(False)).alias("is_below_design"),
        )
        .drop("_distance")
    )


def unit_months(production_output: DataFrame, as_of: datetime) -> DataFrame:
    first_day = (as_of - timedelta(days=DAYS)).date()
    charge = F.col("input_volume_barrels")
    made = F.col("output_volume_barrels") + F.coalesce("coproduct_volume_barrels", F.lit(0))
    recent = production_output.where(
        (F.col("production_date") >= F.lit(first_day)) & (F.col("production_hour") <= instant(as_of))
    )
    first, last = F.min("production_hour"), F.max("production_hour")
    hours_between = (F.unix_seconds(last) - F.unix_seconds(first)) / 3600 + 1
    return recent.groupBy("refinery_id", "unit_id", "unit_name", "unit_type", "unit_subtype").agg(
        F.count("*").alias("hours"),
        share(F.count("*"), hours_between).alias("coverage"),
        weighted_mean("efficiency_ratio", charge).alias("efficiency_ratio"),
        F.avg("capacity_utilization").alias("capacity_utilization"),
        share(F.sum("energy_consumed_mmbtu"), F.sum(made)).alias("energy_per_barrel"),
        (F.sum("downtime_minutes") / (F.count("*") * 60)).alias("downtime_percentage"),
    )
