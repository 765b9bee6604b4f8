"""What is stored of alarms: the table, a checkpoint of the engine beside it, and how far events were sent.

Each commit of the table names what it was made from, so that it can be made again and is made once.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

from headrace.alarms.events import PARTITION, SCHEMA, TABLE
from headrace.errors import HeadraceError
from headrace.lake import log, objects
from headrace.lake.delta_rs import read_file
from headrace.lake.increments import version_files
from headrace.lake.lease import RunContext
from headrace.lake.paths import Paths, as_s3
from headrace.progress import Event, tell

NAMES = [name for name in SCHEMA.names if name != PARTITION]


class LogGone(HeadraceError):
    pass


@dataclass(frozen=True)
class Position:
    """How far the alarms have come. `began`: the version of the followed table that was read first, as a whole, -1
    before that; `read`: the newest one read; `stored`: the newest version of the table of alarms; `senders`: of the
    senders' table; `known`: names of the newest actions, each of which counts once; `offsets`: of their topic."""

    began: int = -1
    read: int = -1
    stored: int = -1
    senders: int = -1
    known: tuple[str, ...] = ()
    offsets: dict[str, int] = field(default_factory=dict)


class Store:
    def __init__(self, context: RunContext) -> None:
        self._context, self.path = context, context.paths.table("silver", TABLE)
        self.app = f"{context.paths.domain}.silver.{TABLE}"

    def append(self, events: pa.Table, place: int, note: Mapping[str, Any]) -> int:
        """Commits events, of which there may be none, with the place in the followed table; the version."""
        self._context.leases.check()
        now = pa.scalar(datetime.now(UTC), pa.timestamp("ms", "UTC")).cast(pa.timestamp("us", "UTC"))
        for name, value in {"_processed_at": now, "_run": pa.scalar(self._context.run)}.items():
            events = events.append_column(name, pa.repeat(value, len(events)))
        once = CommitProperties(
            custom_metadata={"userMetadata": json.dumps(note, default=str)},
            app_transactions=[Transaction(self.app, place)],
        )
        write_deltalake(
            as_s3(self.path),
            events,
            mode="append",
            schema_mode="merge",  # a table of before may lack a column
            partition_by=[PARTITION],
            commit_properties=once,
        )
        return log.version(self.path)

    def commits(self, after: int) -> Iterator[log.Commit]:
        """Those of the alarms, the oldest first."""
        commits = log.commits_after(self.path, after) if log.exists(self.path) else []
        if commits is None:
            raise LogGone(
                f"the log of {self.path} no longer reaches back to the checkpoint of the alarms: they were not run for "
                "30 days. Remove the table and its checkpoint to begin them anew."
            )
        yield from (each for each in commits if each.txn is not None and each.txn[0] == self.app)

    def events(self, version: int) -> pa.Table:
        """Those of one commit, in order."""
        files = version_files(self.path, version)
        parts = [_with_all_columns(read_file(file, NAMES)) for file in files]
        rows = pa.concat_tables(parts) if parts else SCHEMA.empty_table().select(NAMES)
        return rows.sort_by("event_number")

    def events_after(self, number: int, version: int) -> pa.Table:
        """Those of a version that come after one, in order."""
        later = [("event_number", ">", number)]
        table = DeltaTable(as_s3(self.path), version=version)
        return read_events(table, filters=later).select(NAMES).sort_by("event_number")

    def save(self, position: Position, state: Mapping[str, np.ndarray]) -> None:
        """As one object, and once more what others ask of it."""
        body = io.BytesIO()
        text = np.frombuffer(json.dumps(asdict(position)).encode(), np.uint8)
        arrays = {f"engine.{name}": array for name, array in state.items()}
        np.savez(body, mark=text, **arrays)  # type: ignore[arg-type]
        objects.put(f"{_checkpoint(self._context.paths)}/state.npz", body.getvalue())
        objects.put_json(f"{_checkpoint(self._context.paths)}/mark.json", asdict(replace(position, known=())))

    def load(self) -> tuple[Position, dict[str, np.ndarray]] | None:
        body = objects.get(f"{_checkpoint(self._context.paths)}/state.npz")
        if body is None:
            return None
        with np.load(io.BytesIO(body)) as saved:
            position = json.loads(saved["mark"].tobytes())
            state = {name.removeprefix("engine."): saved[name] for name in saved.files if name != "mark"}
        return Position(**{**position, "known": tuple(position["known"])}), state


def oldest_needed(paths: Paths, table: str) -> int | None:
    """The newest version of a table (the followed one, or that of alarms) whose log a restart can do without; None
    where no checkpoint was ever saved."""
    position = objects.get_json(f"{_checkpoint(paths)}/mark.json")
    return None if position is None else int(position["stored" if table == TABLE else "read"])


class Outbox:
    """Sends stored events at least once each: by its id a listener drops one that comes twice. What cannot be sent now
    goes with the next; what was stored before anyone listened is in the table."""

    def __init__(self, paths: Paths, carry: Callable[[pa.Table], None]) -> None:
        self._marker, self._carry = f"{_checkpoint(paths)}/sent.json", carry
        sent = objects.get_json(self._marker)
        if sent is None:
            table = paths.table("silver", TABLE)
            sent = {"version": log.version(table), "number": newest_event(table)}
            objects.put_json(self._marker, sent)
        self._version, self._number = int(sent["version"]), int(sent["number"])

    def send(self, store: Store) -> None:
        if log.version(store.path) <= self._version:
            return
        try:
            for version, events in self._unsent(store):
                if len(events):
                    self._carry(events)
                    self._number = events["event_number"][-1].as_py()
                self._version = version
        except HeadraceError as error:
            tell(Event("alarms", "topic", "failed", note=f"{error} They are sent later."))
        objects.put_json(self._marker, {"version": self._version, "number": self._number})

    def _unsent(self, store: Store) -> Iterator[tuple[int, pa.Table]]:
        """Commit by commit; once the log or a file of one is gone, the rest at once, from the table as it is now."""
        newest = log.version(store.path)
        try:
            for commit in store.commits(after=self._version):
                yield commit.version, store.events(commit.version)
        except (FileNotFoundError, LogGone):
            yield newest, store.events_after(self._number, newest)


def newest_event(table: str) -> int:
    """The number of the newest event; 0 where nothing was stored."""
    if not log.exists(table):
        return 0
    numbers = DeltaTable(as_s3(table)).to_pyarrow_table(columns=["event_number"])["event_number"]
    return int(pc.max(numbers).as_py() or 0)


def _checkpoint(paths: Paths) -> str:
    return paths.checkpoint("silver", TABLE)


def read_events(table: DeltaTable, filters: Any = None) -> pa.Table:
    """All columns of events, null where the table was written before there was one."""
    there = {field.name for field in table.schema().fields}
    rows = table.to_pyarrow_table(columns=[name for name in SCHEMA.names if name in there], filters=filters)
    return _with_all_columns(rows)


def _with_all_columns(rows: pa.Table) -> pa.Table:
    for name in NAMES:
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(len(rows), SCHEMA.field(name).type))
    return rows.select([name for name in SCHEMA.names if name in rows.column_names])
