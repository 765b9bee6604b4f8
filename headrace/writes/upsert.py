"""Upsert: the latest row of each key wins, by the order column.

rows in = inserted + updated + superseded + unchanged + rejected.
"""

from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.contracts.rules import is_rejected
from headrace.tables import Upsert
from headrace.writes.edge import Edge
from headrace.writes.node import Node
from headrace.writes.way import SilverWay

ORDER = "_order"
FATES = ("inserted", "updated", "superseded", "unchanged")


class UpsertWay(SilverWay[Upsert]):
    terms = (*FATES, "rejected")
    stored = ("inserted",)
    corrects_nothing = "a row of the same order is counted as unchanged"

    @property
    def sentence(self) -> str:
        return f"the latest row by `{self.declared.order}` wins"

    def shaped(self, node: Node, contract: Contract, rows: DataFrame) -> DataFrame:
        return rows.withColumn(ORDER, F.col(self.declared.order))

    def take(self, edge: Edge, judged: DataFrame, number: int, note: dict[str, Any]) -> None:
        fated = self._with_fate(edge, judged.where(~is_rejected())).persist()
        found = {row["_fate"]: row["count"] for row in fated.groupBy("_fate").count().collect()}
        counts = {fate: found.get(fate, 0) for fate in FATES}
        note["counts"] = counts | note["counts"]
        winners = fated.where(F.col("_fate").isin("inserted", "updated")).drop("_fate")
        if counts["inserted"] or counts["updated"]:
            edge.merge(winners.transform(edge.finished), edge.node.table.keys, number, note)
        fated.unpersist()

    def _with_fate(self, edge: Edge, rows: DataFrame) -> DataFrame:
        """What becomes of each row: the latest of its key in the batch is weighed against the stored one."""
        keys, order = list(edge.node.table.keys), F.col(self.declared.order)
        latest = Window.partitionBy(*keys).orderBy(
            order.desc_nulls_last(), F.desc("_sent_at"), F.desc("_source"), F.desc("_offset")
        )
        ranked = rows.withColumn("_nth", F.row_number().over(latest)).withColumn(ORDER, order)
        stored = edge.stored(rows.sparkSession)
        if stored is None:
            known = ranked.withColumn("_was", F.lit(None))
        else:
            known = ranked.join(stored.select(*keys, F.col(ORDER).alias("_was")), on=keys, how="left")
        fate = (
            F.when(F.col("_nth") > 1, "superseded")
            .when(F.col("_was").isNull(), "inserted")
            .when(F.col(ORDER) > F.col("_was"), "updated")
            .when(F.col(ORDER) == F.col("_was"), "unchanged")
            .otherwise("superseded")
        )
        return known.withColumn("_fate", fate).drop("_nth", "_was")
