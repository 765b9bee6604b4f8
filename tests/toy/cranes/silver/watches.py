"""Watches of cranes, from logbooks."""

from pyspark.sql import DataFrame

from headrace.tables import Append, Table, with_parent

TABLE = Table(write=Append(), key="watch_id", event_time="seen_at", description="Watches.", may_be_empty=True)


def watches(bronze_watches: DataFrame, cranes: DataFrame) -> DataFrame:
    return bronze_watches.transform(with_parent, cranes, on="crane", parent_key="crane_id")
