"""Finds keys that are stored twice on an event day, keeps the first of each and takes the others out.

A batch is compared with the stored rows of its own hours (decision 010), so a key that comes again with another time
gets in. Once a day somebody looks at whole days: keys alone are read, and only files that hold a second copy are
written anew. What was taken out moves from `written` to `duplicates`, so the receipt balances; the removed files touch
their day, so gold makes that day again; the added ones are no news (see `headrace.lake.rewrite`).
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable

from headrace.lake import duck, ledger, log
from headrace.lake.files import DataFile, live_files
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.lake.rewrite import (
    NewFile,
    Rewritten,
    Shape,
    commit_rewrite,
    forget,
    read_file,
    shape_of,
    write_file,
)
from headrace.refine.catalog import Catalog, Node
from headrace.settings import Settings
from headrace.tables import Append

SAID = "second copies of"
CLOCKS_APART = timedelta(hours=1)
TRIES = 5
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
            if gone := self._remove_of(day, commit):
                rows[day] = gone
        return Removed(rows, tuple(left))

    def days_since(self, instant: datetime | None) -> list[str]:
        """The event days that files came to since."""
        if not log.exists(self.table) or self.node.table.partition is None:
            return []
        since = 0.0 if instant is None else (instant - CLOCKS_APART).timestamp() * 1000
        column = f"partition.{self.node.table.partition}"
        files = pa.table(DeltaTable(self.table).get_add_actions(flatten=True))
        told = files.select([column, "modification_time"]).to_pylist()
        found = {file[column] for file in told if file["modification_time"] >= since}
        return sorted(str(day) for day in found if day is not None)

    def finish(self) -> None:
        """Tells the ledger of a removal whose run was killed before it did."""
        told = removal_untold(self.paths, self.node.name)
        if told is not None:
            ledger.record(self.paths, _entry(self.node.name, *told))
        ledger.remember(self.paths, "copies", self.node.name, {})

    def _remove_of(self, day: str, commit: Commit) -> int:
        for _ in range(TRIES):
            done = self._without_copies(day)
            if done is None:
                return 0
            version = commit(lambda done=done: self._committed(done, day))  # type: ignore[misc]
            if version is not None:
                self.finish()
                return done.rows_gone
            forget(done)  # a file was joined with others meanwhile
        return 0

    def _committed(self, done: Rewritten, day: str) -> int | None:
        """What is about to be done is remembered first: should this process end, the receipt finds it."""
        ledger.remember(self.paths, "copies", self.node.name, {"after": log.version(self.table)})
        return commit_rewrite(done, "DELETE", {"run": self.run, SAID: day}, keeps_rows=False)

    def _without_copies(self, day: str) -> Rewritten | None:
        files = [file for file in live_files(self.table) if file.partition == day]
        places = self._second_copies(files) if files else {}
        if not places:
            return None
        shape = shape_of(self.table)
        touched = [file for file in files if _url(self.table, file) in places]
        added = [_without(shape, file, places[_url(self.table, file)]) for file in touched]
        return Rewritten(self.table, tuple(touched), tuple(file for file in added if file), shape.partition)

    def _second_copies(self, files: list[DataFile]) -> dict[str, list[int]]:
        """The places of rows in their files whose key came before. Only keys whose hash occurs twice are compared."""
        keys = ", ".join(f'"{key}"' for key in self.node.table.keys)
        named = " AND ".join(f'"{key}" IS NOT NULL' for key in self.node.table.keys)
        order = ", ".join(["_processed_at", f'"{self.node.table.event_time}"', "filename", "file_row_number"])
        rows = "read_parquet($files, filename = true, file_row_number = true, union_by_name = true)"
        with duck.connect(self.settings) as db:
            db.execute("SET threads = 1")  # the standing job has the rest
            found = db.execute(
                f"""
                WITH twice AS (SELECT hash({keys}) AS h FROM {rows} WHERE {named} GROUP BY h HAVING count(*) > 1)
                SELECT filename, list(file_row_number ORDER BY file_row_number) FROM (
                    SELECT filename, file_row_number,
                           row_number() OVER (PARTITION BY {keys} ORDER BY {order}) AS nth
                    FROM {rows} WHERE {named} AND hash({keys}) IN (SELECT h FROM twice))
                WHERE nth > 1 GROUP BY filename
                """,
                {"files": [_url(self.table, file) for file in files]},
            ).fetchall()
        return dict(found)


def watched(catalog: Catalog) -> list[Node]:
    """The silver tables that rows are appended to, by the day of their event."""
    return [
        node
        for node in catalog.layer("silver")
        if isinstance(node.table.write, Append) and node.table.partition and node.table.event_time
    ]


def removal_untold(paths: Paths, table: str) -> tuple[int, int, str] | None:
    """Version, rows and run of a removal that the ledger does not know yet."""
    begun = ledger.remembered(paths, "copies", table)
    if not begun:
        return None
    target = paths.table("silver", table)
    for version in range(begun["after"] + 1, log.version(target) + 1):
        commit = log.commit(target, version)
        if commit is not None and SAID in commit.note:
            found = version, commit.metrics["numDeletedRows"], commit.note["run"]
            return None if ledger.is_recorded(paths, _entry(table, *found)) else found
    return None


def _entry(table: str, version: int, rows: int, run: str) -> Entry:
    counts = {"written": -rows, "duplicates": rows}
    stamp = datetime.now(UTC).isoformat(timespec="seconds")
    return Entry(
        "silver", table, "Append", f"copies-{version:015d}", run, 0, counts, version, finished_at=stamp
    )


def _without(shape: Shape, file: DataFile, places: list[int]) -> NewFile | None:
    if len(places) == file.rows:
        return None
    return write_file(shape, _kept(shape, file, set(places)), beside=file)


def _kept(shape: Shape, file: DataFile, places: set[int]) -> Iterable[pa.Table]:
    at = 0
    for piece in read_file(shape, file):
        yield piece.filter(pa.array([at + place not in places for place in range(len(piece))]))
        at += len(piece)


def _url(table: str, file: DataFile) -> str:
    return f"{table}/{unquote(file.path)}"
