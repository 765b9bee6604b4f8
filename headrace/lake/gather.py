"""Joins the small files of a table that is written all the time, a few at a time.

What OPTIMIZE would do takes as long as there is to do. Here each go takes so many bytes and rows at most, sorts them
as `maintain` would, and writes the new files beside the table; only the commit, of a few milliseconds, has to fall
between two batches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from headrace.lake.files import DataFile, live_files
from headrace.lake.rewrite import NewFile, Rewritten, read_file, shape_of, write_file

MB = 2**20
MOST_BYTES = 64 * MB
MOST_ROWS = 1_000_000


@dataclass(frozen=True)
class Tier:
    """Files of so many bytes are joined once there are so many of them."""

    sizes: range
    least: int


def tiers(least: int) -> tuple[Tier, ...]:
    """What was joined is joined once more when it has become many: twice in all, not every time."""
    return Tier(range(MB), least), Tier(range(MB, 16 * MB), max(least // 4, 4))


def gather(table: str, cluster: Sequence[str], least: int) -> Rewritten | None:
    """New files in the place of small ones, not committed; None where there are too few of them."""
    files = live_files(table)
    chosen = next((found for tier in tiers(least) if (found := _chosen(files, tier))), None)
    if chosen is None:
        return None
    shape = shape_of(table)
    added: list[NewFile] = []
    for group in chosen:
        rows = pa.concat_tables(
            [shape.schema.empty_table(), *(piece for file in group for piece in read_file(shape, file))]
        )
        if cluster:
            rows = rows.sort_by([(name, "ascending") for name in cluster if name != shape.partition])
        if len(rows):
            added.append(write_file(shape, [rows], beside=group[0]))
    removed = tuple(file for group in chosen for file in group)
    return Rewritten(table, removed, tuple(added), shape.partition)


def _chosen(files: Sequence[DataFile], tier: Tier) -> list[list[DataFile]] | None:
    """Small files by partition, those of the fullest partitions first, as many as one go takes."""
    small = [file for file in files if file.bytes in tier.sizes]
    if len(small) < tier.least:
        return None
    groups: dict[str | None, list[DataFile]] = {}
    for file in sorted(small, key=lambda file: file.bytes):
        groups.setdefault(file.partition, []).append(file)
    return list(_within_limits(sorted(groups.values(), key=len, reverse=True))) or None


def _within_limits(groups: Sequence[list[DataFile]]) -> Iterator[list[DataFile]]:
    room, rows_left = MOST_BYTES, MOST_ROWS
    for group in groups:
        taken: list[DataFile] = []
        for file in group:
            if file.bytes > room or file.rows > rows_left:
                break
            taken.append(file)
            room, rows_left = room - file.bytes, rows_left - file.rows
        if len(taken) > 1:
            yield taken
