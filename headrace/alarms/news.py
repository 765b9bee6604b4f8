"""What has come into the followed table, version by version.

A version is one batch, whoever reads it and however often, so that reading it again gives the same alarms. Within it
the days come one after the other. Files that were only joined or sorted are no news.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headrace.alarms.rules import Rules
from headrace.errors import HeadraceError
from headrace.lake import log
from headrace.lake.files import live_files
from headrace.refine.arrivals import version_files

MOST_ROWS = 4_000_000


@dataclass(frozen=True)
class News:
    """files: by their day."""

    version: int
    files: tuple[str, ...]
    is_rewriting: bool = False

    def batches(self, rules: Rules) -> Iterator[pa.Table]:
        for _, files in groupby(self.files, key=_folder):
            rows = pa.concat_tables([_read(file, rules) for file in files])
            yield from _pieces(rows, rules.at)


def news(table: str, began: int, version: int) -> News:
    """began: the version of which all is news, and nothing before it."""
    if version == began:
        files = [f"{table}/{file.path}" for file in live_files(table, version)]
        return News(version, tuple(sorted(files)))
    commit = log.commit(table, version)
    is_rewriting = commit is not None and any(
        action["remove"].get("dataChange", True) for action in commit.actions if "remove" in action
    )
    return News(version, tuple(sorted(version_files(table, version))), is_rewriting)


def _folder(file: str) -> str:
    return str(PurePosixPath(file).parent)


def _read(file: str, rules: Rules) -> pa.Table:
    try:
        return pq.read_table(
            file.replace("s3a://", "s3://", 1),
            columns=[rules.sender, rules.at, rules.value],
            partitioning=None,
            use_threads=False,  # Spark is at work beside us
        )
    except FileNotFoundError:
        raise HeadraceError(
            f"{file} is gone, and the alarms had not seen it: it left the table more than a week ago. Remove the table "
            "of alarms and its checkpoint to begin them anew."
        ) from None


def _pieces(rows: pa.Table, at: str) -> Iterator[pa.Table]:
    """Many rows in shorter spans of time."""
    count = -(-len(rows) // MOST_ROWS)
    if count <= 1:
        yield rows
        return
    instants = rows[at].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    bounds = np.quantile(instants, np.linspace(0, 1, count + 1)[1:-1])
    piece = np.searchsorted(bounds, instants, side="left")
    for number in range(count):
        yield rows.filter(pa.array(piece == number))
