"""The energy balance of each zone and day: the sum of its transformers of which both sides are known."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Replace, Table, share

TABLE = Table(
    key=("region", "grid_zone", "balance_date"),
    partition="balance_date",
    write=Replace(follows={"energy_balance": "balance_date"}),
    description="Delivered, metered, lost and unexplained energy of each zone and day.",
)

HOURS = 24


def zone_balance(energy_balance: DataFrame) -> DataFrame:
    parts = ("delivered", "metered", "unmetered", "losses", "unexplained")
    known = energy_balance.where(F.col("unexplained_kw").isNotNull())
    return (
        known.groupBy("region", "grid_zone", "balance_date")
        .agg(
            F.count("*").alias("transformers"),
            *((HOURS / 1000 * F.sum(f"{part}_kw")).alias(f"{part}_mwh") for part in parts),
        )
        .withColumns(
            {
                "loss_share": share(F.col("losses_mwh") + F.col("unexplained_mwh"), F.col("delivered_mwh")),
                "unexplained_share": share(F.col("unexplained_mwh"), F.col("delivered_mwh")),
            }
        )
    )
