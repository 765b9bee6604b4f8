"""Random feeds, put to a way of writing batch by batch without landing any file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from headrace.contracts.schema import bronze_schema
from headrace.lake.lease import Leases, RunContext
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.lake.session import session_for
from headrace.refine.catalog import load_tables
from headrace.settings import Settings
from headrace.tables import Write
from headrace.writes.edge import Edge

Row = dict[str, Any]


class Killed(Exception):
    pass


def dies(*_: object, **__: object) -> None:
    raise Killed


@dataclass
class Feed:
    """The edge of one silver table of a toy domain; rows are of its bronze table, what they leave out is null."""

    spark: SparkSession
    edge: Edge
    last: int = 0

    def frame(self, rows: Sequence[Row]) -> DataFrame:
        schema = bronze_schema(self.edge.contract)
        return self.spark.createDataFrame(
            [tuple(row.get(name) for name in schema.fieldNames()) for row in rows], schema
        )

    def takes(self, rows: Sequence[Row], number: int | None = None) -> dict[str, int]:
        """The counts of the next batch, or of one that is tried again under its number."""
        self.last = number or self.last + 1
        entry: Entry = self.edge.way.write(self.edge, self.frame(rows), self.last)
        assert entry.rows_in == len(rows)
        assert sum(entry.counts[term] for term in self.edge.way.terms) == len(rows)
        return entry.counts

    def has_vessels(self, *vessels: str) -> None:
        rows = self.spark.createDataFrame([(vessel,) for vessel in vessels], "vessel_id string")
        rows.write.format("delta").mode("append").save(self.edge.paths.table("silver", "vessels"))

    def stored(self, *columns: str) -> list[tuple[Any, ...]]:
        rows = self.spark.read.format("delta").load(self.edge.target).select(*columns).collect()
        return sorted(tuple(row) for row in rows)


@pytest.fixture
def feed_of(spark: SparkSession, settings: Settings) -> Callable[..., Feed]:
    leases = Leases([], "test", 600)
    leases.acquire()

    def made(name: str, write: Write | None = None, domain: str = "ferries") -> Feed:
        catalog, paths = load_tables(domain), Paths.of(domain, settings)
        node = catalog.node(name, "silver")
        if write is not None:
            node = replace(node, table=replace(node.table, write=write))
        context = RunContext(paths, settings, leases, "run")
        return Feed(
            session_for(spark, rows=0), Edge(node, catalog.source_of(node), context, datetime(2024, 3, 1))
        )

    return made
