"""Processing units, a version for each change: maintenance, capacity, in or out of service."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import History, Table, rejected_when, with_parent

TABLE = Table(key="unit_id", write=History(), description="Units of each refinery, with their history.")


def processing_units(bronze_processing_units: DataFrame, refineries: DataFrame) -> DataFrame:
    efficiency = F.col("design_efficiency")
    return (
        bronze_processing_units.transform(with_parent, refineries, on="refinery_id")
        .transform(rejected_when("capacity_bpd is not positive", F.col("capacity_bpd") <= 0))
        .transform(
            rejected_when("design_efficiency is not within 0 and 1", (efficiency <= 0) | (efficiency > 1))
        )
    )
