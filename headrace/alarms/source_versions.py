"""The rows of the followed table, version by version, and the senders' table at a version.

A version is one batch, whoever reads it and however often, so that reading it again gives the same alarms. Within it
the days come one after the other. Files that were only joined or sorted hold no new rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable

from headrace.alarms.rules import Rules
from headrace.errors import HeadraceError
from headrace.lake import log
from headrace.lake.delta_rs import live_files, read_file
from headrace.lake.increments import version_files
from headrace.lake.paths import as_s3

MOST_ROWS = 4_000_000
CURRENT = "is_current"


@dataclass(frozen=True)
class VersionRows:
    """files: by their day."""

    files: tuple[str, ...]
    is_rewriting: bool = False

    def batches(self, rules: Rules) -> Iterator[pa.Table]:
        """A day at once, unless it has many rows."""
        columns = rules.columns_read
        for _, group in groupby(self.files, key=lambda file: PurePosixPath(file).parent):
            files, parts = list(group), list[pa.Table]()
            for file in files:
                parts.append(_read(file, columns))
                if sum(map(len, parts)) > MOST_ROWS:
                    parts.clear()
                    yield from _spans(files, columns, rules.at)
                    break
            else:
                yield pa.concat_tables(parts)


def rows_of_version(table: str, began: int, version: int) -> VersionRows:
    """began: the version of which all rows are new, and none before it."""
    if version == began:
        return VersionRows(tuple(sorted(f"{table}/{file.path}" for file in live_files(table, version))))
    commit = log.commit(table, version)
    is_rewriting = commit is not None and any(
        action["remove"].get("dataChange", True) for action in commit.actions if "remove" in action
    )
    return VersionRows(tuple(sorted(version_files(table, version))), is_rewriting)


def current_senders(path: str, version: int, rules: Rules) -> pa.Table:
    """The rows of a version of the senders' table that hold now, always in the same order."""
    columns = list(dict.fromkeys(rules.columns_named()[rules.senders.table]))
    return current_rows(path, columns, version).sort_by(rules.senders.key)


def current_rows(path: str, columns: Sequence[str], version: int | None = None) -> pa.Table:
    """Columns of a table; where it keeps the history of its rows, of those that hold now."""
    table = DeltaTable(as_s3(path), version=version)
    has_history = CURRENT in {field.name for field in table.schema().fields}
    rows = table.to_pyarrow_table(columns=[*columns, CURRENT] if has_history else list(columns))
    if has_history:  # not asked of deltalake: of a boolean without bounds it finds no row
        rows = rows.filter(rows[CURRENT])
    return rows


def _spans(files: Sequence[str], columns: Sequence[str], at: str) -> Iterator[pa.Table]:
    """Many rows in shorter spans of time. The files are read once for each, so that no more is ever held than one
    span and one file."""
    instants = [_read(file, (at,))[at].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy() for file in files]
    every = np.concatenate(instants)
    count = -(-len(every) // MOST_ROWS)
    bounds = np.quantile(every, np.linspace(0, 1, count + 1)[1:-1])
    places = [np.searchsorted(bounds, each, side="left").astype(np.int16) for each in instants]
    del instants, every
    for number in range(count):
        within = zip(files, (place == number for place in places), strict=True)
        parts = [_read(file, columns).filter(pa.array(is_in)) for file, is_in in within if is_in.any()]
        if parts:  # none where more rows than that are of one instant
            yield pa.concat_tables(parts)


def _read(file: str, columns: Sequence[str]) -> pa.Table:
    try:
        return read_file(file, columns)
    except FileNotFoundError:
        raise HeadraceError(
            f"{file} is gone, and the alarms had not seen it: it left the table more than a week ago. Remove the table "
            "of alarms and its checkpoint to begin them anew."
        ) from None
