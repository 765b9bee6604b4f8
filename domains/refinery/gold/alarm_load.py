"""How many alarms the operator of each refinery is told of, hour by hour, against what ISA-18.2 calls acceptable.

Six an hour can be dealt with, twelve at most; more than ten in ten minutes is a flood. An hour without any has no row.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Replace, Table, count_of

TABLE = Table(
    key=("refinery_id", "hour_start"),
    event_time="hour_start",
    partition="event_date",
    write=Replace(follows={"alarms": "event_date"}),
    description="Alarms by refinery and hour, and whether they are more than an operator can take.",
    may_be_empty=True,
)

ACCEPTABLE, MANAGEABLE = 6, 12  # an hour and operator, ISA-18.2


def alarm_load(alarms: DataFrame) -> DataFrame:
    told = F.col("is_annunciated")
    annunciated = F.col("annunciated_count")
    return (
        alarms.where(F.col("console").isNotNull())
        .groupBy(
            F.col("console").alias("refinery_id"),
            F.date_trunc("hour", "event_at").alias("hour_start"),
            "event_date",
        )
        .agg(
            count_of(told).alias("annunciated_count"),
            count_of(told & (F.col("priority") == "high")).alias("high_count"),
            count_of(told & (F.col("priority") == "medium")).alias("medium_count"),
            count_of(told & (F.col("priority") == "low")).alias("low_count"),
            count_of(F.col("event") == "raised").alias("raised_count"),
            count_of((F.col("event") == "raised") & (F.col("state") == "suppressed")).alias(
                "suppressed_count"
            ),
            count_of((F.col("event") == "shelved") & (F.col("acted_by") == "chatter")).alias(
                "chattering_count"
            ),
            count_of(F.col("event") == "acknowledged").alias("acknowledged_count"),
            count_of(F.col("event") == "flood_began").alias("flood_count"),
        )
        .withColumn(
            "load_status",
            F.when(annunciated > MANAGEABLE, "OVERLOADED")
            .when(annunciated > ACCEPTABLE, "MANAGEABLE")
            .otherwise("ACCEPTABLE"),
        )
    )
