"""What EEMUA 191 and ISA-18.2 ask of an alarm system, for the operator of each refinery and day by day.

A day without alarms has its row, or the averages would be those of bad days. Ten minutes are counted by the clock. An
alarm is stale that an operator was told of and that has stood for a day when the day is over.
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from headrace.tables import Table, Whole, count_of, share

TABLE = Table(
    key=("refinery_id", "event_date"),
    partition="event_date",
    write=Whole(),
    description="Load, floods, stale and chattering alarms, bad actors and priorities of each operator's day.",
    may_be_empty=True,
)

TEN_MINUTES, A_DAY = 600, 144  # seconds; of them in a day
FLOOD = 10  # more alarms than this in ten minutes, ISA-18.2
BAD_ACTORS = 10
ACCEPTABLE, MANAGEABLE, DEMANDING = 1, 2, 5  # in ten minutes on average, EEMUA 191
STALE_SECONDS = 86_400


def alarm_kpis(alarms: DataFrame) -> DataFrame:
    events = alarms.where(F.col("console").isNotNull()).withColumnRenamed("console", "refinery_id")
    told = events.where("is_annunciated")
    parts = (by_load(told), by_source(told), by_event(events), stale(events))
    days = every_day(events)
    for part in parts:
        days = days.join(part, on=["refinery_id", "event_date"], how="left")
    counts = {name: F.coalesce(F.col(name), F.lit(0)) for name in days.columns if name.endswith("_count")}
    days = days.withColumns(counts).withColumn(
        "most_in_ten_minutes", F.coalesce("most_in_ten_minutes", F.lit(0))
    )
    average = F.col("annunciated_count") / A_DAY
    return days.select(
        *("refinery_id", "event_date", "annunciated_count"),
        average.alias("average_in_ten_minutes"),
        "most_in_ten_minutes",
        (F.coalesce("flooded_windows", F.lit(0)) / A_DAY).alias("flood_share"),
        *("stale_count", "chattering_count", "suppressed_count", "maintenance_count"),
        share(F.col("of_bad_actors"), F.col("annunciated_count")).alias("bad_actor_share"),
        *(
            share(F.col(f"{priority}_told"), F.col("annunciated_count")).alias(f"{priority}_share")
            for priority in ("high", "medium", "low")
        ),
        F.when(average <= ACCEPTABLE, "ACCEPTABLE")
        .when(average <= MANAGEABLE, "MANAGEABLE")
        .when(average <= DEMANDING, "DEMANDING")
        .otherwise("UNACCEPTABLE")
        .alias("load_status"),
    )


def every_day(events: DataFrame) -> DataFrame:
    """Of each console that ever had an alarm, from the first day of all to the last."""
    span = events.agg(F.min("event_date").alias("first"), F.max("event_date").alias("last"))
    days = span.where("first IS NOT NULL").select(F.explode(F.sequence("first", "last")).alias("event_date"))
    return events.select("refinery_id").distinct().crossJoin(F.broadcast(days))


def by_load(told: DataFrame) -> DataFrame:
    ten_minutes = F.floor(F.unix_seconds("event_at") / TEN_MINUTES).alias("ten_minutes")
    priorities = [
        count_of(F.col("priority") == priority).alias(f"{priority}_told")
        for priority in ("high", "medium", "low")
    ]
    windows = told.groupBy("refinery_id", "event_date", ten_minutes).agg(
        F.count("*").alias("told"), *priorities
    )
    return windows.groupBy("refinery_id", "event_date").agg(
        F.sum("told").alias("annunciated_count"),
        F.max("told").alias("most_in_ten_minutes"),
        count_of(F.col("told") > FLOOD).alias("flooded_windows"),
        *(F.sum(f"{priority}_told").alias(f"{priority}_told") for priority in ("high", "medium", "low")),
    )


def by_source(told: DataFrame) -> DataFrame:
    """What the ten that tell most tell."""
    sources = told.groupBy("refinery_id", "event_date", "subject", "kind").agg(F.count("*").alias("told"))
    most = Window.partitionBy("refinery_id", "event_date").orderBy(F.desc("told"), "subject", "kind")
    worst = sources.withColumn("_rank", F.row_number().over(most)).where(F.col("_rank") <= BAD_ACTORS)
    return worst.groupBy("refinery_id", "event_date").agg(F.sum("told").alias("of_bad_actors"))


def by_event(events: DataFrame) -> DataFrame:
    raised = F.col("event") == "raised"
    chatters = (F.col("event") == "shelved") & (F.col("acted_by") == "chatter")
    return events.groupBy("refinery_id", "event_date").agg(
        count_of(chatters).alias("chattering_count"),
        count_of(raised & (F.col("state") == "suppressed")).alias("suppressed_count"),
        count_of(raised & (F.col("goes_to") == "maintenance")).alias("maintenance_count"),
    )


def stale(events: DataFrame) -> DataFrame:
    """Each span in which an alarm stands, told at its beginning or later, and the days at whose end it is stale."""
    last = events.agg(F.max("event_date").alias("last_date"))
    told = events.where("is_annunciated").select("alarm_id").distinct()
    of_alarm = Window.partitionBy("alarm_id").orderBy("event_number")
    ends = events.where(F.col("event").isin("raised", "cleared")).withColumn(
        "cleared_at", F.lead("event_at").over(of_alarm)
    )
    spans = (
        ends.where(F.col("event") == "raised")
        .join(told, on="alarm_id", how="left_semi")
        .crossJoin(F.broadcast(last))
    )
    first_day = F.to_date(F.timestamp_seconds(F.unix_seconds("event_at") + STALE_SECONDS))
    last_day = F.coalesce(F.date_sub(F.to_date("cleared_at"), 1), F.col("last_date"))
    days = spans.where(first_day <= last_day).select(
        "refinery_id", F.explode(F.sequence(first_day, last_day)).alias("event_date")
    )
    return days.groupBy("refinery_id", "event_date").agg(F.count("*").alias("stale_count"))
