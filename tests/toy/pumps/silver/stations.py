"""Stations, as they are now."""

from pyspark.sql import DataFrame

from headrace.tables import Table, Upsert

TABLE = Table(key="station_id", write=Upsert(order="_sent_at"))


def stations(bronze_stations: DataFrame) -> DataFrame:
    return bronze_stations
