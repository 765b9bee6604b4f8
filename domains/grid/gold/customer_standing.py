"""Each customer's last 30 days beside their contract: the load they drew and may draw, and what they owe."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.grid.history import RECORDS
from headrace.tables import Table, Whole, count_of, only_at, share

TABLE = Table(
    key="customer_id",
    write=Whole(),
    description="Peak load against the sanctioned load, consumption and outstanding balance of each customer.",
)

DAYS = 30
LEAST_DAYS = 3  # on which the sanctioned load is exceeded, before it counts as a habit


def customer_standing(meter_days: DataFrame, customer_master: DataFrame, as_of: datetime) -> DataFrame:
    last_day = F.lit(as_of.date())
    recent = meter_days.where(
        (F.col("reading_date") > F.date_sub(last_day, DAYS)) & (F.col("reading_date") <= last_day)
    )
    drawn = recent.groupBy("customer_id").agg(
        F.count("*").alias("days"),
        F.sum(24 * F.col("mean_kw")).alias("consumed_kwh"),
        F.max("peak_kw").alias("peak_kw"),
        count_of(F.col("peak_kw") > F.col("sanctioned_load_kw")).alias("days_above_sanctioned"),
        count_of(~F.col("is_customers_meter")).alias("days_of_other_meters"),
    )
    customer = customer_master.transform(only_at, as_of, RECORDS).select(
        *("customer_id", "customer_name", "meter_id", "transformer_id", "region", "state", "tariff_category"),
        *("sanctioned_load_kw", "account_status", "outstanding_balance", "last_payment_date"),
    )
    return customer.join(drawn, on="customer_id", how="left").withColumns(
        {
            "sanctioned_share": share(F.col("peak_kw"), F.col("sanctioned_load_kw")),
            "exceeds_sanctioned_load": F.coalesce(F.col("days_above_sanctioned") >= LEAST_DAYS, F.lit(False)),
            "days_since_payment": F.datediff(last_day, "last_payment_date"),
        }
    )
