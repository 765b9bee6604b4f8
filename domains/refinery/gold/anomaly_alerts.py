"""Five minutes of one kind of sensor on one unit in which something stayed critical, or more than five readings warned.

Only readings that can be believed count: one that jumped, or that the instrument itself doubts, is another's business
(`suspect_readings`, `sensor_trust`), and one alone beyond a limit is none. Sensors of one kind in different units of
measure are apart. The sensor that is furthest beyond is named, with its worst value of the window, the limit that it
passed, and since when it has been beyond, at most a week. What a unit's sensors pass while it stands or is being
brought back (`unit_stands`) is left out.

`time_window` is a struct of the two columns `window_start` and `window_end`, which are easier to filter on.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from headrace.tables import Replace, Table

BACK_DAYS = 7
TABLE = Table(
    key=("unit_id", "sensor_type", "measurement_unit", "window_start"),
    event_time="window_start",
    partition="reading_date",
    write=Replace(
        follows={"sensor_readings": "reading_date", "sensor_days": "reading_date"},
        looks_back={"sensor_days": BACK_DAYS + 1},
    ),
    description="Five-minute windows in which sensors stayed critical or warned more than five times.",
    may_be_empty=True,
)

CRITICAL_WEIGHT, WARNING_WEIGHT = 10, 3
WARNINGS_TOLERATED = 5
WINDOW = ["reading_date", "refinery_id", "unit_id", "sensor_type", "measurement_unit", "window_start"]


def anomaly_alerts(sensor_readings: DataFrame, sensor_days: DataFrame) -> DataFrame:
    placed = believed(sensor_readings)
    jumped = F.broadcast(
        sensor_days.select("sensor_id", F.inline("suspects")).select(
            "sensor_id", F.col("reading_at").alias("reading_timestamp")
        )
    )
    one_reading = ["sensor_id", "reading_timestamp"]
    beyond = with_excursion(placed, sensor_days).join(jumped, on=one_reading, how="left_anti")
    critical, warning = F.sum("is_critical"), F.sum("is_warning")
    noticed = (
        beyond.groupBy(*WINDOW)
        .agg(
            critical.alias("critical_count"),
            warning.alias("warning_count"),
            F.countDistinct("sensor_id").alias("sensors_beyond"),
            F.max_by(F.struct(*NAMED), "_distance").alias("_worst"),
        )
        .where((F.col("critical_count") > 0) | (F.col("warning_count") > WARNINGS_TOLERATED))
    )
    value = F.col("reading_value")
    figures = (
        placed.join(F.broadcast(noticed.select(*WINDOW)), on=WINDOW, how="left_semi")
        .join(jumped, on=one_reading, how="left_anti")
        .groupBy(*WINDOW)
        .agg(
            F.count("*").alias("reading_count"),
            F.avg(value).alias("avg_value"),
            F.stddev(value).alias("stddev_value"),
            F.min(value).alias("min_value"),
            F.max(value).alias("max_value"),
        )
    )
    window_end = F.col("window_start") + F.expr("interval 5 minutes")
    severity = CRITICAL_WEIGHT * F.col("critical_count") + WARNING_WEIGHT * F.col("warning_count")
    return noticed.join(figures, on=WINDOW, how="inner").select(
        *WINDOW,
        *("reading_count", "critical_count", "warning_count", "sensors_beyond"),
        *(
            F.col(f"_worst.{name}").alias(name)
            for name in ("sensor_id", "worst_value", "limit_value", "limit_kind")
        ),
        F.col("_worst.since").alias("beyond_since"),
        *("avg_value", "stddev_value", "min_value", "max_value"),
        (severity / F.col("reading_count")).alias("alert_severity_score"),
        window_end.alias("window_end"),
        F.struct(F.col("window_start").alias("start"), window_end.alias("end")).alias("time_window"),
    )


NAMED = ("sensor_id", "worst_value", "limit_value", "limit_kind", "since")


def believed(sensor_readings: DataFrame) -> DataFrame:
    """Readings that nobody doubts, each with its window."""
    is_good = F.coalesce(F.col("reading_quality") == "GOOD", F.lit(True))
    five_minutes = F.timestamp_seconds(F.floor(F.unix_seconds("reading_timestamp") / 300) * 300)
    return sensor_readings.where(is_good & ~F.coalesce("is_interpolated", F.lit(False))).withColumn(
        "window_start", five_minutes
    )


def with_excursion(placed: DataFrame, sensor_days: DataFrame) -> DataFrame:
    """The readings within excursions, with the limit each passed and how far it is beyond, in bands of its sensor."""
    excursions = over_midnights(sensor_days)
    at, value, status = F.col("reading_timestamp"), F.col("reading_value"), F.col("alert_status")
    within = (
        (placed["reading_date"] == excursions["reading_date"])
        & (F.col("sensor_id") == F.col("_sensor"))
        & at.between(F.col("from_at"), F.col("to_at"))
    )
    is_critical = status == "CRITICAL"
    limit = F.when(is_critical, side("critical")).otherwise(side("warning"))
    band = F.greatest(F.abs(F.col("warning_high") - F.col("warning_low")), F.lit(1e-9))
    return (
        placed.where(status.isin("CRITICAL", "WARNING"))
        .join(F.broadcast(excursions), on=within, how="inner")
        .drop(excursions["reading_date"])
        .select(
            *(*WINDOW, "sensor_id", "reading_timestamp", "since"),
            value.alias("worst_value"),
            limit.alias("limit_value"),
            F.concat(F.lower(status), F.when(F.col("is_high"), "_high").otherwise("_low")).alias(
                "limit_kind"
            ),
            is_critical.cast("int").alias("is_critical"),
            (~is_critical).cast("int").alias("is_warning"),
            F.struct(is_critical.alias("c"), F.abs(value - limit) / band, "sensor_id").alias("_distance"),
        )
    )


def over_midnights(sensor_days: DataFrame) -> DataFrame:
    """Excursions of days, each with the begin of what it goes on with from the days before, as far back as a week."""
    by_time = Window.partitionBy("_sensor").orderBy("from_at")
    before = F.lag(F.struct("reading_date", "is_high", "is_to_end")).over(by_time)
    goes_on = (
        F.col("is_from_start")
        & before["is_to_end"]
        & (before["is_high"] == F.col("is_high"))
        & (F.datediff("reading_date", before["reading_date"]) == 1)
    )
    earliest = F.date_sub("reading_date", BACK_DAYS).cast("timestamp")
    begins = F.when(~F.coalesce(goes_on, F.lit(False)), F.col("from_at"))
    return (
        sensor_days.select("reading_date", F.col("sensor_id").alias("_sensor"), F.inline("excursions"))
        .withColumn("_begins", begins)
        .select(
            *("reading_date", "_sensor", "from_at", "to_at", "is_high"),
            F.greatest(F.last("_begins", ignorenulls=True).over(by_time), earliest).alias("since"),
        )
    )


def side(kind: str) -> Column:
    return F.when(F.col("is_high"), F.col(f"{kind}_high")).otherwise(F.col(f"{kind}_low"))
