"""Second copies of a key on an event day: found by DuckDB, taken out by a merge of delta-rs.

A batch is compared with the stored rows of its own hours (decision 010), so a key that comes again with another time
gets in. What is taken out moves from `written` to `duplicates`, and gold makes the touched day again.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable

from headrace.lake import ledger, log
from headrace.lake.delta_rs import commit_options, duckdb_connected, live_files
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths, as_s3
from headrace.refine.catalog import Catalog
from headrace.settings import Settings
from headrace.writes.node import Node
from headrace.writes.way import way_of

SAID = "second copies of"
CLOCKS_APART = timedelta(hours=1)
Commit = Callable[[Callable[[], int | None]], int | None]


@dataclass(frozen=True)
class Removed:
    """Rows taken out, by day, and the days that nobody has looked at yet."""

    rows: dict[str, int]
    left: tuple[str, ...] = ()


@dataclass(frozen=True)
class Copies:
    """One silver table, on its way to a row a key."""

    node: Node
    paths: Paths
    settings: Settings
    run: str

    @property
    def table(self) -> str:
        return self.paths.table("silver", self.node.name)

    def remove(
        self, days: Iterable[str], commit: Commit, go_on: Callable[[], bool] = lambda: True
    ) -> "Removed":
        """`commit` calls what it is given when nobody else writes the table; `go_on` is asked before each day."""
        self.finish()
        rows, left = {}, deque(days)
        while left and go_on():
            day = left.popleft()
            copies = self._second_copies(day)
            if len(copies):
                version = commit(partial(self._delete, day, copies))
                self.finish()
                done = log.commit(self.table, version) if version is not None else None
                rows[day] = done.metrics["numDeletedRows"] if done is not None else 0
        return Removed(rows, tuple(left))

    def days_since(self, instant: datetime | None) -> list[str]:
        """The event days that files came to since."""
        if not log.exists(self.table) or self.node.table.partition is None:
            return []
        since = 0.0 if instant is None else (instant - CLOCKS_APART).timestamp() * 1000
        days = {file.partition for file in live_files(self.table) if file.modified >= since}
        return sorted(day for day in days if day is not None)

    def finish(self) -> None:
        """Tells the ledger of a removal whose run was killed before it did."""
        entry = removal_untold(self.paths, self.node.name)
        if entry is not None:
            ledger.record(self.paths, entry)
        ledger.remember(self.paths, "copies", self.node.name, {})

    def _second_copies(self, day: str) -> pa.Table:
        """The columns that tell each of them from the copy that was stored first. Only keys whose hash occurs twice
        are compared."""
        of_day = [file for file in live_files(self.table) if file.partition == day]
        files = [f"{self.table}/{unquote(file.path)}" for file in of_day]
        if not files:
            return pa.table({})
        keys = ", ".join(f'"{key}"' for key in self.node.table.keys)
        named = " AND ".join(f'"{key}" IS NOT NULL' for key in self.node.table.keys)
        names = ", ".join(f'"{name}"' for name in self._distinct_by)
        order = f'_processed_at, "{self.node.table.event_time}"'
        rows = "read_parquet($files, union_by_name = true)"
        with duckdb_connected(self.settings) as db:
            db.execute("SET threads = 1")  # the standing job has the rest
            return db.sql(
                f"""
                WITH twice AS (SELECT hash({keys}) AS h FROM {rows} WHERE {named} GROUP BY h HAVING count(*) > 1)
                SELECT DISTINCT {names} FROM (
                    SELECT {names}, rank() OVER (PARTITION BY {keys} ORDER BY {order}) AS nth
                    FROM {rows} WHERE {named} AND hash({keys}) IN (SELECT h FROM twice))
                WHERE nth > 1
                """,
                params={"files": files},
            ).to_arrow_table()

    @property
    def _distinct_by(self) -> list[str]:
        """Two rows of one key differ in one of them, as within a batch each key is let in once. Should two be alike,
        both have the rank of the first and stay: the scan tells of them, and nothing is lost."""
        return list(dict.fromkeys([*self.node.table.keys, str(self.node.table.event_time), "_processed_at"]))

    def _delete(self, day: str, copies: pa.Table) -> int:
        """What is about to be done is remembered first: should this process end, the receipt finds it."""
        ledger.remember(self.paths, "copies", self.node.name, {"after": log.version(self.table)})
        same = " AND ".join(f't."{name}" = s."{name}"' for name in self._distinct_by)
        opened = DeltaTable(as_s3(self.table))
        opened.merge(
            copies,
            f"t.{self.node.table.partition} = '{day}' AND {same}",
            source_alias="s",
            target_alias="t",
            **commit_options({"run": self.run, SAID: day}),
        ).when_matched_delete().execute()
        version: int = opened.version()
        return version


def watched(catalog: Catalog) -> list[Node]:
    """The silver tables that rows are appended to, by the day of their event."""
    return [
        node
        for node in catalog.layer("silver")
        if "duplicates" in way_of(node.table.write).terms and node.table.partition and node.table.event_time
    ]


def removal_untold(paths: Paths, table: str) -> Entry | None:
    """The entry of a removal that the ledger does not know yet."""
    begun = ledger.remembered(paths, "copies", table)
    target = paths.table("silver", table)
    for version in range(begun["after"] + 1, log.version(target) + 1) if begun else ():
        commit = log.commit(target, version)
        if commit is not None and SAID in commit.note:
            rows, run, batch = commit.metrics["numDeletedRows"], commit.note["run"], f"copies-{version:015d}"
            counts = {"written": -rows, "duplicates": rows}
            entry = Entry("silver", table, "Append", batch, run, 0, counts, version)
            return None if ledger.is_recorded(paths, entry) else ledger.finished(entry, 0.0)
    return None
