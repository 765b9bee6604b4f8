"""Cranes with their history, whose columns have the names that the source has for its own."""

from pyspark.sql import DataFrame

from headrace.tables import History, HistoryNames, Table

NAMES = HistoryNames("valid_from", "valid_to", "is_current", "nr")
TABLE = Table(
    write=History(effective="valid_from", tracked=("yard", "grade"), names=NAMES),
    key="crane_id",
    description="Cranes.",
)


def cranes(bronze_cranes: DataFrame) -> DataFrame:
    return bronze_cranes
