"""A batch of judged rows in a database of its own, where it is found out what becomes of each.

The functions of tables are Spark's, so Spark judges. What follows is a matter of keys and their order: DuckDB tells it
in a tenth of the time, and plans and compiles nothing for a handful of rows.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from delta.tables import DeltaTable
from deltalake import write_deltalake
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.contracts.schema import bronze_schema
from headrace.lake import log, objects
from headrace.lake.delta_rs import (
    MOST_IN_MEMORY,
    append_once,
    duckdb_connected,
    listed,
    merge_once,
    name_table,
    replace_once,
)
from headrace.lake.ledger import Entry
from headrace.lake.paths import as_s3
from headrace.lake.session import fits_in_memory, in_memory
from headrace.tables import REASONS
from headrace.writes.edge import NOT_STORED, Edge, leaves
from headrace.writes.way import SilverWay, W

if TYPE_CHECKING:
    import duckdb

MOST_MERGED = 20_000_000
"""Rows of a table up to which a merge into it is done without Spark."""
GONE = "_gone"
"""The column of rows to merge that says which of them are deleted."""
ROW, IS_OLDER = "_row", "_is_older"
NOW = "date_trunc('millisecond', now())"


@dataclass(frozen=True)
class Batch:
    """Its tables: `came`, the rows of the batch, and older ones that were added to weigh it, each with a number of its
    own, `_row`; `good`, those of the batch itself that nothing speaks against."""

    way: "WeighedWay[Any]"
    edge: Edge
    spark: SparkSession
    db: "duckdb.DuckDBPyConnection"
    versions: Mapping[str, int]
    sent: DataFrame
    judged: DataFrame
    rows: int

    @classmethod
    @contextmanager
    def of(
        cls, way: "WeighedWay[Any]", edge: Edge, rows: DataFrame, versions: Mapping[str, int]
    ) -> Iterator["Batch"]:
        """Bronze rows, judged by their parents as of these versions."""
        with duckdb_connected(edge.context.settings, preserve_insertion_order=False) as db:
            judged = edge.judged(rows, versions)
            batch = cls(way, edge, rows.sparkSession, db, versions, rows, judged, rows.count())
            with batch._named(judged, batch.rows):
                batch.run("CREATE SEQUENCE places")
                batch.run(
                    f"CREATE TABLE came AS SELECT *, nextval('places') AS _row, false AS {IS_OLDER} FROM judged"
                )
            way.judge_together(batch)
            batch.run(f"CREATE VIEW good AS SELECT * FROM came WHERE NOT {IS_OLDER} AND len({REASONS}) = 0")
            yield batch

    def add_older(self, sql: str) -> None:
        """Puts further rows of bronze beside those of the batch, judged as these."""
        rows, count = self.db.sql(sql), self.count(sql)
        if not count:
            return
        with self._scratch("older") as place:
            if fits_in_memory(count, len(rows.columns)):
                older = self.spark.createDataFrame(rows.to_arrow_table())
            else:
                write_deltalake(as_s3(place), rows.to_arrow_reader())
                older = self.spark.read.format("delta").load(place)
            with self._named(self.edge.judged(older, self.versions), count):
                self.run(
                    f"INSERT INTO came BY NAME SELECT *, nextval('places') AS _row, true AS {IS_OLDER} FROM judged"
                )

    def is_as_sent(self, name: str) -> bool:
        """Whether a column of the judged rows is what bronze has, as a date or an instant."""
        is_time = dict(self.sent.dtypes).get(name) in ("date", "timestamp")
        return is_time and leaves(self.judged, [name], self.sent)

    def run(self, sql: str) -> None:
        self.db.execute(sql)

    def select(self, sql: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self.db.sql(sql).fetchall()
        return rows

    def count(self, sql: str) -> int:
        """The rows of a table or a query."""
        return int(self.select(f"SELECT count(*) FROM ({sql})")[0][0])

    def arrow(self, sql: str) -> pa.Table:
        return self.db.sql(sql).to_arrow_table()

    def kinds(self, table: str) -> dict[str, str]:
        """The columns of a table with their types."""
        relation = self.db.sql(f"FROM {table}")
        return dict(zip(relation.columns, map(str, relation.types), strict=True))

    def see(self, name: str, place: str, version: int | None = None) -> None:
        """Gives a table of the lake a name here."""
        name_table(self.db, name, place, version)

    def see_stored(self) -> bool:
        """Names the table itself `stored`, where it is there by now."""
        if not log.exists(self.edge.target):
            return False
        self.see("stored", self.edge.target)
        return True

    def rejected(self) -> pa.Table:
        names = listed([*bronze_schema(self.edge.contract).fieldNames(), REASONS])
        return self.arrow(
            f"SELECT {names}, {NOW} AS _rejected_at, '{self.edge.context.run}' AS _run FROM came "
            f"WHERE NOT {IS_OLDER} AND len({REASONS}) > 0"
        )

    def append(self, sql: str, number: int, note: Mapping[str, Any]) -> None:
        """Appends rows by a commit that happens once."""
        edge, rows = self.edge, self._finished(sql)
        if self.see_stored():
            rows = f"{rows} UNION ALL BY NAME SELECT * FROM stored WHERE false"
        edge.context.leases.check()
        append_once(
            edge.target,
            self.db.sql(rows).to_arrow_reader(),
            app=edge.app,
            number=number,
            note=edge.with_run(note),
            partition=edge.node.table.partition,
            properties=edge.properties,
        )

    def replace(self, sql: str, kept: str, within: str, number: int, note: Mapping[str, Any]) -> None:
        """Puts rows, and stored ones that are kept, in the place of all that are within a condition, by a commit that
        happens once."""
        edge = self.edge
        edge.context.leases.check()
        rows = f"SELECT * FROM ({self._finished(sql)}) UNION ALL BY NAME {kept}"
        own = edge.with_run(note)
        replace_once(edge.target, self.arrow(rows), within, app=edge.app, number=number, note=own)

    def merge(self, sql: str, keys: Iterable[str], number: int, note: Mapping[str, Any]) -> None:
        """Puts rows in the place of those with their keys by a commit that happens once; of a key that is GONE nothing
        stays."""
        edge = self.edge
        if not log.exists(edge.target):
            self.append(f"SELECT * EXCLUDE ({GONE}) FROM ({sql}) WHERE NOT {GONE}", number, note)
            return
        edge.context.leases.check()
        rows, keys, own = self._finished(sql), list(keys), edge.with_run(note)
        if self.rows <= MOST_IN_MEMORY and log.row_count(edge.target) <= MOST_MERGED:
            merge_once(edge.target, self.arrow(rows), keys, app=edge.app, number=number, note=own, gone=GONE)
            return
        with self._scratch("merged") as place:
            write_deltalake(as_s3(place), self.db.sql(rows).to_arrow_reader())
            _merge_by_spark(edge, self.spark.read.format("delta").load(place), keys, number, note)

    def _finished(self, sql: str) -> str:
        """Rows as the silver table stores them."""
        stored = [name for name in self.db.sql(sql).columns if name not in (*NOT_STORED, IS_OLDER, ROW)]
        run = self.edge.context.run
        return f"SELECT {listed(stored)}, {NOW} AS _processed_at, '{run}' AS _run FROM ({sql})"

    @contextmanager
    def _named(self, judged: DataFrame, count: int) -> Iterator[None]:
        """Names rows `judged` here: in memory, or where they are too many, in the lake for the while."""
        rows = self.way.with_order(self.edge, judged).withColumn(REASONS, self.edge.reasons())
        found = in_memory(rows, count)
        if found is not None:
            self.db.register("judged", found)
            yield
        else:
            with self._scratch("judged") as place:
                rows.write.format("delta").save(place)
                self.see("judged", place)
                yield
        self.run("DROP VIEW judged")

    @contextmanager
    def _scratch(self, name: str) -> Iterator[str]:
        """A place for a table that is gone afterwards, or when the next batch needs it."""
        place = f"{self.edge.paths.scratch('silver', self.edge.node.name)}/{name}"
        objects.delete_under(place)
        try:
            yield place
        finally:
            objects.delete_under(place)


class WeighedWay(SilverWay[W]):
    """A way whose rows are weighed against each other and against what is stored."""

    most_rows = MOST_IN_MEMORY

    def with_order(self, edge: Edge, rows: DataFrame) -> DataFrame:
        """Judged rows with the columns by which they are weighed."""
        return rows

    def judge_together(self, batch: Batch) -> None:
        """Adds the reasons against rows that lie in other rows of the batch, or in what is stored."""

    def write(self, edge: Edge, rows: DataFrame, number: int) -> Entry:
        done = edge.earlier_commit(edge.target, number)
        if done is not None:
            note = done.note
        else:
            versions = edge.versions_for(number)
            with Batch.of(self, edge, rows, versions) as batch:
                rejected = edge.append_rejected(batch.rejected(), number, versions)
                note = {"rows_in": batch.rows, "counts": {"rejected": rejected}, "upstream": versions}
                self.take(batch, number, note)
        return edge.entry(number, note["rows_in"], note["counts"], note["upstream"])

    def take(self, batch: Batch, number: int, note: dict[str, Any]) -> None:
        """Adds the counts of a batch to the note, and stores its good rows by a commit that carries it."""
        raise NotImplementedError


def _merge_by_spark(
    edge: Edge, rows: DataFrame, keys: list[str], number: int, note: Mapping[str, Any]
) -> None:
    """A merge takes its options from the session alone, so each batch has a session of its own (a stream's batches come
    with one)."""
    spark, once = rows.sparkSession, edge.options(number, note)
    options = {
        "spark.databricks.delta.write.txnAppId": once["txnAppId"],
        "spark.databricks.delta.write.txnVersion": str(number),
        "spark.databricks.delta.commitInfo.userMetadata": once["userMetadata"],
    }
    for name, value in options.items():
        spark.conf.set(name, value)
    try:
        same_key = reduce(and_, (F.col(f"t.{key}") == F.col(f"s.{key}") for key in keys))
        values = {name: F.col(f"s.{name}") for name in rows.columns if name != GONE}
        merge = DeltaTable.forPath(spark, edge.target).alias("t").merge(rows.alias("s"), same_key)
        merge = merge.whenMatchedDelete(f"s.{GONE}").whenMatchedUpdate(set=values)
        merge.whenNotMatchedInsert(f"NOT s.{GONE}", values).execute()
    finally:
        for name in options:
            spark.conf.unset(name)
