"""Maintenance of transformers, each month by its newest file.

A file that is named after its month brings that month alone: a job of another month in it would take the place of all
that is known of that one.
"""

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
    month, of_file = (
        F.nullif(F.replace(F.regexp_extract(name, pattern, 1), F.lit("_"), F.lit("-")), F.lit(""))
        for name, pattern in (("log_id", r"^ML-(\d{4}_\d{2})-"), ("_source", r"_(\d{4}_\d{2})\.csv$"))
    )
    return (
        bronze_maintenance_logs.transform(with_parent, transformers, on="transformer_id")
        .transform(
            rejected_when(
                "completed before it was reported", F.col("completed_date") < F.col("reported_date")
            )
        )
        .transform(
            rejected_when("of another month than its file", F.coalesce(month != of_file, F.lit(False)))
        )
        .select(
            "*",
            month.alias("log_month"),
            F.datediff("completed_date", "reported_date").alias("open_days"),
        )
    )
