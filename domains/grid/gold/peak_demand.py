"""The hour of each zone and day in which most was used, by validated reads."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Replace, Table, share

TABLE = Table(
    key=("region", "grid_zone", "reading_date"),
    partition="reading_date",
    write=Replace(follows={"consumption_hours": "reading_date"}),
    description="Peak hour, peak demand and load factor of each zone and day.",
)


def peak_demand(consumption_hours: DataFrame) -> DataFrame:
    hours = consumption_hours.groupBy("region", "grid_zone", "reading_date", "local_hour", "hour_start").agg(
        F.sum("used_kwh").alias("_kwh"), F.sum("estimated_kwh").alias("_estimated")
    )
    kwh = F.col("_kwh")
    return (
        hours.groupBy("region", "grid_zone", "reading_date")
        .agg(
            F.max_by("hour_start", kwh).alias("peak_at"),
            F.max_by("local_hour", kwh).alias("peak_hour"),
            F.max(kwh).alias("peak_kw"),
            F.avg(kwh).alias("mean_kw"),
            F.sum(kwh).alias("used_kwh"),
            share(F.sum("_estimated"), F.sum(kwh)).alias("estimated_share"),
            F.count("*").alias("hours"),
        )
        .withColumn("load_factor", share(F.col("mean_kw"), F.col("peak_kw")))
    )
