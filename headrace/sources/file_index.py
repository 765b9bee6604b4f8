"""The index of a table's files: which were taken by which commit, and which were set aside and why.

It is made from the commits of the bronze table, and only spares a run the reading of them.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headrace.errors import HeadraceError, UsageError
from headrace.lake import log, objects
from headrace.lake.paths import Paths
from headrace.sources.bronze_table import POSITION, app_of

SOURCE = "files"
GENERATED = "generated:"
MERGED = 16
"""So many objects of the index become one."""
_RANGE = re.compile(r"(\d+)-(\d+)\.parquet$")


@dataclass(frozen=True)
class File:
    """One content of one file. `name` is what its rows carry as `_source`, `stamp` and `size` are those of the file as
    it lay there last, and `number` is that of the batch that took it, -1 where it was set aside. `digest` ends in
    `.2`, `.3`, … where the same content is taken again because other content came between."""

    name: str
    digest: str
    size: int
    stamp: str
    lines: int
    sent_at: str = ""
    set_aside: str = ""
    number: int = -1

    @property
    def content(self) -> str:
        return self.digest.partition(".")[0]

    def is_as_found(self, found: objects.Found) -> bool:
        return (self.size, self.stamp) == (found.size, found.stamp)


@dataclass(frozen=True)
class Totals:
    """The lines of all contents that were taken, how many those are, and how many were set aside."""

    lines: int
    taken: int
    set_aside: int


SCHEMA = pa.schema(
    [(name, pa.int64() if kind is int else pa.string()) for name, kind in File.__annotations__.items()]
)
KEY = ["name", "digest"]


class FileIndex:
    def __init__(self, paths: Paths, table: str) -> None:
        self._paths, self._table, self._home = paths, table, paths.files(table)
        self._ranges, self._files = _read(self._home)

    @property
    def through(self) -> int:
        """The last batch whose files are in the index; -1 where there is none."""
        newest = pc.max(self._files["number"]).as_py()
        return -1 if newest is None else int(newest)

    def totals(self) -> Totals:
        taken = self._files.filter(pc.equal(self._files["set_aside"], ""))
        return Totals(pc.sum(taken["lines"]).as_py() or 0, len(taken), len(self._files) - len(taken))

    def taken(self, prefix: str = "") -> list[File]:
        """The contents that were taken of files whose names begin so."""
        files = _as_files(self._files.filter(pc.starts_with(self._files["name"], prefix)))
        return [file for file in files if not file.set_aside]

    def set_aside(self) -> list[File]:
        return _as_files(self._files.filter(pc.not_equal(self._files["set_aside"], "")))

    def of(self, names: Iterable[str]) -> Mapping[str, list[File]]:
        """The contents that were taken of some files, the oldest first."""
        known: dict[str, list[File]] = {}
        wanted = pa.array(list(names), pa.string())
        for file in _as_files(self._files.filter(pc.is_in(self._files["name"], wanted))):
            if not file.set_aside:
                known.setdefault(file.name, []).append(file)
        return known

    def add(self, files: Sequence[File]) -> None:
        """Stores records; a later one of the same name and content stands for an earlier one."""
        if not files:
            return
        rows = _as_rows(files)
        number = self._ranges[-1][1] + 1 if self._ranges else 0
        self._put((number, number), rows)
        self._files = _latest([self._files, rows])
        self._merge()

    def with_commits(self) -> "FileIndex":
        """Also with the files of commits that a killed run had no time to record; nothing is stored."""
        self._files = _latest([self._files, _as_rows(self.unrecorded())])
        return self

    def unrecorded(self) -> list[File]:
        """The files of commits after the last one that the index knows."""
        table, app = self._paths.table("bronze", self._table), app_of(self._paths, self._table, SOURCE)
        number = log.last_batch_of(table, app)
        if number <= self.through:
            return []
        commit = log.commit_of_batch(table, app, number)
        if commit is None:
            raise HeadraceError(
                f"batch {number} of the files of {self._table} is stored, but its commit has left the log of {table} "
                f"before the files were written to {self._home}"
            )
        return [File(**each, number=number) for each in commit.note[POSITION]["files"]]

    def _merge(self) -> None:
        """Joins the newest objects where there are many of one size, so that few are read and each row is written few
        times."""
        last = self._ranges[-MERGED:]
        if len(last) < MERGED or len({_level(each) for each in last}) > 1:
            return
        self._put((last[0][0], last[-1][1]), _latest([_table_in(self._home, each) for each in last]))
        del self._ranges[-MERGED - 1 : -1]
        for each in last:
            objects.delete(_object(self._home, each))
        self._merge()

    def _put(self, place: tuple[int, int], rows: pa.Table) -> None:
        body = BytesIO()
        pq.write_table(rows, body, compression="zstd")
        objects.put(_object(self._home, place), body.getvalue())
        self._ranges.append(place)


def position_of(files: Iterable[File]) -> dict[str, Any]:
    """What the commit that takes some files says of them."""
    fields = [name for name in SCHEMA.names if name not in ("number", "set_aside")]
    return {"files": [{name: getattr(each, name) for name in fields} for each in files]}


_SEEN: dict[str, tuple[list[tuple[int, int]], pa.Table]] = {}


def _read(home: str) -> tuple[list[tuple[int, int]], pa.Table]:
    """The objects of an index never change: those read before are not read again."""
    ranges = _ranges(home)
    if home in _SEEN and _SEEN[home][0] == ranges:
        return list(ranges), _SEEN[home][1]
    try:
        parts = [_table_in(home, each) for each in ranges]
    except FileNotFoundError:  # joined with others since they were listed
        return _read(home)
    rows = _latest([SCHEMA.empty_table(), *parts])
    _SEEN[home] = list(ranges), rows
    return ranges, rows


def _ranges(home: str) -> list[tuple[int, int]]:
    """The objects of the index by the numbers they hold, without those that were joined and not removed yet."""
    every: list[tuple[int, int]] = []
    for url in objects.list_under(home):
        place = _RANGE.search(url)
        if place is None:
            raise UsageError(
                f"{url} is from an earlier version of Headrace, which remembered files in another way. "
                "Begin a new lake with another HEADRACE_HOME, and land the files again."
            )
        every.append((int(place[1]), int(place[2])))
    ranges: list[tuple[int, int]] = []
    for each in sorted(every, key=lambda each: (each[0], -each[1])):  # the longest first
        if not ranges or each[0] > ranges[-1][1]:
            ranges.append(each)
    return ranges


def _table_in(home: str, place: tuple[int, int]) -> pa.Table:
    with objects.opened(_object(home, place)) as body:
        return pq.read_table(body, schema=SCHEMA)


def _object(home: str, place: tuple[int, int]) -> str:
    return f"{home}/{place[0]:09d}-{place[1]:09d}.parquet"


def _level(place: tuple[int, int]) -> int:
    return round(math.log(place[1] - place[0] + 1, MERGED))


def _latest(parts: Sequence[pa.Table]) -> pa.Table:
    """Of each name and content the last record."""
    others = [name for name in SCHEMA.names if name not in KEY]
    grouped = pa.concat_tables(parts).group_by(KEY, use_threads=False)
    rows = grouped.aggregate([(name, "last") for name in others])
    return rows.rename_columns([*KEY, *others]).select(SCHEMA.names).cast(SCHEMA)


def _as_rows(files: Sequence[File]) -> pa.Table:
    return pa.Table.from_pylist([asdict(each) for each in files], SCHEMA)


def _as_files(rows: pa.Table) -> list[File]:
    return [File(**row) for row in rows.to_pylist()]
