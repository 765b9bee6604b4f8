"""Harbour dues of each month, as the harbour billed them last."""

from pyspark.sql import DataFrame

from headrace.tables import Newest, Table, with_parent

TABLE = Table(key="due_id", partition="month", write=Newest(period="month"))


def harbour_dues(bronze_harbour_dues: DataFrame, vessels: DataFrame) -> DataFrame:
    return with_parent(bronze_harbour_dues, vessels.select("vessel_id").distinct(), on="vessel_id")
