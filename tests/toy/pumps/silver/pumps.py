"""Pumps, with their history."""

from pyspark.sql import DataFrame

from headrace.tables import History, Table, with_parent

TABLE = Table(key="pump_id", write=History())


def pumps(bronze_pumps: DataFrame, stations: DataFrame) -> DataFrame:
    return with_parent(bronze_pumps, stations, on="station_id", take=["station_name"])
