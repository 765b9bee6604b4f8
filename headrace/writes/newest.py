"""Newest: of each period the newest delivery counts, and takes the place of the one before it whole.

rows in = written + replaced + rejected, and the rows stored = written over all batches.

A delivery is what one file brought: its rows share the instant at which they were sent, and the file's name decides
between two of one instant. A period is a value of a column, such as the month that a row is of. One delivery may bring
several periods and come in several batches; what another one had stored of the period, or brings of it later, counts
as replaced. A delivery counts for a period once a row of it passes: a correction that is rejected whole corrects
nothing until its rows are recycled, and neither does a file without rows, which names no period.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.contracts.rules import is_rejected
from headrace.errors import UsageError
from headrace.lake import log
from headrace.tables import IS_NULL, Newest, rejected_when
from headrace.writes.edge import Edge
from headrace.writes.node import Node
from headrace.writes.way import SilverWay

DELIVERY = {"_delivered_at": "_sent_at", "_delivery": "_source"}
"""The columns by which a stored row names its delivery, and those of bronze that they are made from."""
QUOTED = {"string": "", "date": "DATE", "timestamp": "TIMESTAMP"}


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
        found = weighed.agg(
            *(F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in ("arrived", "won", "lost"))
        ).collect()[0]
        note["counts"] |= {
            "written": found["won"] - found["lost"],
            "replaced": found["arrived"] - found["won"] + found["lost"],
        }
        if found["won"]:
            self._store(edge, good, weighed, number, note)
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
        if not log.exists(edge.target):
            return best.select(
                period, "newest", "arrived", F.col("rows").alias("won"), F.lit(0).alias("lost")
            )
        stored = good.sparkSession.read.format("delta").load(edge.target)
        before = stored.groupBy(period).agg(newest.alias("known"), F.count(F.lit(1)).alias("held"))
        held, wins = (
            F.coalesce("held", F.lit(0)),
            F.col("known").isNull() | (F.col("newest") >= F.col("known")),
        )
        return best.join(before, on=period, how="left").select(
            period,
            "newest",
            "arrived",
            F.when(wins, F.col("rows")).otherwise(0).alias("won"),
            F.when(F.col("newest") > F.col("known"), held).otherwise(0).alias("lost"),
        )

    def _store(
        self, edge: Edge, good: DataFrame, weighed: DataFrame, number: int, note: dict[str, Any]
    ) -> None:
        """By one commit: where a stored delivery gives way, the periods of the batch are written anew."""
        period = self.declared.period
        winners = F.broadcast(weighed.where("won > 0").select(period, F.col("newest.*")))
        of_winner = [period, *DELIVERY]
        rows = good.join(winners, on=of_winner, how="left_semi").transform(edge.finished)
        written = (
            weighed.where("won > 0")
            .agg(F.sum("lost").alias("lost"), F.collect_list(F.col(period).cast("string")).alias("periods"))
            .collect()[0]
        )
        writer = rows.write.format("delta").mode("append")
        if not log.exists(edge.target):
            writer = edge.created_by(writer)
        elif written["lost"]:
            stored = good.sparkSession.read.format("delta").load(edge.target)
            rows = rows.unionByName(stored.join(winners, on=of_winner, how="left_semi"))
            kind = dict(rows.dtypes)[period]
            writer = rows.write.format("delta").mode("overwrite")
            writer = writer.option("replaceWhere", f"`{period}` IN ({_listed(written['periods'], kind)})")
        edge.context.leases.check()
        writer.options(**edge.options(number, note)).save(edge.target)


WAY = NewestWay


def _listed(values: Sequence[str], kind: str) -> str:
    """Values of a Spark type as literals of SQL."""
    if kind not in QUOTED:
        return ", ".join(f"CAST('{value}' AS {kind})" for value in values)
    quoted = (value.replace("\\", "\\\\").replace("'", "\\'") for value in values)
    return ", ".join(f"{QUOTED[kind]}'{value}'" for value in quoted)
