"""Customers with their history: a version for each change, from the day on that the source names."""

from pyspark.sql import DataFrame

from domains.grid.history import RECORDS
from headrace.tables import History, Table, with_parent

TABLE = Table(
    key="customer_id",
    write=History(effective="record_effective_date", names=RECORDS),
    description="Customers with their meter, tariff and transformer, a version for each change.",
)


def customer_master(bronze_customer_master: DataFrame, transformer_master: DataFrame) -> DataFrame:
    transformers = transformer_master.select("transformer_id").distinct()
    return bronze_customer_master.transform(with_parent, transformers, on="transformer_id")
