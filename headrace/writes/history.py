"""History: a slowly changing dimension of type 2.

rows in = opened + unchanged + rejected, and the versions stored = opened + reclassified over all batches.

Keys whose batch says nothing new are only counted. For every other key all versions are made again from all
that bronze ever saw of it, so replays and arrivals out of order end in exactly the same history.
"""

from collections.abc import Mapping
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from headrace.contracts.model import Contract
from headrace.contracts.rules import is_rejected
from headrace.lake import log
from headrace.lake.merge import GONE, merge_rows
from headrace.tables import EVER, History
from headrace.writes.edge import Edge
from headrace.writes.node import Node
from headrace.writes.way import SilverWay

WHEN = "_sent_at"


class HistoryWay(SilverWay[History]):
    terms = ("opened", "unchanged", "rejected")
    stored = ("opened", "reclassified")
    keeps_versions = True
    columns = (
        T.StructField("effective_from", T.TimestampType()),
        T.StructField("effective_to", T.TimestampType()),
        T.StructField("is_current", T.BooleanType()),
        T.StructField("version", T.IntegerType()),
    )

    @property
    def sentence(self) -> str:
        return "a version for each change"

    def shaped(self, node: Node, contract: Contract, rows: DataFrame) -> DataFrame:
        return versions_of(node, contract, rows)

    def take(self, edge: Edge, judged: DataFrame, number: int, note: dict[str, Any]) -> None:
        good = judged.where(~is_rejected())
        note["counts"] |= {"opened": 0, "unchanged": good.count(), "reclassified": 0}
        moved = _keys_with_news(edge, good).persist()
        if not moved.isEmpty():
            _rebuild(edge, good, moved, number, note)
        moved.unpersist()


WAY = HistoryWay


def _tracked(node: Node, contract: Contract) -> list[str]:
    """The columns whose change opens a version: all, since what is judged by a version leans on any of them."""
    return [name for name in contract.columns if name not in node.table.keys]


def _same(left: str, right: str, columns: list[str]) -> Column:
    return reduce(
        lambda a, b: a & b, [F.col(f"{left}{name}").eqNullSafe(F.col(f"{right}{name}")) for name in columns]
    )


def _keys_with_news(edge: Edge, good: DataFrame) -> DataFrame:
    """Keys of which some row differs from the current version or came before it."""
    keys = list(edge.node.table.keys)
    if not log.exists(edge.target):
        return good.select(*keys).distinct()
    current = good.sparkSession.read.format("delta").load(edge.target).where("is_current")
    known = current.select(
        *[F.col(key).alias(f"c_{key}") for key in keys],
        *[F.col(name).alias(f"c_{name}") for name in _tracked(edge.node, edge.contract)],
        F.col("effective_from").alias("c_from"),
    )
    joined = good.join(known, on=_same("", "c_", keys), how="left")
    nothing_new = _same("", "c_", _tracked(edge.node, edge.contract)) & (F.col(WHEN) >= F.col("c_from"))
    return joined.where(~F.coalesce(nothing_new, F.lit(False))).select(*keys).distinct()


def _rebuild(edge: Edge, good: DataFrame, moved: DataFrame, number: int, note: dict[str, Any]) -> None:
    made = versions_of(edge.node, edge.contract, _all_seen(edge, good, moved, note["upstream"])).persist()
    stored = _stored_versions(edge, moved)
    opened, after, before = _opened_by_batch(edge, good, made), made.count(), stored.count() if stored else 0
    counts = note["counts"]
    counts["opened"], counts["unchanged"] = opened, counts["unchanged"] - opened
    counts["reclassified"] = after - before - opened
    rows = made.transform(edge.finished)
    options = edge.options(number, note)
    edge.context.leases.check()
    if stored is None:
        rows.write.format("delta").mode("append").options(**options).save(edge.target)
    else:
        named = [*edge.node.table.keys, "version"]
        surplus = stored.join(made.select(*named), on=named, how="left_anti").withColumn(GONE, F.lit(True))
        rows = rows.withColumn(GONE, F.lit(False)).unionByName(surplus)
        merge_rows(rows, edge.target, named, options)
    made.unpersist()


def _stored_versions(edge: Edge, moved: DataFrame) -> DataFrame | None:
    if not log.exists(edge.target):
        return None
    stored = moved.sparkSession.read.format("delta").load(edge.target)
    return stored.join(F.broadcast(moved), on=list(edge.node.table.keys), how="left_semi")


def _all_seen(edge: Edge, good: DataFrame, moved: DataFrame, upstream: Mapping[str, int]) -> DataFrame:
    """Every row of these keys that bronze held when the newest row taken so far came in, and that passes."""
    spark, keys = good.sparkSession, list(edge.node.table.keys)
    bronze = spark.read.format("delta").load(edge.bronze).where(F.col("_ingested_at") <= _newest(edge, good))
    judged = edge.judged(bronze.join(F.broadcast(moved), on=keys, how="left_semi"), upstream)
    return judged.where(~is_rejected())


def _newest(edge: Edge, good: DataFrame) -> Column:
    """When the newest row came in; recycled rows are older than what is stored."""
    taken = good.select("_ingested_at")
    if log.exists(edge.target):
        stored = good.sparkSession.read.format("delta").load(edge.target)
        taken = taken.unionByName(stored.select("_ingested_at"))
    last = taken.agg(F.max("_ingested_at")).first()
    assert last is not None
    return F.lit(last[0])


def versions_of(node: Node, contract: Contract, seen: DataFrame) -> DataFrame:
    """A version for each change of the source's columns, whatever else the rows hold."""
    keys, columns = list(node.table.keys), _tracked(node, contract)
    last_word = Window.partitionBy(*keys, WHEN).orderBy(
        F.desc("_ingested_at"), F.desc("_source"), F.desc("_offset")
    )
    in_time = Window.partitionBy(*keys).orderBy(WHEN)
    state = F.struct(*columns)
    one_each = seen.withColumn("_nth", F.row_number().over(last_word)).where(F.col("_nth") == 1).drop("_nth")
    changed = one_each.withColumn("_before", F.lag(state).over(in_time)).where(
        F.col("_before").isNull() | ~F.col("_before").eqNullSafe(state)
    )
    until = F.lead(WHEN).over(in_time)
    return changed.drop("_before").withColumns(
        {
            "effective_from": F.col(WHEN),
            "effective_to": F.coalesce(until, F.lit(EVER).cast("timestamp")),
            "is_current": until.isNull(),
            "version": F.row_number().over(in_time),
        }
    )


def _opened_by_batch(edge: Edge, good: DataFrame, made: DataFrame) -> int:
    """How many of the batch's rows begin a version."""
    same = [*edge.node.table.keys, WHEN, "_source"]
    return good.select(*same).distinct().join(made.select(*same), on=same, how="left_semi").count()
