"""Crude shipments as last updated, beside what is typical of their crude.

A shipment is sent again at each change of its status; until it is DELIVERED its arrival is an estimate.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.refinery.measures import cubic_metres
from headrace.tables import Table, Upsert, only_current, rejected_when, share, with_parent

TABLE = Table(
    key="shipment_id",
    event_time="updated_at",
    write=Upsert(order="updated_at"),
    description="Crude shipments with their refinery, crude, variances, delay and cost.",
)


def crude_shipments(
    bronze_crude_shipments: DataFrame,
    refineries: DataFrame,
    crude_types: DataFrame,
    storage_tanks: DataFrame,
) -> DataFrame:
    tanks = storage_tanks.transform(only_current)
    refinery = (
        *("refinery_name", "location_city", "location_state"),
        F.col("capacity_bpd").alias("refinery_capacity_bpd"),
    )
    crude = (
        *("crude_name", "api_gravity_typical", "sulfur_content_typical"),
        F.col("classification").alias("crude_classification"),
        F.col("sweetness").alias("crude_sweetness"),
    )
    return (
        bronze_crude_shipments.transform(with_parent, refineries, on="refinery_id", take=refinery)
        .transform(with_parent, crude_types, on="crude_type_id", take=crude)
        .transform(with_parent, tanks, on="destination_tank_id", parent_key="tank_id")
        .transform(rejected_when("arrives before it left", F.col("arrival_date") < F.col("shipment_date")))
        .select(
            "*",
            (F.col("api_gravity_actual") - F.col("api_gravity_typical")).alias("api_gravity_variance"),
            (F.col("sulfur_content_actual") - F.col("sulfur_content_typical")).alias("sulfur_variance"),
            F.datediff("arrival_date", "expected_arrival_date").alias("days_delayed"),
            share(F.col("total_cost"), F.col("volume_barrels")).alias("cost_per_barrel"),
            cubic_metres("volume_barrels").alias("volume_m3"),
        )
    )
