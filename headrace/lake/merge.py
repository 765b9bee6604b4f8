"""Merges rows into a Delta table by a commit that happens once."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

GONE = "_gone"
"""The column of rows that says which of them are deleted; without it none is."""


def merge_rows(rows: DataFrame, target: str, keys: Sequence[str], options: Mapping[str, Any]) -> None:
    """A merge takes its options from the session alone, so each batch has a session of its own (a stream's batches
    come with one)."""
    spark = rows.sparkSession
    given = {
        "spark.databricks.delta.write.txnAppId": options["txnAppId"],
        "spark.databricks.delta.write.txnVersion": str(options["txnVersion"]),
        "spark.databricks.delta.commitInfo.userMetadata": options["userMetadata"],
    }
    for name, value in given.items():
        spark.conf.set(name, value)
    same_key = reduce(and_, (F.col(f"t.{key}") == F.col(f"s.{key}") for key in keys))
    try:
        merge = DeltaTable.forPath(spark, target).alias("t").merge(rows.alias("s"), same_key)
        if GONE not in rows.columns:
            merge.whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()
            return
        values = {name: F.col(f"s.{name}") for name in rows.columns if name != GONE}
        merge.whenMatchedDelete(f"s.{GONE}").whenMatchedUpdate(set=values).whenNotMatchedInsert(
            condition=f"NOT s.{GONE}", values=values
        ).execute()
    finally:
        for name in given:
            spark.conf.unset(name)
