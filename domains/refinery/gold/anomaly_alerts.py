"""Five minutes of one kind of sensor on one unit in which something was critical, or more than five warned.

`time_window` is a struct of the two columns `window_start` and `window_end`, which are easier to filter on.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Replace, Table

TABLE = Table(
    key=("unit_id", "sensor_type", "window_start"),
    event_time="window_start",
    partition="reading_date",
    write=Replace(follows={"sensor_readings": "reading_date"}),
    description="Five-minute windows with critical readings or more than five warnings, with a severity.",
    may_be_empty=True,
)

CRITICAL_WEIGHT, WARNING_WEIGHT = 10, 3
WARNINGS_TOLERATED = 5


WINDOW = ["reading_date", "refinery_id", "unit_id", "sensor_type", "window_start"]


def anomaly_alerts(sensor_readings: DataFrame) -> DataFrame:
    critical = F.count_if(F.col("alert_status") == "CRITICAL")
    warning = F.count_if(F.col("alert_status") == "WARNING")
    value = F.col("reading_value")
    five_minutes = F.timestamp_seconds(F.floor(F.unix_seconds("reading_timestamp") / 300) * 300)
    placed = sensor_readings.withColumn("window_start", five_minutes)
    windows = (
        placed.join(F.broadcast(noticed(placed)), on=WINDOW, how="left_semi")
        .groupBy(*WINDOW)
        .agg(
            F.count("*").alias("reading_count"),
            critical.alias("critical_count"),
            warning.alias("warning_count"),
            F.avg(value).alias("avg_value"),
            F.stddev(value).alias("stddev_value"),
            F.min(value).alias("min_value"),
            F.max(value).alias("max_value"),
        )
    )
    window_end = F.col("window_start") + F.expr("interval 5 minutes")
    severity = CRITICAL_WEIGHT * F.col("critical_count") + WARNING_WEIGHT * F.col("warning_count")
    return windows.where(
        (F.col("critical_count") > 0) | (F.col("warning_count") > WARNINGS_TOLERATED)
    ).select(
        "*",
        (severity / F.col("reading_count")).alias("alert_severity_score"),
        window_end.alias("window_end"),
        F.struct(F.col("window_start").alias("start"), window_end.alias("end")).alias("time_window"),
    )


def noticed(readings: DataFrame) -> DataFrame:
    """The windows that can matter, from the few readings that are not normal: most windows hold none."""
    status = F.col("alert_status")
    strange = readings.where(status.isin("CRITICAL", "WARNING")).groupBy(*WINDOW)
    found = strange.agg(
        F.count_if(status == "CRITICAL").alias("_critical"), F.count_if(status == "WARNING").alias("_warning")
    )
    matters = (F.col("_critical") > 0) | (F.col("_warning") > WARNINGS_TOLERATED)
    return found.where(matters).select(*WINDOW)
