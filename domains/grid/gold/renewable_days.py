"""Each renewable plant's day: energy, capacity factor, curtailment, and what was to be expected from the days before.

The forecast of a day is made of whole days of the week before it, and never of the day itself: for the sun the mean of
these days, for wind and water nearer to the day before, since weather lasts. `naive_mwh` is the last whole day, to hold
the forecast against.
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from headrace.tables import Replace, Table, count_of, share

TABLE = Table(
    key=("plant_id", "production_date"),
    partition="production_date",
    write=Replace(
        follows={"renewable_production": "production_date"}, looks_back={"renewable_production": 7}
    ),
    description="Energy, capacity factor, curtailment and forecast of each renewable plant and day.",
)

DAYS_BEFORE, HOURS, WHOLE_HOURS = 7, 24, 23


def renewable_days(renewable_production: DataFrame) -> DataFrame:
    production = F.col("production_mw")
    days = renewable_production.groupBy("plant_id", "production_date").agg(
        *(F.first(name).alias(name) for name in ("plant_type", "region", "state")),
        F.max("capacity_mw").alias("capacity_mw"),
        F.count("*").alias("readings"),
        F.countDistinct(F.date_trunc("hour", "timestamp")).alias("hours"),
        (HOURS * F.avg(production)).alias("energy_mwh"),
        (HOURS * F.avg("grid_injection_mw")).alias("injected_mwh"),
        (HOURS * F.avg("auxiliary_consumption_mw")).alias("auxiliary_mwh"),
        (HOURS * F.avg("curtailment_mw")).alias("curtailed_mwh"),
        F.avg("battery_storage_mwh").alias("mean_battery_mwh"),
        count_of(F.col("inverter_status") == "FAULT").alias("fault_readings"),
    )
    before = (
        Window.partitionBy("plant_id")
        .orderBy(F.datediff("production_date", F.lit("2000-01-01")))
        .rangeBetween(-DAYS_BEFORE, -1)
    )
    whole = F.when(F.col("hours") >= WHOLE_HOURS, F.col("energy_mwh"))
    yesterday = F.last(whole, ignorenulls=True).over(before)
    week = F.avg(whole).over(before)
    lasting = (
        F.when(F.col("plant_type") == "SOLAR", 0.0).when(F.col("plant_type") == "WIND", 0.6).otherwise(0.9)
    )
    return days.withColumns(
        {
            "is_whole": F.col("hours") >= WHOLE_HOURS,
            "capacity_factor": share(F.col("energy_mwh"), HOURS * F.col("capacity_mw")),
            "curtailed_share": share(F.col("curtailed_mwh"), F.col("energy_mwh") + F.col("curtailed_mwh")),
            "naive_mwh": yesterday,
            "forecast_mwh": week + lasting * (yesterday - week),
        }
    )
