"""Each unit's health day by day: 100 is perfect, anomalies and unrest take from it.

Volatilities of temperatures, flows and pH cannot be averaged in their own units: flow meters would decide
alone. So a sensor's volatility is in thousandths of its span, near °F for a thermometer of 0 to 1200 °F. The
maintenance status is as of that day, by what was known of the unit then.

Only readings count that were taken while the unit ran: a stand is no illness. A unit that stood all day has no score.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from headrace.tables import Replace, Table, share, with_version_at

TABLE = Table(
    key=("unit_id", "reading_date"),
    partition="reading_date",
    write=Replace(follows={"sensor_days": "reading_date"}),
    description="Health score and maintenance status of each unit and day.",
)

UNIT = ("unit_name", "unit_type", "last_maintenance_date", "maintenance_interval_days")


def equipment_health(sensor_days: DataFrame, processing_units: DataFrame, refineries: DataFrame) -> DataFrame:
    names = F.broadcast(refineries.select("refinery_id", "refinery_name"))
    score = 100 - F.col("avg_anomaly_rate") * 500 - F.col("avg_volatility") / 10
    return (
        with_unit_days(sensor_days)
        .withColumn("_end_of_day", F.col("reading_date").cast("timestamp") + F.expr("interval 23 hours"))
        .transform(with_version_at, processing_units, on="unit_id", at="_end_of_day", take=UNIT)
        .join(names, on="refinery_id", how="left")
        .withColumn("days_since_maintenance", F.datediff("reading_date", "last_maintenance_date"))
        .select(
            *("unit_id", "unit_name", "unit_type", "refinery_id", "refinery_name", "reading_date"),
            F.when(score.isNotNull(), F.greatest(F.lit(0.0), score)).alias("health_score"),
            "running_share",
            *("avg_anomaly_rate", "avg_volatility", "vibration_level", "temperature_level"),
            *("days_since_maintenance", "maintenance_interval_days"),
            maintenance_status().alias("maintenance_status"),
        )
    )


def with_unit_days(sensor_days: DataFrame) -> DataFrame:
    """First per kind of sensor, then over the kinds: a unit's many flow meters count once."""
    readings = F.sum("running_count")
    in_thousandths = 1000 * F.col("running_stddev") / F.col("value_span")
    kinds = sensor_days.groupBy("unit_id", "refinery_id", "reading_date", "sensor_type").agg(
        share(F.sum("running_beyond_count"), readings).alias("anomaly_rate"),
        share(F.sum(in_thousandths * F.col("running_count")), readings).alias("volatility"),
        F.avg(F.col("running_level") / F.col("value_span")).alias("level"),
        readings.alias("running_count"),
        F.sum("reading_count").alias("reading_count"),
    )
    return kinds.groupBy("unit_id", "refinery_id", "reading_date").agg(
        F.avg("anomaly_rate").alias("avg_anomaly_rate"),
        F.avg("volatility").alias("avg_volatility"),
        F.avg(F.when(F.col("sensor_type") == "Vibration", F.col("level"))).alias("vibration_level"),
        F.avg(F.when(F.col("sensor_type") == "Temperature", F.col("level"))).alias("temperature_level"),
        share(F.sum("running_count"), F.sum("reading_count")).alias("running_share"),
    )


def maintenance_status() -> Column:
    since, interval = F.col("days_since_maintenance"), F.col("maintenance_interval_days")
    return (
        F.when(since > interval, "OVERDUE")
        .when(since > interval * 0.9, "DUE_SOON")
        .when(since.isNotNull(), "OK")
    )
