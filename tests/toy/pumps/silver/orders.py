"""Orders, each in its latest state."""

from pyspark.sql import DataFrame

from headrace.tables import Table, Upsert, with_parent

TABLE = Table(key="order_id", write=Upsert(order="updated_at"))


def orders(bronze_orders: DataFrame, stations: DataFrame) -> DataFrame:
    return with_parent(bronze_orders, stations, on="station_id", take=["station_name"])
