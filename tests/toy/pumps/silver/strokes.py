"""Strokes, judged against the pump that made them."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Append, Table, rejected_when, with_version_at

TABLE = Table(key="stroke_id", event_time="stroke_at", partition="stroke_date", write=Append())


def strokes(bronze_strokes: DataFrame, pumps: DataFrame) -> DataFrame:
    return (
        with_version_at(bronze_strokes, pumps, on="pump_id", at="stroke_at", take=["max_bar", "is_active"])
        .transform(rejected_when("pump is inactive", ~F.col("is_active")))
        .withColumns({"is_high": F.col("bar") > F.col("max_bar"), "stroke_date": F.to_date("stroke_at")})
        .drop("is_active")
    )
