"""What the customers below each transformer used in each hour of the local clock, by validated reads.

Spikes and gaps are replaced by their estimates, and what is estimated is told beside what was measured. A customer
counts for the transformer that fed them at the time.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.grid.history import RECORDS
from domains.grid.local_time import hour_start_before, local_hour_before
from headrace.tables import REASONS, Replace, Table, count_of, with_version_at

TABLE = Table(
    key=("transformer_id", "hour_start"),
    partition="reading_date",
    cluster=("transformer_id",),
    write=Replace(follows={"validated_reads": "reading_date"}),
    description="Energy of each transformer and hour by validated reads, with what of it is estimated.",
)


def consumption_hours(
    validated_reads: DataFrame, customer_master: DataFrame, network_model: DataFrame
) -> DataFrame:
    is_measured = F.col("state") == "MEASURED"
    return (
        validated_reads.select("meter_id", "customer_id", "interval_end", "reading_date", "kwh", "state")
        .transform(
            with_version_at,
            customer_master,
            on="customer_id",
            at="interval_end",
            take=("transformer_id", "region"),
            names=RECORDS,
        )
        .drop(REASONS)
        .withColumns(
            {
                "hour_start": hour_start_before("interval_end"),
                "local_hour": local_hour_before("interval_end"),
            }
        )
        .groupBy("transformer_id", "region", "reading_date", "hour_start", "local_hour")
        .agg(
            F.sum("kwh").alias("used_kwh"),
            F.coalesce(F.sum(F.when(~is_measured, F.col("kwh"))), F.lit(0.0)).alias("estimated_kwh"),
            count_of(F.col("kwh").isNull()).alias("missing_half_hours"),
            F.countDistinct("meter_id").alias("meters"),
        )
        .transform(with_version_at, network_model, on="transformer_id", at="hour_start", take=("grid_zone",))
        .drop(REASONS)
    )
