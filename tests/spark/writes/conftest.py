"""Feeds that are put to a way of writing batch by batch, without landing any file, and what its reference says."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import count
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

from headrace.contracts.schema import bronze_schema
from headrace.lake import log
from headrace.lake.delta_rs import opened
from headrace.lake.lease import Leases, RunContext
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.lake.session import session_for
from headrace.refine.catalog import load_tables
from headrace.settings import Settings
from headrace.tables import Write
from headrace.writes.edge import Edge
from headrace.writes.reference import WHEN, Reference

Row = dict[str, Any]
START = datetime(2024, 1, 1)
EVER = datetime(9999, 12, 31)


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

    def comes(self, rows: Sequence[Row], bronze_batch: int, *, numbered: bool = True) -> list[Row]:
        """Puts rows into bronze, in one commit, and gives them back as they lie there; of large files, whose lines are
        not numbered, without their number."""
        stamp = START + timedelta(days=1000 + bronze_batch)
        stamped = [
            row | {"_offset": place if numbered else None, "_ingested_at": stamp}
            for place, row in enumerate(rows)
        ]
        schema = to_arrow_schema(bronze_schema(self.edge.contract))
        found = [[row.get(field.name) for row in stamped] for field in schema]
        columns = [pa.array(each, field.type) for each, field in zip(found, schema, strict=True)]
        write_deltalake(self.edge.bronze, pa.Table.from_arrays(columns, schema=schema), mode="append")
        return stamped

    @property
    def reference(self) -> Reference:
        found = self.edge.way.reference(self.edge.node, self.edge.contract)
        assert found is not None
        return found

    def expected(self, came: Sequence[Row], snapshots: Iterable[datetime] = ()) -> list[tuple[Any, ...]]:
        """What the reference says of all keys, as `stored` gives it: the keys, then the columns it tells."""
        snapshots, found = list(snapshots), list[tuple[Any, ...]]()
        keys, nothing = self.reference.keys, dict.fromkeys(self.edge.contract.columns)
        for key in {tuple(row.get(name) for name in keys) for row in came} - {(None,) * len(keys)}:
            mine = [row for row in came if tuple(row.get(name) for name in keys) == key]
            dated = [
                {**nothing, **row, WHEN: _instant(row[self.reference.effective or "_sent_at"])}
                for row in mine
            ]
            (reading,) = self.reference.readings(dated, snapshots)
            found += [(*key, *(version[name] for name in self.reference.says)) for version in reading]
        return sorted(found, key=_nulls_first)

    def says(self) -> list[tuple[Any, ...]]:
        """What the table says, as `expected` gives it."""
        names, columns = self.reference.names, (*self.reference.keys, *self.reference.says)
        if not log.exists(self.edge.target):
            return []
        found = opened(self.edge.target).to_pyarrow_table(columns=list(columns)).to_pylist()
        for row in found if names is not None else ():
            row |= {names.since: _instant(row[names.since]), names.until: _end(row[names.until])}
        return sorted((tuple(row[name] for name in columns) for row in found), key=_nulls_first)

    def has_vessels(self, *vessels: str) -> None:
        rows = self.spark.createDataFrame([(vessel,) for vessel in vessels], "vessel_id string")
        rows.write.format("delta").mode("append").save(self.edge.paths.table("silver", "vessels"))

    def stored(self, *columns: str) -> list[tuple[Any, ...]]:
        rows = self.spark.read.format("delta").load(self.edge.target).select(*columns).collect()
        return sorted(tuple(row) for row in rows)


def _instant(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return value and datetime.combine(value, time())


def _end(value: Any) -> datetime | None:
    at = _instant(value)
    return None if at == EVER else at


def _nulls_first(row: tuple[Any, ...]) -> list[tuple[bool, Any]]:
    return [(value is not None, value) for value in row]


@pytest.fixture
def feed_of(spark: SparkSession, settings: Settings) -> Callable[..., Feed]:
    leases = Leases([], "test", 600)
    leases.acquire()

    lakes = count()

    def made(name: str, write: Write | None = None, domain: str = "ferries") -> Feed:
        own = settings.model_copy(update={"home": settings.home / str(next(lakes))})
        catalog, paths = load_tables(domain), Paths.of(domain, own)
        node = catalog.node(name, "silver")
        if write is not None:
            node = replace(node, table=replace(node.table, write=write))
        context = RunContext(paths, own, leases, "run")
        return Feed(
            session_for(spark, rows=0), Edge(node, catalog.source_of(node), context, datetime(2024, 3, 1))
        )

    return made
