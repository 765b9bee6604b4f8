"""What has come into the followed table, version by version.

A version is one batch, whoever reads it and however often, so that reading it again gives the same alarms. Within it
the days come one after the other. Files that were only joined or sorted are no news.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headrace.alarms.rules import Rules
from headrace.errors import HeadraceError
from headrace.lake import log
from headrace.lake.increments import version_files
from headrace.lake.open_table import live_files
from headrace.lake.paths import as_s3

MOST_ROWS = 4_000_000


@dataclass(frozen=True)
class VersionRows:
    """files: by their day."""

    version: int
    files: tuple[str, ...]
    is_rewriting: bool = False

    def batches(self, rules: Rules) -> Iterator[pa.Table]:
        for _, files in groupby(self.files, key=_folder):
            yield from _of_day(list(files), rules)


def rows_of_version(table: str, began: int, version: int) -> VersionRows:
    """began: the version of which all is news, and nothing before it."""
    if version == began:
        files = [f"{table}/{file.path}" for file in live_files(table, version)]
        return VersionRows(version, tuple(sorted(files)))
    commit = log.commit(table, version)
    is_rewriting = commit is not None and any(
        action["remove"].get("dataChange", True) for action in commit.actions if "remove" in action
    )
    return VersionRows(version, tuple(sorted(version_files(table, version))), is_rewriting)


def _folder(file: str) -> str:
    return str(PurePosixPath(file).parent)


def _read(file: str, columns: Sequence[str]) -> pa.Table:
    try:
        return pq.read_table(
            as_s3(file),
            columns=list(columns),
            partitioning=None,
            use_threads=False,  # Spark is at work beside us
        )
    except FileNotFoundError:
        raise HeadraceError(
            f"{file} is gone, and the alarms had not seen it: it left the table more than a week ago. Remove the table "
            "of alarms and its checkpoint to begin them anew."
        ) from None


def _of_day(files: list[str], rules: Rules) -> Iterator[pa.Table]:
    """At once where that is few rows."""
    read: list[pa.Table] = []
    for file in files:
        read.append(_read(file, _columns(rules)))
        if sum(map(len, read)) > MOST_ROWS:
            break
    else:
        yield pa.concat_tables(read)
        return
    read.clear()
    yield from _pieces(files, rules)


def _pieces(files: list[str], rules: Rules) -> Iterator[pa.Table]:
    """Many rows in shorter spans of time. The files are read once for each, so that no more is ever held than one
    span and one file."""
    instants = [_instants(_read(file, (rules.at,)), rules.at) for file in files]
    every = np.concatenate(instants)
    count = -(-len(every) // MOST_ROWS)
    bounds = np.quantile(every, np.linspace(0, 1, count + 1)[1:-1])
    places = [np.searchsorted(bounds, each, side="left").astype(np.int16) for each in instants]
    del instants, every
    for number in range(count):
        within = zip(files, (place == number for place in places), strict=True)
        parts = [
            _read(file, _columns(rules)).filter(pa.array(is_in)) for file, is_in in within if is_in.any()
        ]
        if parts:  # none where more rows than that are of one instant
            yield pa.concat_tables(parts)


def _instants(rows: pa.Table, at: str) -> np.ndarray:
    found: np.ndarray = rows[at].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    return found


def _columns(rules: Rules) -> tuple[str, ...]:
    return rules.sender, rules.at, rules.value
