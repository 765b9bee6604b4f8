"""Outages of transformers, from the position of their breakers: one row from the trip to the return of supply.

An outage begins with the first message of a tripped breaker and ends a quarter of an hour after the last one. A breaker
that is open was opened by somebody: that is told apart, and no interruption that counts against reliability.
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from headrace.tables import Table, Whole

TABLE = Table(
    key=("transformer_id", "began_at"),
    write=Whole(),
    may_be_empty=True,
    description="Outages of each transformer with their length and the customers that were without supply.",
)

QUARTER_HOUR, LONGEST_SILENCE = 900, 2700


def interruptions(substation_telemetry: DataFrame) -> DataFrame:
    off = substation_telemetry.where("breaker_status in ('TRIPPED', 'OPEN')").select(
        *("transformer_id", "substation_id", "region", "state", "customers_served", "breaker_status"),
        "timestamp",
        F.unix_seconds("timestamp").alias("_second"),
    )
    in_order = Window.partitionBy("transformer_id").orderBy("_second")
    begins = (F.col("_second") - F.lag("_second").over(in_order) > LONGEST_SILENCE) | (
        F.lag("breaker_status").over(in_order) != F.col("breaker_status")
    )
    numbered = off.withColumn("_begins", F.coalesce(begins, F.lit(True)).cast("int")).withColumn(
        "_number", F.sum("_begins").over(in_order)
    )
    minutes = (F.max("_second") - F.min("_second") + QUARTER_HOUR) / 60
    return (
        numbered.groupBy("transformer_id", "_number")
        .agg(
            *(F.first(name).alias(name) for name in ("substation_id", "region", "state")),
            F.first("breaker_status").alias("breaker_status"),
            F.min("timestamp").alias("began_at"),
            minutes.alias("minutes"),
            F.max("customers_served").alias("customers"),
        )
        .withColumn("customer_minutes", F.col("minutes") * F.col("customers"))
        .drop("_number")
    )
