"""The way from bronze to one silver table: what every kind of write shares.

A batch that was killed half way is run again with the same number and the same versions of its parents, which
its first commit carries; so what was rejected then is rejected now, and nothing is counted twice.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql import Column, DataFrame, DataFrameWriter, SparkSession
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.contracts.rules import UNREADABLE, WRONG, with_reasons
from headrace.contracts.schema import bronze_schema, this_instant
from headrace.errors import NotReady, UsageError
from headrace.lake import log
from headrace.lake.delta_rs import append_once
from headrace.lake.lease import RunContext
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.lake.session import in_memory
from headrace.tables import REASONS
from headrace.writes.node import AS_OF, Node, Ref
from headrace.writes.way import SilverWay, way_of

HASH = "_hash"
NOT_STORED = ("_raw", "_source", "_partition", "_offset", "_sent_at", REASONS, HASH)


@dataclass(frozen=True)
class Edge:
    node: Node
    contract: Contract
    context: RunContext
    as_of: datetime
    app_suffix: str = ""
    parents_cache: "ParentsCache | None" = None

    @cached_property
    def way(self) -> SilverWay[Any]:
        found = way_of(self.node.table.write)
        assert isinstance(found, SilverWay), f"{self.node.ref} takes no batches"
        return found

    @property
    def paths(self) -> Paths:
        return self.context.paths

    @property
    def app(self) -> str:
        return f"{self.paths.domain}.{self.node.ref}{self.app_suffix}"

    @property
    def target(self) -> str:
        return self.paths.table("silver", self.node.name)

    @property
    def rejected(self) -> str:
        return self.paths.rejected(self.node.name)

    @property
    def bronze(self) -> str:
        return self.paths.table("bronze", self.contract.table)

    @property
    def _parents(self) -> dict[str, Ref]:
        return {name: ref for name, ref in self.node.upstream.items() if name != self.node.arguments[0]}

    def versions_now(self) -> dict[str, int]:
        """Those of its parents, and of its own tables where what is stored decides what becomes of a batch."""
        tables = {name: self.paths.table(ref.layer, ref.name) for name, ref in self._parents.items()}
        return {name: log.version(table) for name, table in (tables | dict(self.way.judges_by(self))).items()}

    def versions_for(self, number: int) -> dict[str, int]:
        """Those an interrupted run of this batch judged by, else the newest."""
        started = self.started(number)
        return dict(started.note["upstream"]) if started else self.versions_now()

    def judged(self, rows: DataFrame, versions: Mapping[str, int]) -> DataFrame:
        """All rows as the table's function makes them, with the reasons against those that must not pass."""
        frames: dict[str, Any] = {
            self.node.arguments[0]: with_reasons(rows, self.contract),
            AS_OF: self.as_of,
        }
        read = self.parents_cache.read_version if self.parents_cache else read_version
        for name, ref in self._parents.items():
            path = self.paths.table(ref.layer, ref.name)
            frames[name] = read(rows.sparkSession, path, versions[name], ref)
        judged = self.node.call(frames)
        missing = set(bronze_schema(self.contract).fieldNames()) - set(judged.columns)
        if missing or REASONS not in judged.columns:
            raise UsageError(
                f"{self.node.ref} must keep the columns it was given; it dropped {sorted(missing)}"
            )
        return self.way.judged(self, judged, versions)

    def finished(self, rows: DataFrame) -> DataFrame:
        """Rows as the silver table stores them."""
        return rows.drop(*NOT_STORED).withColumns(
            {"_processed_at": this_instant(), "_run": F.lit(self.context.run)}
        )

    def stored(self, spark: SparkSession) -> DataFrame | None:
        """The silver table as it is now; None before its first batch."""
        return spark.read.format("delta").load(self.target) if log.exists(self.target) else None

    def reasons(self) -> Column:
        """Of a line that could not be read, nothing else is worth saying: that it names no parent, for one."""
        unreadable = F.array_intersect(REASONS, F.lit(list(UNREADABLE)))
        if self.contract.arrives.reader is not None:
            unreadable = F.when(F.col("_raw").startswith(WRONG), F.slice(REASONS, 1, 1)).otherwise(unreadable)
        return F.when(F.size(unreadable) > 0, unreadable).otherwise(F.col(REASONS)).alias(REASONS)

    def set_aside(self, rows: DataFrame) -> DataFrame:
        """Rows as the rejected table stores them: as they were in bronze, with the reasons."""
        when, run = this_instant().alias("_rejected_at"), F.lit(self.context.run).alias("_run")
        return rows.select(*bronze_schema(self.contract).fieldNames(), self.reasons(), when, run)

    def options(self, number: int, note: Mapping[str, Any], app: str | None = None) -> dict[str, Any]:
        """A writer's options that make the commit happen once and say what it is."""
        return {
            "txnAppId": app or self.app,
            "txnVersion": number,
            "userMetadata": json.dumps(self.with_run(note), default=str),
        }

    def with_run(self, note: Mapping[str, Any]) -> dict[str, Any]:
        """What a commit says of itself."""
        return {"run": self.context.run, **note}

    @property
    def properties(self) -> dict[str, str | None]:
        """Of the table when it is made: its files keep the bounds of what is searched by."""
        table = self.node.table
        searched = dict.fromkeys([*table.cluster, *([table.event_time] if table.event_time else [])])
        bounded = [name for name in searched if name != table.partition]
        return {"delta.dataSkippingStatsColumns": ",".join(bounded)} if bounded else {}

    def created_by(self, writer: DataFrameWriter) -> DataFrameWriter:
        """The first write of a table also says how it lies."""
        table = self.node.table
        writer = writer.options(**self.properties)
        return writer.partitionBy(table.partition) if table.partition else writer

    def append(self, rows: DataFrame, number: int, note: Mapping[str, Any]) -> None:
        """Appends finished rows by a commit that happens once."""
        self.context.leases.check()
        writer = rows.write.format("delta").mode("append")
        if not log.exists(self.target):
            writer = self.created_by(writer)
        writer.options(**self.options(number, note)).save(self.target)

    def entry(self, number: int, rows_in: int, counts: dict[str, int], versions: Mapping[str, int]) -> Entry:
        return Entry(
            layer="silver",
            table=self.node.name,
            write=type(self.node.table.write).__name__,
            batch=f"{number:015d}",
            run=self.context.run,
            rows_in=rows_in,
            counts=counts,
            version=log.version(self.target),
            upstream=dict(versions),
        )

    @property
    def written(self) -> list[str]:
        """The tables that a batch is written to, in their order: it is done when the last one has it."""
        sides = (self.paths.table("silver", name) for name in self.way.side_tables(self.node.name))
        return [self.rejected, *sides, self.target]

    def started(self, number: int) -> log.Commit | None:
        """The first commit that an earlier, interrupted run of this very batch made."""
        found = (self.earlier_commit(table, number) for table in self.written)
        return next((commit for commit in found if commit is not None), None)

    def earlier_commit(self, table: str, number: int) -> log.Commit | None:
        """What an earlier, interrupted run of this very batch already wrote."""
        return log.commit_of_batch(table, self.app, number)

    def write_rejected(self, rows: DataFrame, number: int, versions: Mapping[str, int]) -> int:
        """Sets rows aside, as they were in bronze and with the reasons, and says how many; done once, however often it
        is called."""
        if rows.isEmpty():
            return 0
        if self.earlier_commit(self.rejected, number) is None:
            self.context.leases.check()
            options = self.options(number, {"upstream": dict(versions)})
            self.set_aside(rows).write.format("delta").mode("append").options(**options).save(self.rejected)
        return self._rejected_by(number)

    def append_rejected(self, rows: pa.Table, number: int, versions: Mapping[str, int]) -> int:
        """As `write_rejected`, of rows as the rejected table stores them."""
        if not len(rows):
            return 0
        if self.earlier_commit(self.rejected, number) is None:
            self.context.leases.check()
            note = self.with_run({"upstream": dict(versions)})
            append_once(self.rejected, rows, app=self.app, number=number, note=note)
        return self._rejected_by(number)

    def _rejected_by(self, number: int) -> int:
        commit = self.earlier_commit(self.rejected, number)
        return commit.metrics.get("numOutputRows", 0) if commit else 0

    def judged_in_memory(
        self, rows: DataFrame, count: int, versions: Mapping[str, int], unchanged: Sequence[str] = ()
    ) -> "Judged | None":
        """A batch of so many rows in memory with the reasons against them; None where its way of writing takes frames
        only, it does not fit into this process, or judging makes one of the `unchanged` columns anew."""
        judging = self.way.judging(self, rows, versions)
        if judging is None or not leaves(judging, unchanged, rows):
            return None
        held = in_memory(judging, count)
        return None if held is None else Judged(held, versions)


