"""History: a slowly changing dimension of type 2.

rows in = opened + unchanged + rejected, and the versions stored = opened + reclassified over all batches.

Keys whose batch says nothing new are only counted. For every other key all versions are made again from all
that bronze ever saw of it, so replays and arrivals out of order end in exactly the same history. Where the source sends
snapshots, a key is closed at the instant of the first one that leaves it out, and opened again by the next one that
has it (decision 037).
"""

from collections.abc import Mapping, Sequence
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
from headrace.tables import EVER, IS_NULL, History, rejected_when
from headrace.writes.edge import GONE, Edge
from headrace.writes.node import Node
from headrace.writes.reference import HistoryReference
from headrace.writes.way import SilverWay

SENT = "_sent_at"
OWN = (
    (T.TimestampType(), "From when this version holds"),
    (T.TimestampType(), "Until when this version holds, not included; the year 9999 for the current one"),
    (T.BooleanType(), "Whether this version is the current one"),
    (T.IntegerType(), "The number of this version of its key, from 1"),
)
"""The types and meanings of the columns of a history, in the order of their names."""


class HistoryWay(SilverWay[History]):
    terms = ("opened", "unchanged", "rejected")
    stored = ("opened", "reclassified")

    def __init__(self, write: History) -> None:
        super().__init__(write)
        self._names = write.names
        self.versions = write.names
        self.columns = tuple(
            T.StructField(name, kind, metadata={"comment": meaning})
            for name, (kind, meaning) in zip(self._names, OWN, strict=True)
        )

    def gained(self, fields: Sequence[T.StructField]) -> list[T.StructField]:
        """Those that the source does not send; the end is of the type of the beginning."""
        sent = {field.name: field.dataType for field in fields}
        ends = sent.get(self._names.since, T.TimestampType())
        kinds = {self._names.until: ends}
        return [
            T.StructField(each.name, kinds.get(each.name, each.dataType), metadata=each.metadata)
            for each in self.columns
            if each.name not in sent
        ]

    @property
    def sentence(self) -> str:
        declared = self.declared
        of = f" of {', '.join(f'`{name}`' for name in declared.tracked)}" if declared.tracked else ""
        since = f" from `{declared.effective}` on" if declared.effective else ""
        return f"a version for each change{of}{since}"

    def check(self, node: Node, contract: Contract | None) -> None:
        if len({*self._names}) < len(OWN):
            raise UsageError(
                f"{node.ref}: History gives two of its columns one name: {', '.join(self._names)}"
            )
        if contract is None:
            return
        unknown = [name for name in self.declared.tracked if name not in self._told(node, contract)]
        if unknown:
            raise UsageError(
                f"{node.ref}: History tracks {', '.join(unknown)}; a version is opened by columns that the source "
                f"tells and that are neither keys nor its own: {', '.join(self._told(node, contract))}"
            )
        if contract.arrives.sends != "snapshot":
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

    def reference(self, node: Node, contract: Contract) -> HistoryReference:
        opens, told = self._opening(node, contract), self._told(node, contract)
        return HistoryReference(
            node.table.keys,
            self._names,
            tuple(opens),
            tuple(told),
            self.declared.effective,
            contract.arrives.sends == "snapshot",
        )

    def shaped(self, node: Node, contract: Contract, rows: DataFrame) -> DataFrame:
        return self._versions(list(node.table.keys), self._opening(node, contract), rows)

    def take(self, edge: Edge, judged: DataFrame, number: int, note: dict[str, Any]) -> None:
        good, closes = judged.where(~is_rejected()), edge.contract.arrives.sends == "snapshot"
        note["counts"] |= {"opened": 0, "unchanged": good.count(), "reclassified": 0}
        snapshots = _snapshots(edge, judged).persist() if closes else None
        moved = self._keys_with_news(edge, judged if closes else good)
        if snapshots is not None and log.exists(edge.target):
            moved = moved.union(self._keys_left_out(edge, judged, snapshots)).distinct()
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

    def _told(self, node: Node, contract: Contract) -> list[str]:
        """The columns of a version that the source tells."""
        own = (*node.table.keys, self.declared.effective, *self._names)
        return [name for name in contract.columns if name not in own]

    def _opening(self, node: Node, contract: Contract) -> list[str]:
        """The columns whose change opens a version: by default all, since what is judged by a version leans on any of
        them."""
        return list(self.declared.tracked) or self._told(node, contract)

    def _keys_with_news(self, edge: Edge, rows: DataFrame) -> DataFrame:
        """Keys of which some row differs from the current version or came before it."""
        keys, state = list(edge.node.table.keys), F.struct(*self._told(edge.node, edge.contract))
        stored = edge.stored(rows.sparkSession)
        if stored is not None:
            current = stored.where(F.col(self._names.current)).select(
                *keys, state.alias("_known"), F.col(self._names.since).alias("_since")
            )
            nothing_new = state.eqNullSafe(F.col("_known")) & (self._when >= F.col("_since"))
            joined = rows.join(current, on=keys, how="left")
            rows = joined.where(~F.coalesce(nothing_new, F.lit(False)))
        return rows.select(*keys).dropna().distinct()

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
        versions = self._versions(keys, self._opening(edge.node, edge.contract), seen, snapshots).persist()
        begins, named, counts = [*keys, "_when", "_source"], [*keys, self._names.number], note["counts"]
        begun = versions.withColumn("_when", F.col(self._names.since).cast("timestamp")).select(*begins)
        arrived = good.withColumn("_when", self._when).select(*begins).distinct()
        opened, before = arrived.join(begun, begins, "left_semi").count(), 0
        rows = versions.transform(edge.finished)
        stored = edge.stored(judged.sparkSession)
        if stored is not None:
            of_keys = stored.join(F.broadcast(moved), on=keys, how="left_semi")
            before = of_keys.count()
            surplus = of_keys.join(versions.select(*named), on=named, how="left_anti")
            rows = rows.withColumn(GONE, F.lit(False)).unionByName(surplus.withColumn(GONE, F.lit(True)))
        counts["opened"], counts["unchanged"] = opened, counts["unchanged"] - opened
        counts["reclassified"] = versions.count() - before - opened
        edge.merge(rows, named, number, note)
        versions.unpersist()

    def _versions(
        self, keys: list[str], columns: list[str], seen: DataFrame, snapshots: DataFrame | None = None
    ) -> DataFrame:
        """A version for each change of these columns, whatever else the rows hold. Its `_source` is that of the row
        that opened it."""
        last_word = Window.partitionBy(*keys, "_when").orderBy(
            F.desc(SENT) if snapshots is None else is_rejected(),
            *(F.desc(name) for name in ("_ingested_at", "_source", "_offset")),
        )
        dated = seen.withColumns({"_when": self._when, "_state": F.struct(*columns)})
        one_each = dated.withColumn("_nth", F.row_number().over(last_word)).where("_nth = 1").drop("_nth")
        if snapshots is None:
            stays = one_each.withColumns({"_stay": F.lit(0), "_closed_at": F.lit(None).cast("timestamp")})
        else:
            stays = _stays(keys, one_each, snapshots)
        in_stay = Window.partitionBy(*keys, "_stay").orderBy("_when")
        before = stays.withColumn("_before", F.lag("_state").over(in_stay))
        opens = F.col("_before").isNull() | ~F.col("_before").eqNullSafe(F.col("_state"))
        changed = self._as_newest(keys, before, opens) if self.declared.tracked else before.where(opens)
        until = F.coalesce(F.lead("_when").over(in_stay), "_closed_at")
        number = F.row_number().over(Window.partitionBy(*keys).orderBy("_when"))
        ever = F.coalesce(until, F.lit(EVER).cast("timestamp"))
        values = zip(self._names, (F.col("_when"), ever, until.isNull(), number), strict=True)
        kinds = dict(seen.dtypes)
        ends = kinds.get(self._names.since, "timestamp")
        usual = dict(zip(self._names, (ends, ends, "boolean", "int"), strict=True))
        own = {name: value.cast(kinds.get(name, usual[name])) for name, value in values}
        return changed.withColumns(own).drop("_before", "_state", "_when", "_stay", "_closed_at")

    def _as_newest(self, keys: list[str], rows: DataFrame, opens: Column) -> DataFrame:
        """Of each run of rows that one opens the newest, from when the first holds."""
        in_stay = Window.partitionBy(*keys, "_stay").orderBy("_when")
        run = Window.partitionBy(*keys, "_stay", "_run")
        first = [name for name in ("_source", self.declared.effective) if name]
        runs = rows.withColumn("_run", F.sum(opens.cast("int")).over(in_stay))
        newest = runs.withColumns(
            {name: F.min_by(name, "_when").over(run) for name in first}
            | {"_first": F.min("_when").over(run), "_last": F.max("_when").over(run)}
        ).where(F.col("_when") == F.col("_last"))
        return newest.withColumn("_when", F.col("_first")).drop("_run", "_first", "_last")

    def _keys_left_out(self, edge: Edge, batch: DataFrame, snapshots: DataFrame) -> DataFrame:
        """Keys with a version that a snapshot of the batch falls into without having the key."""
        spark, keys, names = batch.sparkSession, list(edge.node.table.keys), self._names
        here = snapshots.join(batch.select(SENT).distinct(), on=SENT, how="left_semi").select(SENT)
        stored = spark.read.format("delta").load(edge.target).select(*keys, names.since, names.until)
        within = (F.col(names.since) < F.col(SENT)) & (F.col(SENT) < F.col(names.until))
        expected = stored.join(F.broadcast(here), on=within).select(*keys, SENT)
        listed = spark.read.format("delta").load(edge.bronze).select(*keys, SENT)
        return expected.join(listed, on=[*keys, SENT], how="left_anti").select(*keys)


def _all_seen(edge: Edge, batch: DataFrame, moved: DataFrame, upstream: Mapping[str, int]) -> DataFrame:
    """Every row of these keys that bronze held when the newest row taken so far came in, judged."""
    spark, keys = batch.sparkSession, list(edge.node.table.keys)
    bronze = spark.read.format("delta").load(edge.bronze).where(F.col("_ingested_at") <= _newest(edge, batch))
    return edge.judged(bronze.join(F.broadcast(moved), on=keys, how="left_semi"), upstream)


def _newest(edge: Edge, batch: DataFrame) -> Column:
    """When the newest row came in; recycled rows are older than what is stored."""
    taken, stored = batch.select("_ingested_at"), edge.stored(batch.sparkSession)
    if stored is not None:
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
