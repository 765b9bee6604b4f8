"""Upsert: the latest row of each key wins, by the order column.

rows in = inserted + updated + superseded + unchanged + rejected.
"""

from collections.abc import Mapping
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from headrace.lake import log
from headrace.lake.ledger import Entry
from headrace.refine.edge import Edge, is_rejected
from headrace.tables import Upsert

ORDER = "_order"
FATES = ("inserted", "updated", "superseded", "unchanged")


def write_upsert(edge: Edge, rows: DataFrame, number: int) -> Entry:
    done = edge.earlier_commit(edge.target, number)
    if done is not None:
        note = done.note
        return edge.entry(number, note["rows_in"], note["counts"], note["upstream"])
    versions = edge.versions_for(number)
    judged = edge.judged(rows, versions).persist()
    try:
        bad = judged.where(is_rejected())
        rejected = edge.write_rejected(bad, number, versions) if not bad.isEmpty() else 0
        fated = _with_fate(edge, judged.where(~is_rejected())).persist()
        found = {row["_fate"]: row["count"] for row in fated.groupBy("_fate").count().collect()}
        counts = {fate: found.get(fate, 0) for fate in FATES} | {"rejected": rejected}
        note = {"rows_in": judged.count(), "counts": counts, "upstream": dict(versions)}
        winners = fated.where(F.col("_fate").isin("inserted", "updated")).drop("_fate")
        if counts["inserted"] or counts["updated"]:
            _store(edge, winners, number, note)
        fated.unpersist()
    finally:
        judged.unpersist()
    return edge.entry(number, note["rows_in"], counts, versions)


def order_of(edge: Edge) -> Column:
    write = edge.node.table.write
    assert isinstance(write, Upsert)
    return F.col(write.order)


def _with_fate(edge: Edge, rows: DataFrame) -> DataFrame:
    """What becomes of each row: the latest of its key in the batch is weighed against the stored one."""
    keys = list(edge.node.table.keys)
    latest = Window.partitionBy(*keys).orderBy(
        order_of(edge).desc_nulls_last(), F.desc("_sent_at"), F.desc("_source"), F.desc("_offset")
    )
    ranked = rows.withColumn("_nth", F.row_number().over(latest)).withColumn(ORDER, order_of(edge))
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


def _store(edge: Edge, winners: DataFrame, number: int, note: Mapping[str, Any]) -> None:
    edge.leases.check()
    options = edge.options(number, note)
    rows = winners.transform(edge.finished)
    if not log.exists(edge.target):
        rows.write.format("delta").mode("append").options(**options).save(edge.target)
        return
    merge_rows(rows, edge.target, [F.expr(f"t.{key} = s.{key}") for key in edge.node.table.keys], options)


def merge_rows(rows: DataFrame, target: str, matches: list[Column], options: Mapping[str, Any]) -> None:
    """A merge whose commit happens once. Its options can only be given through the session, so each batch has
    a session of its own (a stream's batches come with one)."""
    spark = rows.sparkSession
    said = {
        "spark.databricks.delta.write.txnAppId": options["txnAppId"],
        "spark.databricks.delta.write.txnVersion": str(options["txnVersion"]),
        "spark.databricks.delta.commitInfo.userMetadata": options["userMetadata"],
    }
    for name, value in said.items():
        spark.conf.set(name, value)
    condition = matches[0]
    for other in matches[1:]:
        condition = condition & other
    try:
        merge = DeltaTable.forPath(spark, target).alias("t").merge(rows.alias("s"), condition)
        if "_gone" in rows.columns:
            kept = [name for name in rows.columns if name != "_gone"]
            values = {name: F.col(f"s.{name}") for name in kept}
            merge.whenMatchedDelete("s._gone").whenMatchedUpdate(set=values).whenNotMatchedInsert(
                condition="NOT s._gone", values=values
            ).execute()
        else:
            merge.whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()
    finally:
        for name in said:
            spark.conf.unset(name)
