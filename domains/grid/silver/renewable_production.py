"""What renewable plants make, by hour. The columns that came later are null before."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.grid.local_time import local_day
from headrace.tables import Append, Table, rejected_when, share

TABLE = Table(
    key="reading_id",
    event_time="timestamp",
    partition="production_date",
    cluster=("plant_id", "timestamp"),
    write=Append(),
    description="Production, injection, weather and curtailment of each renewable plant.",
)

TOLERATED = 1.05  # instruments and gusts


def renewable_production(bronze_renewable_production: DataFrame) -> DataFrame:
    beyond = F.col("production_mw") > TOLERATED * F.col("capacity_mw")
    return bronze_renewable_production.transform(
        rejected_when("production_mw is beyond the plant's capacity", beyond)
    ).select(
        "*",
        share(F.col("production_mw"), F.col("capacity_mw")).alias("load_factor"),
        local_day("timestamp").alias("production_date"),
    )
