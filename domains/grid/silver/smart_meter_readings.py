"""Readings of smart meters, with the customer as they were when the meter was read.

A reading names its meter and its customer. Where the customer has another meter in the customer master, the reading is
kept and flagged: whose energy it is, nobody knows.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.grid.history import RECORDS
from domains.grid.local_time import hour_start_before, local_day_before, local_hour_before
from headrace.tables import Append, Table, with_version_at

TABLE = Table(
    key="event_id",
    event_time="timestamp",
    partition="reading_date",
    cluster=("meter_id", "timestamp"),
    write=Append(),
    description="Half-hours of each meter, with the customer, tariff and transformer of that time.",
)


def smart_meter_readings(bronze_smart_meter_readings: DataFrame, customer_master: DataFrame) -> DataFrame:
    customer = (
        *("transformer_id", "tariff_category", "connection_type", "sanctioned_load_kw", "account_status"),
        F.col("meter_id").alias("_customers_meter"),
    )
    return (
        bronze_smart_meter_readings.transform(
            with_version_at, customer_master, on="customer_id", at="timestamp", take=customer, names=RECORDS
        )
        .select(
            "*",
            (F.col("meter_id") == F.col("_customers_meter")).alias("is_customers_meter"),
            local_day_before("timestamp").alias("reading_date"),
            local_hour_before("timestamp").alias("local_hour"),
            hour_start_before("timestamp").alias("hour_start"),
        )
        .drop("_customers_meter")
    )
