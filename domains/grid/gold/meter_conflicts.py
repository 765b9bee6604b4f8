"""Where meters and customers contradict each other: a meter that two customers own, a reading that names another's.

Nothing is guessed: whose energy it is has to be looked up where the meter hangs.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.grid.history import RECORDS
from headrace.tables import Table, Whole, only_current

TABLE = Table(
    key=("meter_id", "conflict"),
    write=Whole(),
    may_be_empty=True,
    description="Meters that several customers own, and meters whose readings name a customer of another meter.",
)


def meter_conflicts(meter_days: DataFrame, customer_master: DataFrame) -> DataFrame:
    owners = (
        customer_master.transform(only_current, RECORDS)
        .groupBy("meter_id")
        .agg(F.array_sort(F.collect_set("customer_id")).alias("owners"))
    )
    named = (
        meter_days.where("not is_customers_meter")
        .groupBy("meter_id")
        .agg(
            F.array_sort(F.collect_set("customer_id")).alias("customers"),
            F.sum("readings").alias("readings"),
            F.sum("measured_kwh").alias("measured_kwh"),
        )
    )
    shared = owners.where(F.size("owners") > 1).select(
        "meter_id",
        F.lit("SEVERAL_OWNERS").alias("conflict"),
        "owners",
        F.col("owners").alias("customers"),
        F.lit(0).cast("long").alias("readings"),
        F.lit(0.0).alias("measured_kwh"),
    )
    other = named.join(owners, on="meter_id", how="left").select(
        "meter_id",
        F.lit("ANOTHERS_METER").alias("conflict"),
        "owners",
        "customers",
        "readings",
        "measured_kwh",
    )
    return shared.unionByName(other)
