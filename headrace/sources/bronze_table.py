"""A bronze table: made from its contract, and written by the only code that commits rows of a source.

A source numbers its batches. The commit of a batch carries the source, the number and the position of the source after
it, so the table itself is the memory of how far each source has come, and the entry in the ledger is made from it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

import pyarrow as pa
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from headrace.contracts.model import Contract
from headrace.contracts.schema import EXTRA, bronze_schema
from headrace.errors import Busy, HeadraceError, UsageError
from headrace.lake import ledger, log
from headrace.lake.delta_rs import append_once
from headrace.lake.lease import RunContext
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.progress import Stopwatch

POSITION = "position"
Then = Callable[[Entry, pa.Table | None], Any]
"""Called with the entry of a batch that was just stored, and its rows where they are in memory."""


class Source(Protocol):
    """Yields batches after its position; each is stored by a commit that carries the position after it."""

    name: str
    contract: Contract

    def waits(self) -> bool:
        """Whether more has arrived than was taken."""

    def take(self, start: Callable[[], SparkSession], then: Then | None = None) -> Entry | None:
        """Stores the next batch; None where nothing waits, and then no Spark was started."""


@dataclass(frozen=True)
class Batch:
    """Rows shaped as their bronze table, in Spark or in memory, and the position of their source after them."""

    number: int
    rows: DataFrame | pa.Table
    position: Mapping[str, Any]
    offsets: Mapping[str, int] = field(default_factory=dict)
    """Of rows in memory: positions by name, in a form that outlives the log of a live table."""


class BronzeTable:
    """A bronze table as one of its sources writes it; `source` is a name such as "files" or "topic"."""

    def __init__(self, contract: Contract, context: RunContext, source: str) -> None:
        self.contract, self._context, self._source = contract, context, source
        self.path = context.paths.table("bronze", contract.table)
        self.app = app_of(context.paths, contract.table, source)

    def last_number(self) -> int:
        """The number of the last batch that is stored, even where its commit has left the log; -1 before the first."""
        return log.last_batch_of(self.path, self.app)

    def commit_of(self, number: int) -> log.Commit | None:
        """The commit that stored a batch; None where it is not stored, or its commit has left the log."""
        return log.commit_of_batch(self.path, self.app, number)

    def stored(self, number: int) -> Entry | None:
        """The entry of a batch that is stored already, recorded again: a killed run may not have come to it."""
        commit = self.commit_of(number)
        return self.record(commit) if commit is not None else None

    def finish(self, number: int) -> None:
        """Records the entry of a batch, where a killed run had no time to."""
        entry = Entry("bronze", self.contract.table, "Append", self._entry_name(number), "", 0, {})
        if number >= 0 and not ledger.is_recorded(self._context.paths, entry):
            self.stored(number)

    def append(self, batch: Batch, watch: Stopwatch | None = None) -> Entry:
        """Stores a batch that is not stored yet. One that another run has stored meanwhile is refused."""
        watch = watch or Stopwatch()
        self._context.leases.check()
        note = {"run": self._context.run, POSITION: batch.position}
        if isinstance(batch.rows, pa.Table):
            also = {f"{self.app}/{name}": offset for name, offset in batch.offsets.items()}
            append_once(self.path, batch.rows, app=self.app, number=batch.number, note=note, also=also)
        else:
            once: dict[str, Any] = {"txnAppId": self.app, "txnVersion": batch.number}
            writer = batch.rows.write.format("delta").mode("append").options(**once)
            writer.option("userMetadata", json.dumps(note, default=str)).save(self.path)
        commit = self.commit_of(batch.number)
        named = f"batch {batch.number} of the {self._source} of {self.contract.table}"
        if commit is None:
            raise HeadraceError(f"{named} was not stored")
        if commit.note["run"] != self._context.run:  # Spark passes over a stored number, and says nothing
            raise Busy(f"{named} was stored by another run meanwhile")
        return self.record(commit, watch.seconds)

    def record(self, commit: log.Commit, seconds: float = 0.0) -> Entry:
        """Puts the entry of a commit into the ledger; twice is the same as once."""
        assert commit.txn is not None
        name, run = self._entry_name(commit.txn[1]), commit.note["run"]
        rows, at = commit.metrics.get("numOutputRows", 0), datetime.now(UTC)
        counts, version = {"written": rows}, commit.version
        entry = Entry("bronze", self.contract.table, "Append", name, run, rows, counts, version)
        entry = replace(entry, seconds=seconds, finished_at=at.isoformat(timespec="milliseconds"))
        ledger.record(self._context.paths, entry)
        return entry

    def _entry_name(self, number: int) -> str:
        return f"{self._source}-{number:09d}"


def app_of(paths: Paths, table: str, source: str) -> str:
    """The name under which Delta remembers the last batch of a source."""
    return f"{paths.domain}.bronze.{table}:{source}"


def check_contracts(contracts: Iterable[Contract], paths: Paths) -> None:
    """Refuses a contract that its bronze table no longer fits, before anything is written.

    A table can gain columns, if the contract says since when they are sent. It cannot lose one or change what one
    holds: what is stored would have to change with it."""
    for contract in contracts:
        _check(contract, paths.table("bronze", contract.table))


def ready_bronze(start: Callable[[], SparkSession], contract: Contract, table: str) -> None:
    """Makes the table, or gives it the columns that its contract has gained."""
    if log.exists(table):
        _check(contract, table)
        grow(start, contract, [table])
        return
    from delta.tables import DeltaTable

    skipping = [name for name in (contract.event_time, "_sent_at", "_ingested_at") if name]
    builder = DeltaTable.createIfNotExists(start()).location(table).addColumns(bronze_schema(contract))
    builder.property("delta.dataSkippingStatsColumns", ",".join(skipping)).execute()


def grow(start: Callable[[], SparkSession], contract: Contract, tables: Iterable[str]) -> None:
    """Adds the columns that evolved to tables made before they did; what they hold is null there."""
    growing = _growing(contract)
    for table in tables if growing else ():
        stored = _columns(table)
        gained = [name for name in growing if stored and name not in stored]
        if gained:
            schema = bronze_schema(contract)
            listed = ", ".join(f"`{name}` {schema[name].dataType.simpleString()}" for name in gained)
            start().sql(f"ALTER TABLE delta.`{table}` ADD COLUMNS ({listed})")


def _growing(contract: Contract) -> list[str]:
    """The columns that a table may gain."""
    return [*contract.evolving, *([EXTRA] if contract.keeps_extra else [])]


def _columns(table: str) -> dict[str, str]:
    """The type of each column; none where there is no table."""
    if not log.exists(table):
        return {}
    schema = T.StructType.fromJson(json.loads(DeltaTable(table).schema().to_json()))
    return {field.name: field.dataType.simpleString() for field in schema.fields}


def _check(contract: Contract, table: str) -> None:
    stored, ways_out = _columns(table), "or begin a new lake with another HEADRACE_HOME"
    if not stored:
        return
    wanted = {field.name: field.dataType.simpleString() for field in bronze_schema(contract).fields}
    for name, kind in wanted.items():
        if stored.get(name, kind) != kind:
            raise UsageError(
                f"the contract of {contract.table} says that {name} is {contract.columns[name].type} "
                f"({kind}), but bronze.{contract.table} holds it as {stored[name]}. "
                f"Nothing was written. Put the type back, or send the column under another name that the contract "
                f"declares under evolves, {ways_out}."
            )
    new = [name for name in wanted if name not in stored and name not in _growing(contract)]
    gone = [name for name in stored if name not in wanted]
    if new:
        raise UsageError(
            f"the contract of {contract.table} has a column that bronze.{contract.table} lacks: {', '.join(new)}. "
            f"Nothing was written. Say since when it is sent (evolves: [{{since: …, columns: [{new[0]}]}}]), "
            f"{ways_out}."
        )
    if EXTRA in gone:
        raise UsageError(
            f"bronze.{contract.table} has the column {EXTRA} of fields that no contract named. Nothing was written. "
            f"Let the contract say arrives: {{extra: keep}} as before, {ways_out}."
        )
    if gone:
        raise UsageError(
            f"bronze.{contract.table} has a column that the contract of {contract.table} lacks: {', '.join(gone)}. "
            f"Nothing was written. Put it back into the contract (it may be null), {ways_out}."
        )
