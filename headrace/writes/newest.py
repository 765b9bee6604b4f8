"""Newest: of each period the newest delivery counts, and takes the place of the one before it whole.

rows in = written + replaced + rejected, and the rows stored = written over all batches.

A delivery is what one file brought (decision 037); a period is a value of a column, such as the month that a row is of.
One delivery may bring several periods and come in several batches; what another one had stored of the period, or brings
of it later, counts as replaced.
"""

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.errors import UsageError
from headrace.lake.delta_rs import listed, quoted, text_literal
from headrace.tables import IS_NULL, Newest, rejected_when
from headrace.writes.batch import Batch, WeighedWay
from headrace.writes.edge import Edge
from headrace.writes.node import Node

DELIVERY = {"_delivered_at": "_sent_at", "_delivery": "_source"}
"""The columns by which a stored row names its delivery, and those of bronze that they are made from."""


class NewestWay(WeighedWay[Newest]):
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

    def with_order(self, edge: Edge, rows: DataFrame) -> DataFrame:
        return self.shaped(edge.node, edge.contract, rows)

    def take(self, batch: Batch, number: int, note: dict[str, Any]) -> None:
        period = quoted(self.declared.period)
        self._weigh(batch, period)
        sums = ", ".join(f"coalesce(sum({name}), 0)::BIGINT" for name in ("_arrived", "_won", "_lost"))
        ((arrived, won, lost),) = batch.select(f"SELECT {sums} FROM weighed")
        note["counts"] |= {"written": won - lost, "replaced": arrived - won + lost}
        if not won:
            return
        rows = f"SELECT good.* FROM good SEMI JOIN winners USING ({period}, {listed(DELIVERY)})"
        if not lost:
            batch.append(rows, number, note)
            return
        renewed = batch.select(f"SELECT {period}::VARCHAR, typeof({period}) FROM winners")
        values = ", ".join(_literal(*each) for each in renewed)
        kept = f"SELECT stored.* FROM stored SEMI JOIN winners USING ({period}, {listed(DELIVERY)})"
        batch.replace(rows, kept, f"{period} IN ({values})", number, note)

    def _weigh(self, batch: Batch, period: str) -> None:
        """Of each period in the batch, `weighed`: the delivery that counts from now on, how many rows arrived, how many
        of them are of that delivery, and how many stored ones are not. `winners`: those of which the batch has rows."""
        delivery = f"struct_pack({', '.join(f'{name} := {name}' for name in DELIVERY)})"
        stored = "stored" if batch.see_stored() else "good WHERE false"
        batch.run(f"""
            CREATE TABLE weighed AS
            WITH here AS (
                SELECT {period}, {delivery} AS _brought, count(*) AS _rows FROM good GROUP BY ALL
            ), best AS (
                SELECT {period}, max(_brought) AS _newest, sum(_rows) AS _arrived, arg_max(_rows, _brought) AS _rows
                FROM here GROUP BY {period}
            ), before AS (
                SELECT {period}, max({delivery}) AS _known, count(*) AS _held FROM {stored} GROUP BY {period}
            )
            SELECT {period}, _newest.*, _arrived,
                CASE WHEN _known IS NULL OR _newest >= _known THEN _rows ELSE 0 END AS _won,
                CASE WHEN _newest > _known THEN _held ELSE 0 END AS _lost
            FROM best LEFT JOIN before USING ({period})
        """)
        batch.run("CREATE VIEW winners AS SELECT * FROM weighed WHERE _won > 0")


def _literal(value: str, kind: str) -> str:
    """As delta-rs takes it, which holds a timestamp that is cast against others of another unit."""
    text = text_literal(value)
    return text if kind.startswith("TIMESTAMP") else f"CAST({text} AS {kind})"
