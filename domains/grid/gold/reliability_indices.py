"""How reliable supply is, by region and month: SAIDI, SAIFI and CAIDI of IEEE 1366.

Only sustained interruptions count, of more than five minutes, and only those in which a breaker tripped. The customers
are those of all transformers that are in service, with those without a smart meter. `days` says how much of the month
is known; outages that somebody planned are told beside the indices and are no part of them.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.grid.history import RECORDS
from domains.grid.local_time import local
from headrace.tables import Table, Whole, only_current, share

TABLE = Table(
    key=("region", "month"),
    write=Whole(),
    description="SAIDI, SAIFI and CAIDI of each region and month.",
)

SUSTAINED_MINUTES = 5


def reliability_indices(
    interruptions: DataFrame, transformer_days: DataFrame, transformer_master: DataFrame
) -> DataFrame:
    month = F.date_trunc("month", local("began_at")).cast("date").alias("month")
    counted = interruptions.where(
        (F.col("breaker_status") == "TRIPPED") & (F.col("minutes") > SUSTAINED_MINUTES)
    )
    planned = (
        interruptions.where("breaker_status = 'OPEN'")
        .groupBy("region", month)
        .agg(F.sum("customer_minutes").alias("planned_customer_minutes"))
    )
    sums = counted.groupBy("region", month).agg(
        F.count("*").alias("interruptions"),
        F.sum("customers").alias("customer_interruptions"),
        F.sum("customer_minutes").alias("customer_minutes"),
    )
    served = (
        transformer_master.transform(only_current, RECORDS)
        .where("status != 'DECOMMISSIONED'")
        .groupBy("region")
        .agg(F.sum("customers_served").alias("customers"))
    )
    months = transformer_days.select(
        "region", "telemetry_date", F.date_trunc("month", "telemetry_date").cast("date").alias("month")
    ).distinct()
    months = months.groupBy("region", "month").agg(F.count("*").alias("days"))
    zero = {
        name: F.coalesce(name, F.lit(0))
        for name in (
            "interruptions",
            "customer_interruptions",
            "customer_minutes",
            "planned_customer_minutes",
        )
    }
    return (
        months.join(F.broadcast(served), on="region", how="inner")
        .join(sums, on=["region", "month"], how="left")
        .join(planned, on=["region", "month"], how="left")
        .withColumns(zero)
        .withColumns(
            {
                "saidi_minutes": share(F.col("customer_minutes"), F.col("customers")),
                "saifi": share(F.col("customer_interruptions"), F.col("customers")),
                "caidi_minutes": share(F.col("customer_minutes"), F.col("customer_interruptions")),
            }
        )
    )
