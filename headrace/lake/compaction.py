"""Sorts, compacts and vacuums one table; joins small files of one that is written all the time.

Rows never change here, so every commit says dataChange=false: streams and gold do not see it as news. Sorting
by sender and time is what makes the codec work, which OPTIMIZE alone does not do.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pyspark.sql import SparkSession

from headrace.lake import log, objects
from headrace.lake.delta_rs import DataFile, commit_options, live_files, opened, partition_column
from headrace.lake.lease import Leases
from headrace.lake.session import get_spark
from headrace.settings import SAFE_HOURS

FILE_BYTES = 256 * 2**20
SMALL_FILE = 32 * 2**20
NEW_SHARE = 0.25
NOTE = "maintained"

Action = Literal["sorted", "compacted", "nothing"]


@dataclass(frozen=True)
class Compacted:
    """What was done to one table."""

    action: Action
    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int
    vacuumed_files: int = 0
    note: str = ""


def compact(
    path: str,
    cluster: tuple[str, ...],
    *,
    hours: int,
    lease: Leases,
    least_bytes: int = 0,
    least_files: int = 8,
) -> Compacted:
    """Sorts what is new by the cluster columns, else joins small files; then vacuums."""
    spark, before = get_spark(), live_files(path)
    action: Action = "nothing"
    note = ""
    due = [] if _bytes(before) < least_bytes else _not_yet_sorted(path, before)
    # A partitioned table is sorted partition by partition; any other as a whole, so only when much is new: the work
    # then adds up to a few times the table's size, however often it runs.
    is_worth_it = partition_column(path) is not None or _bytes(due) >= NEW_SHARE * _bytes(before)
    lease.check()
    if due and cluster and is_worth_it:
        _sort(spark, path, cluster, before, due)
        action = "sorted"
    elif len([file for file in due if file.bytes < SMALL_FILE]) >= least_files:
        spark.conf.set("spark.databricks.delta.optimize.minFileSize", SMALL_FILE)
        spark.conf.set("spark.databricks.delta.optimize.maxFileSize", FILE_BYTES)
        spark.sql(f"OPTIMIZE delta.`{path}`")
        action = "compacted"
    elif due and cluster:
        note = f"{_bytes(due) / max(_bytes(before), 1):.0%} of it is new; sorted once a quarter is"
    lease.check()
    vacuumed, after = vacuum(spark, path, hours), live_files(path)
    was, now = _bytes(before), _bytes(after)
    if before and was != now and not note:
        note = f"{len(before)} files of {was / 1e6:.1f} MB are {len(after)} of {now / 1e6:.1f} MB"
    return Compacted(action, len(before), len(after), was, now, vacuumed, note)


def untouched(path: str, note: str, vacuumed_files: int = 0) -> Compacted:
    files = live_files(path)
    count, size = len(files), _bytes(files)
    return Compacted("nothing", count, count, size, size, vacuumed_files, note)


def only_vacuumed(path: str, hours: int) -> Compacted:
    """For a table that another writes: what left it long ago is no writer's business."""
    return untouched(path, "joined by the standing job, which holds it", vacuum(get_spark(), path, hours))


def _not_yet_sorted(path: str, files: list[DataFile]) -> list[DataFile]:
    """The files that came after the last sorting."""
    last = next((commit.version for commit in log.backwards(path) if NOTE in commit.note), None)
    known = set() if last is None else {file.path for file in live_files(path, last)}
    return [file for file in files if file.path not in known]


def _sort(
    spark: SparkSession, path: str, cluster: tuple[str, ...], files: list[DataFile], due: list[DataFile]
) -> None:
    rows, keys, touched, column = (
        spark.read.format("delta").load(path),
        cluster,
        files,
        partition_column(path),
    )
    options = {"dataChange": "false", "userMetadata": json.dumps({NOTE: "sorted"})}
    if column is not None:
        partitions = sorted({file.partition for file in due if file.partition is not None})
        options["replaceWhere"] = f"{column} IN ({', '.join(repr(value) for value in partitions)})"
        rows, keys = rows.where(options["replaceWhere"]), (column, *cluster)
        touched = [file for file in files if file.partition in partitions]
    pieces = max(len({file.partition for file in touched}), 1 + _bytes(touched) // FILE_BYTES)
    ordered = rows.repartitionByRange(pieces, *keys).sortWithinPartitions(*keys)
    ordered.write.format("delta").mode("overwrite").options(**options).save(path)


def vacuum(spark: SparkSession, path: str, hours: int) -> int:
    """How many files were removed for good; Spark is asked only where files have left the table."""
    before = _data_files(path)
    if before == len(live_files(path)):
        return 0
    spark.conf.set("spark.databricks.delta.vacuum.logging.enabled", "false")
    spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", str(hours >= SAFE_HOURS).lower())
    spark.sql(f"VACUUM delta.`{path}` RETAIN {hours} HOURS")
    return before - _data_files(path)


def _data_files(path: str) -> int:
    return sum(name.endswith(".parquet") and "/_delta_log/" not in name for name in objects.list_under(path))


def _bytes(files: list[DataFile]) -> int:
    return sum(file.bytes for file in files)


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
    """Joins small files of a table that is written all the time, of one partition, by delta-rs' own OPTIMIZE; None
    where there are too few of them. The rows stay in their order. `commit` calls what it is given when nobody else
    writes the table."""
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
    joined, column = opened(table), partition_column(table)
    metrics = joined.optimize.compact(
        partition_filters=[(column, "=", partition)] if column and partition else None,
        target_size=tier.target,
        max_concurrent_tasks=1,  # the standing job has the other processors
        **commit_options(note),
    )
    return joined.version() if metrics["numFilesRemoved"] else None
