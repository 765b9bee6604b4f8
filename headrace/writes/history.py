"""History: a slowly changing dimension of type 2.

rows in = opened + unchanged + rejected, and the versions stored = opened + reclassified over all batches.

Keys whose batch says nothing new are only counted. For every other key all versions are made again from all
that bronze ever saw of it, so replays and arrivals out of order end in exactly the same history.

Where the source sends snapshots, a key is closed at the instant of the first snapshot that leaves it out, and opened
again by the next one that has it. A snapshot is all that was sent at one instant. It closes nothing before bronze has
been taken as far as its last row, nor while it holds a line whose key nobody can read: that could be anyone's. A row
that is rejected says that its key is still there, and no more.
"""

from collections.abc import Mapping
from functools import reduce
from operator import and_
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from headrace.contracts.model import Contract
from headrace.contracts.rules import is_rejected
from headrace.errors import UsageError
from headrace.lake import log
from headrace.lake.merge import GONE, merge_rows
from headrace.tables import EVER, IS_NULL, History, rejected_when
from headrace.writes.edge import Edge
from headrace.writes.node import Node
from headrace.writes.way import SilverWay

SENT = "_sent_at"


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
        since = f" from `{self.declared.effective}` on" if self.declared.effective else ""
        return f"a version for each change{since}"

    def check(self, node: Node, contract: Contract | None) -> None:
        if contract is None or contract.arrives.sends != "snapshot":
            return
        if self.declared.effective:
            raise UsageError(
                f"{node.ref}: {contract.table} sends snapshots, and a snapshot says what holds when it is sent: "
                f"leave out effective={self.declared.effective!r}"
            )
        if contract.arrives.topic:
            raise UsageError(
                f"{node.ref}: {contract.table} sends snapshots by the topic {contract.arrives.topic}, of which each "
                "message would be a snapshot that closes all other keys; let it send changes"
            )

    def judged(self, edge: Edge, rows: DataFrame, versions: Mapping[str, int]) -> DataFrame:
        effective = self.declared.effective
        if effective is None:
            return rows
        if effective not in rows.columns:
            raise UsageError(
                f"{edge.node.ref}: the column {effective!r} of History is none of its columns: "
                f"{', '.join(rows.columns)}"
            )
        spec = edge.contract.columns.get(effective)
        if spec is not None and spec.required:
            return rows
        return rows.transform(rejected_when(f"{effective} {IS_NULL}", F.col(effective).isNull()))

    def shaped(self, node: Node, contract: Contract, rows: DataFrame) -> DataFrame:
        return self._versions(list(node.table.keys), self._tracked(node, contract), rows)

    def take(self, edge: Edge, judged: DataFrame, number: int, note: dict[str, Any]) -> None:
        good, closes = judged.where(~is_rejected()), edge.contract.arrives.sends == "snapshot"
        note["counts"] |= {"opened": 0, "unchanged": good.count(), "reclassified": 0}
        snapshots = _snapshots(edge, judged).persist() if closes else None
        moved = self._keys_with_news(edge, judged if closes else good)
        if snapshots is not None and log.exists(edge.target):
            moved = moved.union(_keys_left_out(edge, judged, snapshots)).distinct()
        moved.persist()
        if not moved.isEmpty():
            self._rebuild(edge, judged, moved, snapshots, number, note)
        moved.unpersist()
        if snapshots is not None:
            snapshots.unpersist()

    @property
    def _when(self) -> Column:
        """When a row takes effect."""
        return F.col(self.declared.effective or SENT).cast("timestamp")

    def _tracked(self, node: Node, contract: Contract) -> list[str]:
        """The columns whose change opens a version: all, since what is judged by a version leans on any of them."""
        own = (*node.table.keys, self.declared.effective)
        return [name for name in contract.columns if name not in own]

    def _keys_with_news(self, edge: Edge, rows: DataFrame) -> DataFrame:
        """Keys of which some row differs from the current version or came before it."""
        keys, columns = list(edge.node.table.keys), self._tracked(edge.node, edge.contract)
        if not log.exists(edge.target):
            return rows.select(*keys).dropna().distinct()
        current = rows.sparkSession.read.format("delta").load(edge.target).where("is_current")
        known = current.select(
            *[F.col(key).alias(f"c_{key}") for key in keys],
            *[F.col(name).alias(f"c_{name}") for name in columns],
            F.col("effective_from").alias("c_from"),
        )
        joined = rows.join(known, on=_same("", "c_", keys), how="left")
        nothing_new = _same("", "c_", columns) & (self._when >= F.col("c_from"))
        return joined.where(~F.coalesce(nothing_new, F.lit(False))).select(*keys).dropna().distinct()

    def _rebuild(
        self,
        edge: Edge,
        judged: DataFrame,
        moved: DataFrame,
        snapshots: DataFrame | None,
        number: int,
        note: dict[str, Any],
    ) -> None:
        good, keys = judged.where(~is_rejected()), list(edge.node.table.keys)
        seen = _all_seen(edge, judged, moved, note["upstream"])
        if snapshots is None:
            seen = seen.where(~is_rejected())
        made = self._versions(keys, self._tracked(edge.node, edge.contract), seen, snapshots).persist()
        stored = _stored_versions(edge, moved)
        opened, after = self._opened_by_batch(keys, good, made), made.count()
        before = stored.count() if stored else 0
        counts = note["counts"]
        counts["opened"], counts["unchanged"] = opened, counts["unchanged"] - opened
        counts["reclassified"] = after - before - opened
        rows = made.transform(edge.finished)
        options = edge.options(number, note)
        edge.context.leases.check()
        if stored is None:
            rows.write.format("delta").mode("append").options(**options).save(edge.target)
        else:
            named = [*keys, "version"]
            surplus = stored.join(made.select(*named), on=named, how="left_anti").withColumn(
                GONE, F.lit(True)
            )
            rows = rows.withColumn(GONE, F.lit(False)).unionByName(surplus)
            merge_rows(rows, edge.target, named, options)
        made.unpersist()

    def _versions(
        self, keys: list[str], columns: list[str], seen: DataFrame, snapshots: DataFrame | None = None
    ) -> DataFrame:
        """A version for each change of these columns, whatever else the rows hold."""
        last_word = Window.partitionBy(*keys, "_when").orderBy(
            F.desc(SENT), F.desc("_ingested_at"), F.desc("_source"), F.desc("_offset")
        )
        dated = seen.withColumns({"_when": self._when, "_state": F.struct(*columns)})
        if snapshots is not None:
            last_word = Window.partitionBy(*keys, "_when").orderBy(
                is_rejected(), F.desc("_ingested_at"), F.desc("_source"), F.desc("_offset")
            )
        one_each = dated.withColumn("_nth", F.row_number().over(last_word)).where("_nth = 1").drop("_nth")
        if snapshots is None:
            stays = one_each.withColumns({"_stay": F.lit(0), "_closed_at": F.lit(None).cast("timestamp")})
        else:
            stays = _stays(keys, one_each, snapshots)
        in_stay = Window.partitionBy(*keys, "_stay").orderBy("_when")
        changed = stays.withColumn("_before", F.lag("_state").over(in_stay)).where(
            F.col("_before").isNull() | ~F.col("_before").eqNullSafe(F.col("_state"))
        )
        until = F.coalesce(F.lead("_when").over(in_stay), "_closed_at")
        return changed.withColumns(
            {
                "effective_from": F.col("_when"),
                "effective_to": F.coalesce(until, F.lit(EVER).cast("timestamp")),
                "is_current": until.isNull(),
                "version": F.row_number().over(Window.partitionBy(*keys).orderBy("_when")),
            }
        ).drop("_before", "_state", "_when", "_stay", "_closed_at")

    def _opened_by_batch(self, keys: list[str], good: DataFrame, made: DataFrame) -> int:
        """How many of the batch's rows begin a version."""
        same = [*keys, "_when", "_source"]
        begun = made.withColumn("_when", F.col("effective_from")).select(*same)
        return (
            good.withColumn("_when", self._when)
            .select(*same)
            .distinct()
            .join(begun, same, "left_semi")
            .count()
        )


