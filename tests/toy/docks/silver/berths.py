"""Berths as they are now, from the change data feed of the harbour's own Delta table."""

from pyspark.sql import DataFrame

from headrace.tables import Changes, Table

TABLE = Table(key="berth_id", write=Changes())


def berths(bronze_berths: DataFrame) -> DataFrame:
    return bronze_berths
