"""Joins the small files of a table that is written all the time, some partitions at a time, by delta-rs' own OPTIMIZE.

The rows stay as they are and in their order, so the commit says `dataChange: false` and nobody reads them again.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deltalake import CommitProperties, DeltaTable, WriterProperties

from headrace.lake.commits import note_of
from headrace.lake.open_table import DataFile, live_files, partition_column
from headrace.lake.paths import as_s3

MB = 2**20


@dataclass(frozen=True)
class Tier:
    """Files of less than half of `target` bytes are joined to files of that size once there are `least` of them."""

    target: int
    least: int

    def small(self, files: Sequence[DataFile]) -> list[DataFile]:
        return [file for file in files if file.bytes < self.target / 2]


@dataclass(frozen=True)
class Joined:
    files_before: int
    files_after: int
    version: int


def tiers(least: int) -> tuple[Tier, ...]:
    """What was joined is joined once more when it has become many: a row is rewritten about twice, not every time."""
    return Tier(2 * MB, least), Tier(32 * MB, max(least // 4, 4))


def join_small_files(
    table: str, least: int, note: Mapping[str, Any], commit: Callable[[Callable[[], int | None]], int | None]
) -> Joined | None:
    """None where there are too few of them. `commit` calls what it is given when nobody else writes the table."""
    before = live_files(table)
    for tier in tiers(least):
        small = tier.small(before)
        if len(small) >= tier.least:
            partition, _ = Counter(file.partition for file in small).most_common(1)[0]
            version = commit(lambda: _join(table, tier, partition, note))  # noqa: B023
            return None if version is None else Joined(len(before), len(live_files(table)), version)
    return None


def _join(table: str, tier: Tier, partition: str | None, note: Mapping[str, Any]) -> int | None:
    """The new version; None where no two files of the partition fit into one."""
    opened, column = DeltaTable(as_s3(table)), partition_column(table)
    metrics = opened.optimize.compact(
        partition_filters=[(column, "=", partition)] if column and partition else None,
        target_size=tier.target,
        max_concurrent_tasks=1,  # the standing job has the other processors
        writer_properties=WriterProperties(compression="ZSTD"),
        commit_properties=CommitProperties(custom_metadata=note_of(note)),
    )
    return opened.version() if metrics["numFilesRemoved"] else None
