"""The table of alarms: each commit says what it was made from, so that it can be made again and is made once."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

from headrace.alarms.events import PARTITION, SCHEMA, TABLE
from headrace.errors import HeadraceError
from headrace.lake import log
from headrace.lake.increments import version_files
from headrace.lake.paths import as_s3
from headrace.lake.run_context import RunContext

NAMES = [name for name in SCHEMA.names if name != PARTITION]


class LogGone(HeadraceError):
    pass


class Store:
    def __init__(self, context: RunContext) -> None:
        self.path, self._leases, self._run = context.paths.table("silver", TABLE), context.leases, context.run
        self.app = f"{context.paths.domain}.silver.{TABLE}"

    def append(self, events: pa.Table, place: int, note: Mapping[str, Any]) -> int:
        """The version that holds them, and what was read for them; there may be none."""
        self._leases.check()
        now = pa.scalar(datetime.now(UTC), pa.timestamp("us", "UTC"))
        technical = {"_processed_at": now, "_run": pa.scalar(self._run)}
        for name, value in technical.items():
            events = events.append_column(name, pa.repeat(value, len(events)))
        once = CommitProperties(
            custom_metadata={"userMetadata": json.dumps(note, default=str)},
            app_transactions=[Transaction(self.app, place)],
        )
        write_deltalake(
            as_s3(self.path),
            events,
            mode="append",
            partition_by=[PARTITION],
            commit_properties=once,
        )
        return log.version(self.path)

    def commits(self, after: int) -> Iterator[log.Commit]:
        """Ours, the oldest first."""
        found = log.commits_after(self.path, after) if log.exists(self.path) else []
        if found is None:
            raise LogGone(
                f"the log of {self.path} no longer reaches back to the checkpoint of the alarms: they were not run for "
                "30 days. Remove the table and its checkpoint to begin them anew."
            )
        yield from (each for each in found if each.txn is not None and each.txn[0] == self.app)

    def events(self, version: int) -> pa.Table:
        """What one commit brought, in order."""
        files = version_files(self.path, version)
        parts = [pq.read_table(file, columns=NAMES, partitioning=None) for file in files]
        rows = pa.concat_tables(parts) if parts else SCHEMA.empty_table().select(NAMES)
        return rows.sort_by("event_number")

    def events_after(self, number: int, version: int) -> pa.Table:
        """What a version holds of the events that come after one, in order."""
        rows = _opened(self.path, version).to_pyarrow_table(
            columns=NAMES, filters=[("event_number", ">", number)]
        )
        return rows.sort_by("event_number")


def newest_event(table: str) -> int:
    """Its number; 0 where nothing was stored."""
    if not log.exists(table):
        return 0
    numbers = _opened(table, log.version(table)).to_pyarrow_table(columns=["event_number"])["event_number"]
    return int(pc.max(numbers).as_py() or 0)


def _opened(table: str, version: int) -> DeltaTable:
    return DeltaTable(as_s3(table), version=version)
