"""Storage tanks, a version for each change. Operating levels are fractions of the capacity."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.refinery.measures import cubic_metres
from headrace.tables import History, Table, rejected_when, with_parent

TABLE = Table(key="tank_id", write=History(), description="Tanks of each refinery, with their history.")


def storage_tanks(bronze_storage_tanks: DataFrame, refineries: DataFrame) -> DataFrame:
    lowest, highest = F.col("min_operating_level"), F.col("max_operating_level")
    out_of_order = (lowest < 0) | (lowest >= highest) | (highest > 1)
    return (
        bronze_storage_tanks.transform(with_parent, refineries, on="refinery_id")
        .transform(rejected_when("capacity_barrels is not positive", F.col("capacity_barrels") <= 0))
        .transform(rejected_when("operating levels are out of order", out_of_order))
        .select("*", cubic_metres("capacity_barrels").alias("capacity_m3"))
    )
