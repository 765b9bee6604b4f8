"""Vessels in service, with their history: one that is left out of a day's list is out of service."""

from pyspark.sql import DataFrame

from headrace.tables import History, Table

TABLE = Table(key="vessel_id", write=History())


def vessels(bronze_vessels: DataFrame) -> DataFrame:
    return bronze_vessels
