"""Strokes per pump and day."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Replace, Table

TABLE = Table(
    key=("pump_id", "stroke_date"), partition="stroke_date", write=Replace(follows={"strokes": "stroke_date"})
)


def pump_days(strokes: DataFrame) -> DataFrame:
    return strokes.groupBy("pump_id", "stroke_date").agg(
        F.count("*").alias("stroke_count"), F.max("bar").alias("highest_bar")
    )
