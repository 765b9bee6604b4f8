"""The machines with their history; what opens a version is where a machine stands and what it is, not each service."""

from pyspark.sql import DataFrame

from headrace.tables import History, Table, only_current, with_parent

TABLE = Table(
    key="compressor_id",
    write=History(tracked=("station_id", "manufacturer", "model", "rated_horsepower", "stages")),
    description="Machines, a version for each change of place or make.",
)


def compressor_metadata(bronze_compressor_metadata: DataFrame, station_locations: DataFrame) -> DataFrame:
    stations = station_locations.transform(only_current)
    return bronze_compressor_metadata.transform(
        with_parent, stations, on="station_id", take=("station_name", "city")
    )