class Judged(NamedTuple):
    """Rows with the reasons against them and all that silver adds, and the versions of the parents that say so."""

    rows: pa.Table
    versions: Mapping[str, int]


def leaves(after: DataFrame, names: Sequence[str], before: DataFrame) -> bool:
    """Whether these columns are as they were, and none was made anew under an old name: Spark numbers each column, and
    one that is made from others has another number."""
    numbers = []
    for rows in (before, after):
        output = rows._jdf.queryExecution().analyzed().output()
        columns = [output.apply(place) for place in range(output.size())]
        numbers.append({column.name(): column.exprId().id() for column in columns})
    return all(numbers[0][name] == numbers[1][name] for name in names)


def rows_upstream(node: Node, paths: Paths) -> int:
    return sum(log.row_count(paths.table(ref.layer, ref.name)) for ref in node.upstream.values())


def read_version(spark: SparkSession, path: str, version: int, ref: Ref) -> DataFrame:
    if version < 0:
        raise NotReady(f"{ref} does not exist yet; refine it first", f"{ref}, which does not exist yet")
    return spark.read.format("delta").option("versionAsOf", version).load(path)


class ParentsCache:
    """Holds the parents of one edge in memory from batch to batch, until they change."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, str, DataFrame]] = {}

    def read_version(self, spark: SparkSession, path: str, version: int, ref: Ref) -> DataFrame:
        known, session = self._held.get(path), spark._jsparkSession.sessionUUID()
        if known is not None and known[:2] == (version, session):
            return known[2]
        if known is not None:
            known[2].unpersist()
        rows = read_version(spark, path, version, ref).persist()
        self._held[path] = (version, session, rows)
        return rows
