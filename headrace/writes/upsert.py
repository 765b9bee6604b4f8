"""Upsert: the latest row of each key wins, by the order column.

rows in = inserted + updated + superseded + unchanged + rejected.
"""

from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.contracts.rules import is_rejected
from headrace.lake import log
from headrace.lake.merge import merge_rows
from headrace.tables import Upsert
from headrace.writes.edge import Edge
from headrace.writes.node import Node
from headrace.writes.way import SilverWay

ORDER = "_order"
FATES = ("inserted", "updated", "superseded", "unchanged")


class UpsertWay(SilverWay[Upsert]):
    terms = (*FATES, "rejected")
    stored = ("inserted",)

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
            _store(edge, winners, edge.options(number, note))
        fated.unpersist()

    def _with_fate(self, edge: Edge, rows: DataFrame) -> DataFrame:
        """What becomes of each row: the latest of its key in the batch is weighed against the stored one."""
        keys, order = list(edge.node.table.keys), F.col(self.declared.order)
        latest = Window.partitionBy(*keys).orderBy(
            order.desc_nulls_last(), F.desc("_sent_at"), F.desc("_source"), F.desc("_offset")
        )
        ranked = rows.withColumn("_nth", F.row_number().over(latest)).withColumn(ORDER, order)
        is_last = F.col("_nth") == 1
        if not log.exists(edge.target):
            fate = F.when(~is_last, "superseded").otherwise("inserted")
            return ranked.withColumn("_fate", fate).drop("_nth")
        stored = rows.sparkSession.read.format("delta").load(edge.target)
        known = stored.select(
            *[F.col(key).alias(f"_k{i}") for i, key in enumerate(keys)], F.col(ORDER).alias("_was")
        )
        same_key = [F.col(key) == F.col(f"_k{i}") for i, key in enumerate(keys)]
        fate = (
            F.when(~is_last, "superseded")
            .when(F.col("_was").isNull(), "inserted")
            .when(F.col(ORDER) > F.col("_was"), "updated")
            .when(F.col(ORDER) == F.col("_was"), "unchanged")
            .otherwise("superseded")
        )
        joined = ranked.join(known, on=same_key, how="left").withColumn("_fate", fate)
        return joined.drop("_nth", "_was", *[f"_k{i}" for i in range(len(keys))])


WAY = UpsertWay


def _store(edge: Edge, winners: DataFrame, options: dict[str, Any]) -> None:
    edge.context.leases.check()
    rows = winners.transform(edge.finished)
    if log.exists(edge.target):
        merge_rows(rows, edge.target, edge.node.table.keys, options)
    else:
        rows.write.format("delta").mode("append").options(**options).save(edge.target)
