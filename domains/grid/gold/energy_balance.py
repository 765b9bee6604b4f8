"""What each transformer delivered on a day, and where it went: meters, unmetered load, losses, and what is left over.

Delivered is the mean load that its device measured; metered is the mean of its meters, each by the half-hours that
are known of it, spikes left out. Unmetered is the planners' share of what arrives behind the losses, which are
calculated from the load: it does not shrink where somebody steals. What is left is unexplained: theft, or a share that
is wrong. It is told where most of a day is known on both sides, by what the planners knew of that day.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.grid.measures import KW, losses_kw
from headrace.tables import REASONS, Replace, Table, share, with_version_at

TABLE = Table(
    key=("transformer_id", "balance_date"),
    partition="balance_date",
    cluster=("transformer_id",),
    write=Replace(follows={"transformer_days": "telemetry_date", "meter_days": "reading_date"}),
    description="Delivered, metered, unmetered, lost and unexplained energy of each transformer and day.",
)

MESSAGES_A_DAY, LEAST_COVERAGE = 96, 0.5


def energy_balance(transformer_days: DataFrame, meter_days: DataFrame, network_model: DataFrame) -> DataFrame:
    meters = meter_days.groupBy("transformer_id", F.col("reading_date").alias("balance_date")).agg(
        F.sum("mean_kw").alias("metered_kw"),
        F.count("*").alias("meters"),
        F.min("coverage").alias("meter_coverage"),
    )
    model = ("grid_zone", "metered_share", "no_load_loss_kw", "full_load_loss_fraction")
    days = (
        transformer_days.withColumnRenamed("telemetry_date", "balance_date")
        .join(meters, on=["transformer_id", "balance_date"], how="left")
        .withColumn("_begins", F.col("balance_date").cast("timestamp"))
        .transform(with_version_at, network_model, on="transformer_id", at="_begins", take=model)
        .drop("_begins", REASONS)
    )
    losses = losses_kw(F.col("mean_load_mw_squared"), F.col("capacity_mw"))
    unmetered = (F.col("mean_load_mw") * KW - losses) * (1 - F.col("metered_share"))
    device_coverage = F.least(F.col("messages") / MESSAGES_A_DAY, F.lit(1.0))
    return days.select(
        *("transformer_id", "balance_date", "region", "grid_zone", "substation_id", "capacity_kva"),
        F.coalesce("meters", F.lit(0)).alias("meters"),
        device_coverage.alias("device_coverage"),
        F.coalesce("meter_coverage", F.lit(0.0)).alias("meter_coverage"),
        (F.col("mean_load_mw") * KW).alias("delivered_kw"),
        "metered_kw",
        unmetered.alias("unmetered_kw"),
        losses.alias("losses_kw"),
    ).transform(with_unexplained)


def with_unexplained(days: DataFrame) -> DataFrame:
    is_known = (F.col("device_coverage") >= LEAST_COVERAGE) & (F.col("meter_coverage") >= LEAST_COVERAGE)
    arrived = F.col("delivered_kw") - F.col("losses_kw")
    left = F.when(is_known, arrived - F.col("metered_kw") - F.col("unmetered_kw"))
    return days.withColumns({"unexplained_kw": left, "unexplained_share": share(left, arrived)})
