"""Readings that left their neighbours for a moment: kept in silver, but not to be believed without a look.

Only neighbours tell that a value came in another unit of measure, so the conversion into the sensor's own stands here,
beside the value as it was sent.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Replace, Table

TABLE = Table(
    key="reading_id",
    partition="reading_date",
    write=Replace(follows={"sensor_days": "reading_date"}),
    description="Readings in a wrong unit (°C in a °F column) and spikes, by their jump.",
    may_be_empty=True,
)


def suspect_readings(sensor_days: DataFrame) -> DataFrame:
    return sensor_days.select(
        *("reading_date", "sensor_id", "unit_id", "refinery_id", "sensor_type"), F.inline("suspects")
    ).withColumnRenamed("kind", "suspicion")
