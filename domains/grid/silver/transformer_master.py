"""Transformers with their history: a version for each change of what is tracked, from the day that the source names."""

from pyspark.sql import DataFrame

from domains.grid.history import RECORDS
from headrace.tables import History, Table

TABLE = Table(
    key="transformer_id",
    write=History(
        effective="record_effective_date",
        tracked=("health_index_score", "status", "last_maintenance_date"),
        names=RECORDS,
    ),
    description="Transformers, a version for each change of health, status or last maintenance.",
)


def transformer_master(bronze_transformer_master: DataFrame) -> DataFrame:
    return bronze_transformer_master
