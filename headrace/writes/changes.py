"""Changes: a change feed is applied in the order of the source's log; the table holds each key as it is now.

rows in = applied + before-images + superseded + replayed + rejected, and the rows stored = added + deleted, of which
the latter counts below nought. What is known of a key is the order that its row carries, or, of one that was deleted,
its tombstone in `<table>__deleted` (decision 036); later changes are applied, earlier ones are superseded, and the same
one is replayed.
"""

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from headrace.contracts.model import ChangeFeed, Contract
from headrace.contracts.rules import is_rejected
from headrace.contracts.schema import this_instant
from headrace.errors import UsageError
from headrace.lake.paths import deleted_of
from headrace.tables import IS_NULL, Changes, rejected_when
from headrace.writes.edge import GONE, Edge, read_version
from headrace.writes.node import Node, Ref
from headrace.writes.reference import ChangesReference
from headrace.writes.way import SilverWay

ORDER, FATE = "_order", "_fate"
FATES = ("applied", "before-images", "superseded", "replayed")
NEVER_INSERTED = "its key was never inserted"
ARRIVAL = ("_sent_at", "_source", "_partition", "_offset")


class ChangesWay(SilverWay[Changes]):
    terms = (*FATES, "rejected")
    stored = ("added", "deleted")
    corrects_nothing = "a change of the same order is counted as replayed"
    named = {"replayed": "changes that had come before", "before-images": "rows as they were before a change"}

    @property
    def sentence(self) -> str:
        return "changes are applied in the order of the source's log, and deleted keys are gone"

    def side_tables(self, name: str) -> tuple[str, ...]:
        return (deleted_of(name),)

    def check(self, node: Node, contract: Contract | None) -> None:
        super().check(node, contract)
        if contract is None or contract.type != "change_feed":
            raise UsageError(f"{node.ref}: Changes applies a source whose contract says `type: change_feed`")
        self._feed(contract).check(contract.columns)

    def _feed(self, contract: Contract) -> ChangeFeed:
        """What the contract says of its feed, with what the table declares otherwise."""
        feed = contract.changes.model_dump() if contract.changes else {}
        own = {name: getattr(self.declared, name) for name in ("operation", "order", "before")}
        feed |= {name: value for name, value in own.items() if value}
        if not (feed.get("operation") and feed.get("order")):
            raise UsageError(
                f"Changes needs to know the operation and the order of {contract.table}: name their columns where the "
                "table is declared, or under `changes` in its contract"
            )
        return ChangeFeed(**feed)

    def judges_by(self, edge: Edge) -> Mapping[str, str]:
        names = edge.node.name, deleted_of(edge.node.name)
        return {name: edge.paths.table("silver", name) for name in names}

    def judged(self, edge: Edge, rows: DataFrame, versions: Mapping[str, int]) -> DataFrame:
        feed, columns = self._feed(edge.contract), edge.contract.columns
        for name in (*edge.node.table.keys, *feed.order):
            if name not in columns or not (columns[name].required or name == edge.contract.key_column):
                rows = rows.transform(rejected_when(f"{name} {IS_NULL}", F.col(name).isNull()))
        known = F.coalesce(F.col(feed.operation).isin(*feed.operations(columns)), F.lit(False))
        rows = rows.transform(rejected_when(f"{feed.operation} is no operation of its feed", ~known))
        if self.declared.unknown == "keep":
            return rows
        return self._without_insert(edge, feed, rows, versions)

    def _without_insert(
        self, edge: Edge, feed: ChangeFeed, rows: DataFrame, versions: Mapping[str, int]
    ) -> DataFrame:
        """Sets aside changes to keys of which neither the table nor, earlier in the log, the batch has an insert."""
        keys, order, operation = list(edge.node.table.keys), F.struct(*feed.order), F.col(feed.operation)
        insert = F.when(~is_rejected() & operation.isin(*feed.insert), order)
        joined = rows.withColumn("_inserted", F.min(insert).over(Window.partitionBy(*keys)))
        joined = joined.join(self._known(edge, rows, versions), on=keys, how="left")
        never = (
            operation.isin(*feed.update, *feed.delete)
            & F.col("_known").isNull()
            & ~F.coalesce(F.col("_inserted") <= order, F.lit(False))
        )
        judged = joined.transform(rejected_when(NEVER_INSERTED, never & ~is_rejected()))
        return judged.select(*rows.columns)

    def _known(self, edge: Edge, rows: DataFrame, versions: Mapping[str, int]) -> DataFrame:
        """Of each key: how far in the log it is known, and whether the table holds it."""
        keys, feed = list(edge.node.table.keys), self._feed(edge.contract)
        nothing = rows.select(*keys, F.struct(*feed.order).alias(ORDER), F.lit(True).alias("_held"))
        known = nothing.where(F.lit(False))
        for name, path in self.judges_by(edge).items():
            if versions.get(name, -1) >= 0:
                table = read_version(rows.sparkSession, path, versions[name], Ref("silver", name))
                known = known.union(table.select(*keys, ORDER, F.lit(path == edge.target)))
        return known.groupBy(*keys).agg(F.max(ORDER).alias("_known"), F.max("_held").alias("_held"))

    def shaped(self, node: Node, contract: Contract, rows: DataFrame) -> DataFrame:
        return rows.withColumn(ORDER, F.struct(*self._feed(contract).order)).drop(*self.leaves_out(contract))

    def reference(self, node: Node, contract: Contract) -> ChangesReference:
        own = (*node.table.keys, *self.leaves_out(contract))
        says = tuple(name for name in contract.columns if name not in own)
        return ChangesReference(node.table.keys, self._feed(contract), tuple(contract.columns), says)

    def leaves_out(self, contract: Contract) -> tuple[str, ...]:
        feed = self._feed(contract)
        return (feed.before,) if feed.before in contract.columns else ()

    def take(self, edge: Edge, judged: DataFrame, number: int, note: dict[str, Any]) -> None:
        feed, keys = self._feed(edge.contract), list(edge.node.table.keys)
        weighed = self._weighed(edge, judged.where(~is_rejected()), note["upstream"]).persist()
        fates = {row[FATE]: row["count"] for row in weighed.groupBy(FATE).count().collect()}
        in_turn = Window.partitionBy(*keys).orderBy(F.desc(ORDER))
        applied = weighed.where(F.col(FATE) == "applied").withColumn("_nth", F.row_number().over(in_turn))
        held = F.coalesce("_held", F.lit(False))
        standing = (
            applied.where(F.col("_nth") == 1)
            .withColumns({GONE: F.col(feed.operation).isin(*feed.delete), "_held": held})
            .drop("_nth", "_known", FATE, *self.leaves_out(edge.contract))
            .persist()
        )
        moved = {
            (row[GONE], row["_held"]): row["count"]
            for row in standing.groupBy(GONE, "_held").count().collect()
        }
        note["counts"] |= {fate: fates.get(fate, 0) for fate in FATES}
        note["counts"] |= {"added": moved.get((False, False), 0), "deleted": -moved.get((True, True), 0)}
        if any(gone for gone, _ in moved):
            self._remember_deleted(edge, standing.where(GONE), number, note)
        if any(not gone or was_held for gone, was_held in moved):
            edge.merge(standing.drop("_held").transform(edge.finished), keys, number, note)
        standing.unpersist()
        weighed.unpersist()

    def _weighed(self, edge: Edge, good: DataFrame, versions: Mapping[str, int]) -> DataFrame:
        """Each row with what becomes of it."""
        feed, keys = self._feed(edge.contract), list(edge.node.table.keys)
        is_image = F.col(feed.operation).isin(*feed.images(edge.contract.columns))
        copies = Window.partitionBy(*keys, ORDER, is_image).orderBy(*ARRIVAL)
        ordered = good.withColumn(ORDER, F.struct(*feed.order)).withColumn(
            "_nth", F.row_number().over(copies)
        )
        known = self._known(edge, good, versions)
        fate = (
            F.when(is_image, "before-images")
            .when((F.col("_nth") > 1) | (F.col(ORDER) == F.col("_known")), "replayed")
            .when(F.col(ORDER) < F.col("_known"), "superseded")
            .otherwise("applied")
        )
        return ordered.join(known, on=keys, how="left").withColumn(FATE, fate).drop("_nth")

    def _remember_deleted(self, edge: Edge, gone: DataFrame, number: int, note: Mapping[str, Any]) -> None:
        """The tombstones come first: a run that is killed after them finds their commit and begins where it began."""
        path = edge.paths.table("silver", deleted_of(edge.node.name))
        if edge.earlier_commit(path, number) is not None:
            return
        edge.context.leases.check()
        tombstones = gone.select(
            *edge.node.table.keys,
            ORDER,
            this_instant().alias("_deleted_at"),
            F.lit(edge.context.run).alias("_run"),
        )
        tombstones.write.format("delta").mode("append").options(**edge.options(number, note)).save(path)
