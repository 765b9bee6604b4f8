"""Maintenance of transformers, each month by its newest file."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Newest, Table, rejected_when, with_parent

TABLE = Table(
    key="log_id",
    write=Newest(period="log_month"),
    description="Jobs of the field crews, with their times, cost and cause.",
)


def maintenance_logs(bronze_maintenance_logs: DataFrame, transformer_master: DataFrame) -> DataFrame:
    transformers = transformer_master.select("transformer_id").distinct()
    month = F.replace(F.regexp_extract("log_id", r"^ML-(\d{4}_\d{2})-", 1), F.lit("_"), F.lit("-"))
    return (
        bronze_maintenance_logs.transform(with_parent, transformers, on="transformer_id")
        .transform(
            rejected_when(
                "completed before it was reported", F.col("completed_date") < F.col("reported_date")
            )
        )
        .select(
            "*",
            F.when(month != "", month).alias("log_month"),
            F.datediff("completed_date", "reported_date").alias("open_days"),
        )
    )