WAY = HistoryWay


def _same(left: str, right: str, columns: list[str]) -> Column:
    return reduce(
        and_, [F.col(f"{left}{name}").eqNullSafe(F.col(f"{right}{name}")) for name in columns], F.lit(True)
    )


def _stored_versions(edge: Edge, moved: DataFrame) -> DataFrame | None:
    if not log.exists(edge.target):
        return None
    stored = moved.sparkSession.read.format("delta").load(edge.target)
    return stored.join(F.broadcast(moved), on=list(edge.node.table.keys), how="left_semi")


def _all_seen(edge: Edge, batch: DataFrame, moved: DataFrame, upstream: Mapping[str, int]) -> DataFrame:
    """Every row of these keys that bronze held when the newest row taken so far came in, judged."""
    spark, keys = batch.sparkSession, list(edge.node.table.keys)
    bronze = spark.read.format("delta").load(edge.bronze).where(F.col("_ingested_at") <= _newest(edge, batch))
    return edge.judged(bronze.join(F.broadcast(moved), on=keys, how="left_semi"), upstream)


def _newest(edge: Edge, batch: DataFrame) -> Column:
    """When the newest row came in; recycled rows are older than what is stored."""
    taken = batch.select("_ingested_at")
    if log.exists(edge.target):
        stored = batch.sparkSession.read.format("delta").load(edge.target)
        taken = taken.unionByName(stored.select("_ingested_at"))
    last = taken.agg(F.max("_ingested_at")).first()
    assert last is not None
    return F.lit(last[0])


