"""What the meters below each transformer measured in each hour of the local clock."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Replace, Table

TABLE = Table(
    key=("transformer_id", "grid_zone", "hour_start"),
    partition="reading_date",
    cluster=("transformer_id",),
    write=Replace(follows={"smart_meter_readings": "reading_date"}),
    description="Metered energy of each transformer, zone and hour, with the meters that were heard.",
)


def consumption_hours(smart_meter_readings: DataFrame) -> DataFrame:
    return smart_meter_readings.groupBy(
        "transformer_id", "region", "grid_zone", "reading_date", "local_hour", "hour_start"
    ).agg(
        F.sum("reading_kwh").alias("measured_kwh"),
        F.count("*").alias("readings"),
        F.approx_count_distinct("meter_id").alias("meters"),
    )
