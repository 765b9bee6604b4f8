"""Each alarm as it is now: the projection of what happened to it, operators' doings among that.

An alarm that comes back before it was acknowledged, or lapsed, is the same one. Its severity, priority and limit are of
the worst that it reached. What an instrument does (silent, stuck) is an alarm too, of maintenance; it has no value.
"""

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.compressors.signals import LIMITED, rank_of, status_at
from headrace.tables import Table, Whole, count_of

TABLE = Table(
    key="alert_id",
    write=Whole(),
    may_be_empty=True,
    description="Each alarm: machine, signal, severity, state, when it was raised, and who acknowledged it.",
)

PRIORITIES = ("low", "medium", "high")
BEYOND = ("raised", "escalated")
"""Events that tell a value beyond a limit."""


def alert_history(alarms: DataFrame, sensor_features: DataFrame) -> DataFrame:
    happened, rank = F.col("event"), rank_of(F.col("severity"))
    is_raised, is_of_limit = happened == "raised", F.col("kind") == "limit"
    alerts = (
        alarms.where(F.col("alarm_id").isNotNull() & (happened != "refused"))
        .groupBy(F.col("alarm_id").alias("alert_id"))
        .agg(
            *(newest(name) for name in ("group_id", "console", "subject", "kind", "state")),
            priority_at(F.max(F.array_position(F.array(*map(F.lit, PRIORITIES)), F.col("priority")))),
            status_at(F.max(rank)).alias("severity"),
            F.min("since").alias("began_at"),
            F.min(F.when(is_raised, F.col("event_at"))).alias("raised_at"),
            count_of(is_raised).alias("times_raised"),
            newest("event_at", "cleared").alias("_cleared_at"),
            newest("event", "raised", "cleared").alias("_last"),
            newest("event_at", "acknowledged").alias("acknowledged_at"),
            newest("acted_by", "acknowledged").alias("acknowledged_by"),
            newest("until").alias("shelved_until"),
            F.max(F.when(is_of_limit & happened.isin(*BEYOND), F.col("value"))).alias("_told"),
            F.max_by(F.when(is_of_limit, F.col("limit_value")), rank).alias("limit"),
        )
        .withColumn("is_on", F.col("_last") == "raised")
        .withColumn("cleared_at", F.when(~F.col("is_on"), F.col("_cleared_at")))
        .withColumn("signal", F.substring_index("subject", "/", -1))
    )
    return alerts.join(highest_of(alerts, sensor_features), on="alert_id", how="left").select(
        "alert_id",
        F.col("group_id").alias("compressor_id"),
        F.col("console").alias("station_id"),
        *("signal", "kind", "priority", "severity", "state", "is_on"),
        *("began_at", "raised_at", "times_raised", "cleared_at"),
        *("acknowledged_at", "acknowledged_by", "shelved_until"),
        F.greatest("_told", "_highest").alias("highest"),
        "limit",
    )


def newest(name: str, *events: str) -> Column:
    """A column of an alarm's newest event, of all or of these kinds; null where there was none."""
    number = F.col("event_number")
    return F.max_by(name, F.when(F.col("event").isin(*events), number) if events else number).alias(name)


def priority_at(place: Column) -> Column:
    return F.array(*map(F.lit, PRIORITIES))[place.cast("int") - 1].alias("priority")


def highest_of(alerts: DataFrame, sensor_features: DataFrame) -> DataFrame:
    """The highest value while an alarm was on, spikes damped: events tell it only where they happened."""
    beyond = reduce(
        DataFrame.unionByName,
        (
            sensor_features.where(F.col(f"{name}_status") != "normal").select(
                F.col("compressor_id").alias("group_id"),
                F.lit(name).alias("signal"),
                "timestamp",
                F.col(signal).alias("_value"),
            )
            for name, signal in LIMITED.items()
        ),
    )
    spans = alerts.where("kind = 'limit'").select(
        *("alert_id", "group_id", "signal", "began_at"),
        F.coalesce("cleared_at", F.lit("9999-12-31").cast("timestamp")).alias("_ends"),
    )
    return (
        beyond.join(F.broadcast(spans), on=["group_id", "signal"])
        .where(F.col("timestamp").between(F.col("began_at"), F.col("_ends")))
        .groupBy("alert_id")
        .agg(F.max("_value").alias("_highest"))
    )
