"""Interval reads from files of the industry, with the customer who had the meter then; of a read the newest holds."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from domains.grid.history import RECORDS
from domains.grid.local_time import local_day_before
from headrace.tables import REFERS_TO_NOTHING, Table, Upsert, rejected_when

TABLE = Table(
    key="read_id",
    event_time="interval_begin",
    partition="reading_date",
    cluster=("meter_id", "interval_begin"),
    write=Upsert(order="stated_at"),
    description="Reads of meters from NEM12 and Green Button files, with their quality and the customer of that time.",
    may_be_empty=True,
)

CUSTOMER = ("customer_id", "tariff_category", "sanctioned_load_kw", "account_status")


def interval_reads(bronze_interval_reads: DataFrame, customer_master: DataFrame) -> DataFrame:
    begin, seconds = F.unix_timestamp("interval_begin"), 60 * F.least("minutes", F.lit(30))
    is_apart = (F.pmod(F.lit(30), "minutes") != 0) & (F.pmod("minutes", F.lit(30)) != 0)
    owners = owners_by_time(customer_master)
    holds = (
        (F.col("meter_id") == F.col("_meter"))
        & (F.col("interval_begin") >= F.col("_from"))
        & (F.col("interval_begin") < F.col("_to"))
    )
    orphan = F.col("customer_id").isNull() & F.col("meter_id").isNotNull()
    return (
        bronze_interval_reads.join(F.broadcast(owners), on=holds, how="left")
        .transform(rejected_when(f"meter_id {REFERS_TO_NOTHING}", orphan))
        .transform(
            rejected_when(
                "its interval is no part of a half-hour or several", is_apart | (F.pmod(begin, seconds) != 0)
            )
        )
        .drop("_meter", "_from", "_to")
        .withColumn("_end", F.timestamp_seconds(begin + seconds))
        .select(
            "*", local_day_before("_end").alias("reading_date")
        )  # of its first half-hour: others come after
        .drop("_end")
    )


def owners_by_time(customer_master: DataFrame) -> DataFrame:
    """The customer of each meter from one version to the next; of several at once the one who came last."""
    of_meter = Window.partitionBy("meter_id").orderBy(RECORDS.since, "customer_id")
    begins = F.col(RECORDS.since).cast("timestamp")
    is_first = F.row_number().over(of_meter) == 1
    return customer_master.select(
        *CUSTOMER,
        F.col("meter_id").alias("_meter"),
        F.when(is_first, F.lit("0001-01-01").cast("timestamp")).otherwise(begins).alias("_from"),
        F.coalesce(F.lead(begins).over(of_meter), F.lit("9999-12-31").cast("timestamp")).alias("_to"),
    )