def _snapshots(edge: Edge, batch: DataFrame) -> DataFrame:
    """The instants of the snapshots that have come in whole, and when the last row of each did."""
    bronze = batch.sparkSession.read.format("delta").load(edge.bronze)
    nobody = reduce(and_, (F.col(key).isNotNull() for key in edge.node.table.keys))
    found = bronze.groupBy(SENT).agg(
        F.max("_ingested_at").alias("_whole_at"), F.min(nobody).alias("_readable")
    )
    return found.where(F.col("_readable") & (F.col("_whole_at") <= _newest(edge, batch))).drop("_readable")


def _keys_left_out(edge: Edge, batch: DataFrame, snapshots: DataFrame) -> DataFrame:
    """Keys with a version that a snapshot of the batch falls into without having the key."""
    spark, keys = batch.sparkSession, list(edge.node.table.keys)
    here = snapshots.join(batch.select(SENT).distinct(), on=SENT, how="left_semi").select(SENT)
    stored = spark.read.format("delta").load(edge.target).select(*keys, "effective_from", "effective_to")
    within = (F.col("effective_from") < F.col(SENT)) & (F.col(SENT) < F.col("effective_to"))
    expected = stored.join(F.broadcast(here), on=within).select(*keys, SENT)
    listed = spark.read.format("delta").load(edge.bronze).select(*keys, SENT)
    return expected.join(listed, on=[*keys, SENT], how="left_anti").select(*keys)


def _stays(keys: list[str], seen: DataFrame, snapshots: DataFrame) -> DataFrame:
    """The good rows of each key, numbered by its stays in the snapshots, with the instant at which a stay ended."""
    in_time, whole_stay = Window.partitionBy(*keys).orderBy("_when"), Window.partitionBy(*keys, "_stay")
    everyone = snapshots.agg(F.array_sort(F.collect_list(F.struct(SENT, "_whole_at"))).alias("_snapshots"))
    later = F.filter("_snapshots", lambda each: each[SENT] > F.col("_when"))
    rows = seen.crossJoin(F.broadcast(everyone)).withColumn("_next", F.get(later, 0)).drop("_snapshots")
    then = F.lead("_when").over(in_time)
    is_last = F.col("_next").isNotNull() & (then.isNull() | (then > F.col("_next")[SENT]))
    rows = rows.withColumn("_is_last", is_last)
    rows = rows.withColumn("_begins", F.lag("_is_last", 1, False).over(in_time).cast("int"))
    rows = rows.withColumn("_stay", F.sum("_begins").over(in_time))
    end = F.max(F.when(F.col("_is_last"), F.col("_next"))).over(whole_stay)
    ended = rows.withColumn("_end", end).where(~is_rejected())
    # What is stored tells how far bronze was taken, and a snapshot that only closes keys leaves no other trace.
    known_at = F.greatest("_ingested_at", F.col("_end._whole_at"))
    return ended.withColumns({"_closed_at": F.col("_end")[SENT], "_ingested_at": known_at}).drop(
        "_next", "_is_last", "_begins", "_end"
    )
