"""Turns of valves."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Append, Table

TABLE = Table(key="turn_id", event_time="turned_at", partition="turned_date", write=Append())


def turns(bronze_turns: DataFrame) -> DataFrame:
    return bronze_turns.withColumn("turned_date", F.to_date("turned_at"))
