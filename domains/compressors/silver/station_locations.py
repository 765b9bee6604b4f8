"""The stations, a version for each change."""

from pyspark.sql import DataFrame

from headrace.tables import History, Table

TABLE = Table(key="station_id", write=History(), description="Stations, a version for each change.")


def station_locations(bronze_station_locations: DataFrame) -> DataFrame:
    return bronze_station_locations
