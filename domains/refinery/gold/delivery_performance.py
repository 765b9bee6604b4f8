"""How suppliers deliver, by transport and week of arrival. Only what has arrived can be on time or late."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.refinery.measures import share
from headrace.tables import Table, Whole

TABLE = Table(
    key=("supplier_id", "transport_mode", "week_start"),
    write=Whole(),
    description="On-time rate, delay, volume and quality of deliveries by supplier, transport and week.",
)


def delivery_performance(crude_shipments: DataFrame) -> DataFrame:
    delay, volume = F.col("days_delayed"), F.col("volume_barrels")
    week = F.date_trunc("week", "arrival_date").cast("date")
    return (
        crude_shipments.where("status = 'DELIVERED'")
        .groupBy("supplier_id", "transport_mode", week.alias("week_start"))
        .agg(
            F.count("*").alias("shipments"),
            (F.count_if(delay <= 0) / F.count("*")).alias("on_time_rate"),
            F.avg(delay).alias("avg_days_delayed"),
            F.max(delay).alias("max_days_delayed"),
            F.sum(volume).alias("volume_barrels"),
            share(F.stddev(volume), F.avg(volume)).alias("volume_variation"),
            F.avg(F.abs("api_gravity_variance")).alias("avg_api_gravity_deviation"),
            F.avg(F.abs("sulfur_variance")).alias("avg_sulfur_deviation"),
            share(F.sum("total_cost"), F.sum(volume)).alias("cost_per_barrel"),
        )
    )
