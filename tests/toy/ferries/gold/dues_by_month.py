"""Harbour dues per month."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Replace, Table

TABLE = Table(key="month", partition="month", write=Replace(follows={"harbour_dues": "month"}))


def dues_by_month(harbour_dues: DataFrame) -> DataFrame:
    return harbour_dues.groupBy("month").agg(
        F.count("*").alias("dues"), F.round(F.sum("amount"), 2).alias("total")
    )
