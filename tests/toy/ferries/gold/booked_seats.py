"""Passengers booked on each vessel in service, and the seats that are left."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Whole, only_current

TABLE = Table(key="vessel_id", write=Whole())


def booked_seats(bookings: DataFrame, vessels: DataFrame) -> DataFrame:
    booked = bookings.groupBy("vessel_id").agg(F.sum("passengers").alias("booked"))
    served = only_current(vessels).select("vessel_id", "seats").join(booked, on="vessel_id", how="left")
    return served.withColumn("left", F.col("seats") - F.coalesce("booked", F.lit(0)))
