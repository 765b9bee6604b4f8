"""How far each sensor can be believed as of now: is it fresh, does it fall silent, stick or drift, what does
it say of itself. One row per sensor; a sensor out of service has no score.

The last week is judged; its level is compared with the sensor's own three weeks before. Whether it drifts, alarms tell.
"""

from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from headrace.tables import Table, Whole, instant, only_at, share

TABLE = Table(
    key="sensor_id",
    cluster=("unit_id",),
    write=Whole(),
    description="Freshness, gaps, stuck runs, drift and quality codes of each sensor, and a score from them.",
)

JUDGED_DAYS, COMPARED_DAYS = 7, 21
SILENT_HOURS = 24
GAP_HOURS = 3
STUCK_READINGS, STUCK_HOURS = 5, 3
# points taken: for each fault found, and for a share of one of bad or doubtful readings
LOST = {"is_silent": 40, "has_gaps": 10, "is_stuck": 30, "is_drifting": 20}
LOST_PER_SHARE = {"bad_share": 200, "uncertain_share": 50, "suspect_share": 200, "out_of_range_share": 100}


def sensor_trust(sensor_days: DataFrame, sensors: DataFrame, alarms: DataFrame, as_of: datetime) -> DataFrame:
    known = sensors.transform(only_at, as_of).select(
        *("sensor_id", "unit_id", "refinery_id", "sensor_type", "measurement_unit", "is_active")
    )
    found = known.join(judged(sensor_days, as_of), on="sensor_id", how="left").join(
        drifting(alarms, as_of), on="sensor_id", how="left"
    )
    hours_silent = (F.unix_seconds(instant(as_of)) - F.unix_seconds("last_reading_at")) / 3600
    drift = F.col("level") - F.col("level_before")
    return (
        found.select("*", hours_silent.alias("hours_silent"), (drift / F.col("value_span")).alias("drift"))
        .select(
            "*",
            (F.coalesce("hours_silent", F.lit(1e9)) > SILENT_HOURS).alias("is_silent"),
            (F.coalesce("longest_gap_hours", F.lit(0.0)) > GAP_HOURS).alias("has_gaps"),
            F.coalesce("_drifts", F.lit(False)).alias("is_drifting"),
        )
        .select("*", F.when(F.col("is_active"), score()).alias("trust_score"))
        .drop("value_span", "_drifts")
    )


def drifting(alarms: DataFrame, as_of: datetime) -> DataFrame:
    """Sensors whose alarm of drift stood within the days that are judged."""
    is_known = (F.col("kind") == "drift") & F.col("event").isin("raised", "cleared")
    told = alarms.where(is_known & (F.col("event_at") <= instant(as_of)))
    is_recent = F.col("event_at") > instant(as_of - timedelta(days=JUDGED_DAYS))
    return told.groupBy(F.col("subject").alias("sensor_id")).agg(
        (F.max(is_recent) | (F.max_by("event", "event_number") == "raised")).alias("_drifts")
    )


def judged(sensor_days: DataFrame, as_of: datetime) -> DataFrame:
    first_judged = (as_of - timedelta(days=JUDGED_DAYS)).date()
    first_compared = (as_of - timedelta(days=JUDGED_DAYS + COMPARED_DAYS)).date()
    day = F.col("reading_date")
    is_judged = day > F.lit(first_judged)
    by_day = Window.partitionBy("sensor_id").orderBy("reading_date")
    overnight = F.unix_seconds("first_reading_at") - F.lag(F.unix_seconds("last_reading_at")).over(by_day)
    is_stuck_day = (F.col("longest_stuck_readings") >= STUCK_READINGS) & (
        F.col("longest_stuck_hours") >= STUCK_HOURS
    )
    days = sensor_days.where((day > F.lit(first_compared)) & (F.col("first_reading_at") <= instant(as_of)))
    gap = F.greatest("longest_gap_hours", F.coalesce(overnight / 3600, F.lit(0.0)))
    now = days.select("*", gap.alias("_gap"), is_judged.alias("_is_judged"), is_stuck_day.alias("_stuck"))
    levels = F.when(~F.col("_is_judged"), F.col("level"))
    readings = F.sum(F.when(F.col("_is_judged"), F.col("reading_count")))

    def of_readings(count: Column) -> Column:
        return share(F.sum(F.when(F.col("_is_judged"), count)), readings)

    return now.groupBy("sensor_id").agg(
        F.max("last_reading_at").alias("last_reading_at"),
        readings.alias("reading_count"),
        F.max("value_span").alias("value_span"),
        F.max(F.when(F.col("_is_judged"), F.col("_gap"))).alias("longest_gap_hours"),
        F.max(F.when(F.col("_is_judged"), F.col("longest_stuck_hours"))).alias("longest_stuck_hours"),
        F.max(F.coalesce(F.col("_is_judged") & F.col("_stuck"), F.lit(False))).alias("is_stuck"),
        F.max_by("level", F.when(F.col("_is_judged"), day)).alias("level"),
        F.avg(levels).alias("level_before"),
        *(of_readings(F.col(f"{kind}_count")).alias(f"{kind}_share") for kind in ("uncertain", "bad")),
        of_readings(F.col("interpolated_count")).alias("interpolated_share"),
        of_readings(F.col("out_of_range_count")).alias("out_of_range_share"),
        of_readings(F.size("suspects")).alias("suspect_share"),
    )


def score() -> Column:
    """100 for a sensor without fault, never below 0."""
    lost = F.lit(0.0)
    for name, points in LOST.items():
        lost = lost + F.when(F.col(name), points).otherwise(0)
    for name, points in LOST_PER_SHARE.items():
        lost = lost + points * F.coalesce(F.col(name), F.lit(0.0))
    return F.greatest(F.lit(0.0), 100 - lost)
