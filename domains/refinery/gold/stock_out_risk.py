"""Crude shipments under way that are late, beside how long their refinery can go on without them.

Late is what is marked DELAYED, what has missed its day, and what is expected later than it was agreed.
"""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.measures import share
from headrace.tables import Table, Whole, instant

TABLE = Table(
    key="shipment_id",
    write=Whole(),
    description="Late shipments under way against the days of supply of their refinery and tank.",
    may_be_empty=True,
)

MARGIN_DAYS = 2
SHIPMENT = ("shipment_id", "refinery_id", "refinery_name", "crude_name", "supplier_id", "transport_mode")
DATES = ("expected_arrival_date", "arrival_date", "volume_barrels", "destination_tank_id")


def stock_out_risk(crude_shipments: DataFrame, days_of_supply: DataFrame, as_of: datetime) -> DataFrame:
    today = F.to_date(instant(as_of))
    due, arrives = F.col("expected_arrival_date"), F.coalesce("arrival_date", "expected_arrival_date")
    is_late = (F.col("status") == "DELAYED") | (due < today) | (arrives > due)
    late = crude_shipments.where(
        (F.col("updated_at") <= instant(as_of)) & (F.col("status") != "DELIVERED") & is_late
    )
    of_tank = days_of_supply.where("level = 'TANK'").select(
        F.col("tank_id").alias("destination_tank_id"), F.col("days_of_supply").alias("tank_days_of_supply")
    )
    of_refinery = days_of_supply.where("level = 'REFINERY' AND product_type = 'Crude Oil'").select(
        "refinery_id", "days_of_supply", "daily_draw_barrels"
    )
    return (
        late.join(F.broadcast(of_tank), on="destination_tank_id", how="left")
        .join(F.broadcast(of_refinery), on="refinery_id", how="left")
        .select(
            *(*SHIPMENT, *DATES, "status"),
            F.datediff(F.greatest(arrives, today), due).alias("days_late"),
            F.greatest(F.lit(0), F.datediff(arrives, today)).alias("days_until_arrival"),
            *("days_of_supply", "tank_days_of_supply"),
            share(F.col("volume_barrels"), F.col("daily_draw_barrels")).alias("days_it_would_last"),
        )
        .select("*", risk().alias("risk"))
    )


def risk() -> Column:
    """HIGH when the stock ends before the shipment comes, MEDIUM when hardly later."""
    left, wait = F.col("days_of_supply"), F.col("days_until_arrival")
    return (
        F.when(left.isNull(), "UNKNOWN")
        .when(left < wait, "HIGH")
        .when(left < wait + MARGIN_DAYS, "MEDIUM")
        .otherwise("LOW")
    )
