"""Positions of vessels."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Append, Table

TABLE = Table(key="position_id", event_time="seen_at", partition="seen_date", write=Append())


def positions(bronze_positions: DataFrame) -> DataFrame:
    return bronze_positions.withColumn("seen_date", F.to_date("seen_at"))
