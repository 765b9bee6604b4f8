"""Newest: of each period the newest delivery counts, and takes the place of the one before it whole.

rows in = written + replaced + rejected, and the rows stored = written over all batches.

A delivery is what one file brought (decision 037); a period is a value of a column, such as the month that a row is of.
One delivery may bring several periods and come in several batches; what another one had stored of the period, or brings
of it later, counts as replaced.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.contracts.rules import is_rejected
from headrace.errors import UsageError
from headrace.tables import IS_NULL, Newest, rejected_when
from headrace.writes.edge import Edge
from headrace.writes.node import Node
from headrace.writes.way import SilverWay

DELIVERY = {"_delivered_at": "_sent_at", "_delivery": "_source"}
"""The columns by which a stored row names its delivery, and those of bronze that they are made from."""


class NewestWay(SilverWay[Newest]):
    terms = ("written", "replaced", "rejected")
    stored = ("written",)
    named = {"replaced": "rows of deliveries that newer ones replace"}

    @property
    def sentence(self) -> str:
        return f"the newest delivery of each `{self.declared.period}` counts"

    def check(self, node: Node, contract: Contract | None) -> None:
        if contract is not None and contract.arrives.topic:
            raise UsageError(
                f"{node.ref}: Newest takes deliveries by files, but {contract.table} arrives by the topic "
                f"{contract.arrives.topic}, of which each message would be a delivery"
            )

    def judged(self, edge: Edge, rows: DataFrame, versions: Mapping[str, int]) -> DataFrame:
        period = self.declared.period
        if period not in rows.columns:
            raise UsageError(
                f"{edge.node.ref}: the period {period!r} of Newest is none of its columns: {', '.join(rows.columns)}"
            )
        return rows.transform(rejected_when(f"{period} {IS_NULL}", F.col(period).isNull()))

    def shaped(self, node: Node, contract: Contract, rows: DataFrame) -> DataFrame:
        return rows.withColumns({name: F.col(source) for name, source in DELIVERY.items()})

    def take(self, edge: Edge, judged: DataFrame, number: int, note: dict[str, Any]) -> None:
        good = judged.where(~is_rejected()).withColumns({name: F.col(of) for name, of in DELIVERY.items()})
        weighed = self._weighed(edge, good).persist()
        sums = (F.coalesce(F.sum(name), F.lit(0)) for name in ("arrived", "won", "lost"))
        won_periods = F.collect_list(F.when(F.col("won") > 0, F.col(self.declared.period).cast("string")))
        arrived, won, lost, periods = weighed.agg(*sums, won_periods).collect()[0]
        note["counts"] |= {"written": won - lost, "replaced": arrived - won + lost}
        if won:
            self._store(edge, good, weighed, periods if lost else [], number, note)
        weighed.unpersist()

    def _weighed(self, edge: Edge, good: DataFrame) -> DataFrame:
        """Of each period in the batch: the delivery that counts from now on, how many rows arrived, how many of them
        are of that delivery, and how many stored ones are not."""
        period = self.declared.period
        newest = F.max(F.struct(*DELIVERY)).alias("newest")
        here = good.groupBy(period, *DELIVERY).agg(F.count(F.lit(1)).alias("rows"))
        best = here.groupBy(period).agg(
            newest, F.sum("rows").alias("arrived"), F.max_by("rows", F.struct(*DELIVERY)).alias("rows")
        )
        won, lost = F.col("rows"), F.lit(0)
        stored = edge.stored(good.sparkSession)
        if stored is not None:
            before = stored.groupBy(period).agg(newest.alias("known"), F.count(F.lit(1)).alias("held"))
            best = best.join(before, on=period, how="left")
            wins = F.col("known").isNull() | (F.col("newest") >= F.col("known"))
            won = F.when(wins, won).otherwise(0)
            lost = F.when(F.col("newest") > F.col("known"), F.coalesce("held", F.lit(0))).otherwise(0)
        return best.select(period, "newest", "arrived", won.alias("won"), lost.alias("lost"))

    def _store(
        self,
        edge: Edge,
        good: DataFrame,
        weighed: DataFrame,
        renewed: Sequence[str],
        number: int,
        note: dict[str, Any],
    ) -> None:
        """By one commit. `renewed`: where a stored delivery gives way, the periods that are written anew."""
        period = self.declared.period
        winners = F.broadcast(weighed.where("won > 0").select(period, F.col("newest.*")))
        of_winner = [period, *DELIVERY]
        rows = good.join(winners, on=of_winner, how="left_semi").transform(edge.finished)
        stored = edge.stored(good.sparkSession)
        if stored is None or not renewed:
            edge.append(rows, number, note)
            return
        rows = rows.unionByName(stored.join(winners, on=of_winner, how="left_semi"))
        within = f"`{period}` IN ({_listed(renewed, dict(rows.dtypes)[period])})"
        edge.context.leases.check()
        writer = rows.write.format("delta").mode("overwrite").option("replaceWhere", within)
        writer.options(**edge.options(number, note)).save(edge.target)


def _listed(values: Sequence[str], kind: str) -> str:
    """Values of a Spark type in SQL."""
    quoted = (value.replace("\\", "\\\\").replace("'", "\\'") for value in values)
    return ", ".join(f"CAST('{value}' AS {kind})" for value in quoted)
