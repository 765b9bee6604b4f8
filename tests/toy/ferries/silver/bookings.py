"""Bookings as they are now, from the change feed of the booking system."""

from pyspark.sql import DataFrame

from headrace.tables import Changes, Table

TABLE = Table(key="booking_id", write=Changes())


def bookings(bronze_bookings: DataFrame) -> DataFrame:
    return bronze_bookings
