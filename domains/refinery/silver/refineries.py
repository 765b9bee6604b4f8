"""Refineries: one row each, as last sent."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Upsert, rejected_when

TABLE = Table(key="refinery_id", write=Upsert(order="_sent_at"), description="Refineries of the network.")


def refineries(bronze_refineries: DataFrame) -> DataFrame:
    off_the_globe = (F.abs("latitude") > 90) | (F.abs("longitude") > 180)
    return bronze_refineries.transform(
        rejected_when("capacity_bpd is not positive", F.col("capacity_bpd") <= 0)
    ).transform(rejected_when("coordinates are off the globe", off_the_globe))
