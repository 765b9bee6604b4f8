"""The only code that commits rows of a source to a bronze table.

A source numbers its batches. The commit that stores a batch carries the source, the number and the position of the
source after the batch, so the table itself is the memory of how far each source has come. The entry in the ledger
follows the commit, and is made again from it where a run was killed in between.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import pyarrow as pa
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from headrace.contracts.model import Contract
from headrace.contracts.schema import bronze_schema
from headrace.errors import Busy, HeadraceError
from headrace.lake import ledger, log
from headrace.lake.commits import append_once
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths, as_s3
from headrace.lake.run_context import RunContext
from headrace.progress import Stopwatch

POSITION = "position"
Then = Callable[[Entry, pa.Table | None], Any]
"""Called with the entry of a batch that was just stored, and its rows where they are in memory."""


def nothing_more(entry: Entry, rows: pa.Table | None) -> None:
    """What follows a batch of bronze where nothing does."""


class Source(Protocol):
    """Yields batches after its position; each is stored by a commit that carries the position after it."""

    name: str
    contract: Contract

    def waits(self) -> bool:
        """Whether more has arrived than was taken."""

    def take(self, start: Callable[[], SparkSession], then: Then = nothing_more) -> Entry | None:
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

    def offsets_of(self, names: Iterable[str]) -> dict[str, int]:
        """Those of the last batch that carried any, by name; a name that no batch carried is left out."""
        if not log.exists(self.path):
            return {}
        table = DeltaTable(as_s3(self.path))
        found = {name: table.transaction_version(f"{self.app}/{name}") for name in names}
        return {name: offset for name, offset in found.items() if offset is not None}

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
            offsets = {f"{self.app}/{name}": offset for name, offset in batch.offsets.items()}
            number = batch.number
            append_once(self.path, batch.rows, app=self.app, number=number, note=note, also=offsets)
        else:
            once: dict[str, Any] = {
                "txnAppId": self.app,
                "txnVersion": batch.number,
                "userMetadata": json.dumps(note, default=str),
            }
            batch.rows.write.format("delta").mode("append").options(**once).save(self.path)
        commit = self.commit_of(batch.number)
        if commit is None:
            raise HeadraceError(f"{self._named(batch.number)} was not stored")
        if (
            commit.note["run"] != self._context.run
        ):  # Spark passes over a number that is stored, and says nothing
            raise Busy(f"{self._named(batch.number)} was stored by another run meanwhile")
        return self.record(commit, watch.seconds)

    def record(self, commit: log.Commit, seconds: float = 0.0) -> Entry:
        """Puts the entry of a commit into the ledger; twice is the same as once."""
        assert commit.txn is not None
        number, written = commit.txn[1], commit.metrics.get("numOutputRows", 0)
        entry = Entry(
            "bronze",
            self.contract.table,
            "Append",
            self._entry_name(number),
            commit.note["run"],
            written,
            {"written": written},
            commit.version,
            seconds=seconds,
            finished_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )
        ledger.record(self._context.paths, entry)
        return entry

    def _entry_name(self, number: int) -> str:
        return f"{self._source}-{number:09d}"

    def _named(self, number: int) -> str:
        return f"batch {number} of the {self._source} of {self.contract.table}"


def app_of(paths: Paths, table: str, source: str) -> str:
    """The name under which Delta remembers the last batch of a source."""
    return f"{paths.domain}.bronze.{table}:{source}"


def position_in(commit: log.Commit) -> Mapping[str, Any]:
    """The position of its source after a commit."""
    position: Mapping[str, Any] = commit.note[POSITION]
    return position


def create_bronze(spark: SparkSession, contract: Contract, path: str) -> None:
    from delta.tables import DeltaTable

    table = DeltaTable.createIfNotExists(spark).location(path).addColumns(bronze_schema(contract))
    skipping = [name for name in (contract.event_time, "_sent_at", "_ingested_at") if name]
    table.property("delta.dataSkippingStatsColumns", ",".join(skipping)).execute()
