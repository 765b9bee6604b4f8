"""How suppliers deliver, by transport and week of arrival. Only what has arrived can be on time or late.

A row of delivery that was set aside for one bad field still says when its shipment came: it counts for punctuality,
and for nothing else (`shipments_set_aside` says how many these are).
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Whole, share

TABLE = Table(
    key=("supplier_id", "transport_mode", "week_start"),
    write=Whole(),
    description="On-time rate, delay, volume and quality of deliveries by supplier, transport and week.",
)

LONGEST_DAYS = 180  # between two good dates of one shipment
SAID = ("shipment_id", "supplier_id", "transport_mode", "arrival_date", "days_delayed")


def delivery_performance(crude_shipments: DataFrame, bronze_crude_shipments: DataFrame) -> DataFrame:
    delay, volume = F.col("days_delayed"), F.col("volume_barrels")
    week = F.date_trunc("week", "arrival_date").cast("date")
    delivered = crude_shipments.where("status = 'DELIVERED'")
    return (
        delivered.unionByName(set_aside(delivered, bronze_crude_shipments), allowMissingColumns=True)
        .groupBy("supplier_id", "transport_mode", week.alias("week_start"))
        .agg(
            F.count("*").alias("shipments"),
            F.count_if(volume.isNull()).alias("shipments_set_aside"),
            F.count_if(delay <= 0).alias("shipments_on_time"),
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


def set_aside(delivered: DataFrame, bronze_crude_shipments: DataFrame) -> DataFrame:
    """What bronze says was delivered and silver does not, by the fields that punctuality needs."""
    delay = F.datediff("arrival_date", "expected_arrival_date")
    needed = [*SAID[:-1], "expected_arrival_date", "shipment_date"]
    return (
        bronze_crude_shipments.where("status = 'DELIVERED'")
        .dropna(subset=needed)
        .join(delivered.select("shipment_id"), on="shipment_id", how="left_anti")
        .where((F.abs(delay) <= LONGEST_DAYS) & (F.col("arrival_date") >= F.col("shipment_date")))
        .withColumn("days_delayed", delay)
        .select(*SAID)
        .dropDuplicates(["shipment_id"])
    )
