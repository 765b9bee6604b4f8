"""Orders still open, with their age."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Whole

TABLE = Table(key="order_id", write=Whole())


def open_orders(orders: DataFrame, as_of: datetime) -> DataFrame:
    is_open = F.col("status") == "OPEN"
    age = F.datediff(F.lit(as_of), "updated_at").alias("age_days")
    return orders.where(is_open).select("order_id", "station_name", "updated_at", age)
