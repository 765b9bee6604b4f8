"""Upsert: the latest row of each key wins, by the order column.

rows in = inserted + updated + superseded + unchanged + rejected.
"""

from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.lake.delta_rs import listed
from headrace.tables import Upsert
from headrace.writes.batch import GONE, Batch, WeighedWay
from headrace.writes.edge import Edge
from headrace.writes.node import Node

ORDER = "_order"
FATES = ("inserted", "updated", "superseded", "unchanged")


class UpsertWay(WeighedWay[Upsert]):
    terms = (*FATES, "rejected")
    stored = ("inserted",)
    corrects_nothing = "a row of the same order is counted as unchanged"

    @property
    def sentence(self) -> str:
        return f"the latest row by `{self.declared.order}` wins"

    def shaped(self, node: Node, contract: Contract, rows: DataFrame) -> DataFrame:
        return rows.withColumn(ORDER, F.col(self.declared.order))

    def with_order(self, edge: Edge, rows: DataFrame) -> DataFrame:
        return self.shaped(edge.node, edge.contract, rows)

    def take(self, batch: Batch, number: int, note: dict[str, Any]) -> None:
        keys = list(batch.edge.node.table.keys)
        self._weigh(batch, keys)
        found = dict(batch.select("SELECT _fate, count(*) FROM weighed GROUP BY _fate"))
        note["counts"] |= {fate: found.get(fate, 0) for fate in FATES}
        if note["counts"]["inserted"] or note["counts"]["updated"]:
            winners = (
                f"SELECT came.*, false AS {GONE} FROM came JOIN weighed USING (_row) "
                "WHERE _fate IN ('inserted', 'updated')"
            )
            batch.merge(winners, keys, number, note)

    def _weigh(self, batch: Batch, keys: list[str]) -> None:
        """What becomes of each row: the latest of its key in the batch is weighed against the stored one."""
        of_key, stored = listed(keys), "stored" if batch.see_stored() else "good WHERE false"
        latest_first = ", ".join(
            f"{name} DESC NULLS LAST" for name in (ORDER, "_sent_at", "_source", "_offset")
        )
        batch.run(f"""
            CREATE TABLE weighed AS
            WITH ranked AS (
                SELECT _row, {of_key}, {ORDER} AS _now,
                    row_number() OVER (PARTITION BY {of_key} ORDER BY {latest_first}) AS _nth
                FROM good
            ), known AS (SELECT {of_key}, {ORDER} AS _was FROM {stored})
            SELECT _row, CASE
                WHEN _nth > 1 THEN 'superseded' WHEN _was IS NULL THEN 'inserted' WHEN _now > _was THEN 'updated'
                WHEN _now = _was THEN 'unchanged' ELSE 'superseded'
            END AS _fate
            FROM ranked LEFT JOIN known USING ({of_key})
        """)
