"""Registers of meters at midnight, in kWh by the unit and the multiplier that the head-end holds."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.grid.local_time import local_day_before
from headrace.tables import Append, Table, with_parent

TABLE = Table(
    key="read_id",
    event_time="read_at",
    partition="reading_date",
    cluster=("meter_id", "read_at"),
    write=Append(),
    description="Energy of all time by the register of each meter, at each midnight by the local clock.",
)


def register_reads(bronze_register_reads: DataFrame, customer_master: DataFrame) -> DataFrame:
    customers = customer_master.select("customer_id").distinct()
    in_kwh = F.when(F.col("unit") == "Wh", 0.001).otherwise(1.0)
    return bronze_register_reads.transform(with_parent, customers, on="customer_id").select(
        "*",
        (F.col("register_value") * F.col("multiplier") * in_kwh).alias("register_kwh"),
        local_day_before("read_at").alias("reading_date"),
    )
