"""Lifts of cranes."""

from pyspark.sql import DataFrame

from headrace.tables import Append, Table

TABLE = Table(write=Append(), key="lift_id", event_time="lifted_at", description="Lifts.")


def lifts(bronze_lifts: DataFrame) -> DataFrame:
    return bronze_lifts
