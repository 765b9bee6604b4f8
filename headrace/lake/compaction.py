"""Sorts, compacts and vacuums one table.

Rows never change here, so every commit says dataChange=false: streams and gold do not see it as news. Sorting
by sender and time is what makes the codec work, which OPTIMIZE alone does not do.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from pyspark.sql import DataFrame, SparkSession

from headrace.lake import log, objects
from headrace.lake.lease import Leases
from headrace.lake.open_table import DataFile, live_files, partition_column
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
    spark = get_spark()
    before = live_files(path)
    due = [] if _bytes(before) < least_bytes else _not_yet_maintained(path, before)
    action: Action = "nothing"
    note = ""
    if due and cluster and _worth_sorting(path, before, due):
        lease.check()
        _sort(spark, path, cluster, before, due)
        action = "sorted"
    elif len([file for file in due if file.bytes < SMALL_FILE]) >= least_files:
        lease.check()
        _join_small(spark, path)
        action = "compacted"
    elif due and cluster:
        note = f"{_bytes(due) / max(_bytes(before), 1):.0%} of it is new; sorted once a quarter is"
    lease.check()
    vacuumed = vacuum(spark, path, hours)
    after = live_files(path)
    return Compacted(
        action,
        len(before),
        len(after),
        _bytes(before),
        _bytes(after),
        vacuumed,
        note or _saved(before, after),
    )


def untouched(path: str, note: str) -> Compacted:
    files = live_files(path)
    return Compacted("nothing", len(files), len(files), _bytes(files), _bytes(files), note=note)


def _not_yet_maintained(path: str, files: list[DataFile]) -> list[DataFile]:
    """The files that came after the last sorting."""
    last = next((each for each in _versions_newest_first(path) if _is_maintenance(path, each)), None)
    if last is None:
        return files
    sorted_then = {file.path for file in live_files(path, last)}
    return [file for file in files if file.path not in sorted_then]


def _versions_newest_first(path: str) -> Iterator[int]:
    return iter(range(log.version(path), -1, -1))


def _is_maintenance(path: str, version: int) -> bool:
    commit = log.commit(path, version)
    return commit is not None and NOTE in commit.note


def _worth_sorting(path: str, files: list[DataFile], due: list[DataFile]) -> bool:
    """A partitioned table is sorted partition by partition; any other as a whole, so only when much is new:
    the work then adds up to a few times the table's size, however often it runs."""
    return partition_column(path) is not None or _bytes(due) >= NEW_SHARE * _bytes(files)


def _sort(
    spark: SparkSession, path: str, cluster: tuple[str, ...], files: list[DataFile], due: list[DataFile]
) -> None:
    rows, keys, condition, touched = spark.read.format("delta").load(path), cluster, None, files
    column = partition_column(path)
    if column is not None:
        partitions = sorted({file.partition for file in due if file.partition is not None})
        condition = f"{column} IN ({', '.join(repr(value) for value in partitions)})"
        rows, keys = rows.where(condition), (column, *cluster)
        touched = [file for file in files if file.partition in partitions]
    pieces = max(len({file.partition for file in touched}), 1 + _bytes(touched) // FILE_BYTES)
    _rewrite(rows.repartitionByRange(pieces, *keys).sortWithinPartitions(*keys), path, condition)


def _rewrite(rows: DataFrame, path: str, condition: str | None) -> None:
    writer = rows.write.format("delta").mode("overwrite").option("dataChange", "false")
    writer = writer.option("userMetadata", json.dumps({NOTE: "sorted"}))
    (writer.option("replaceWhere", condition) if condition else writer).save(path)


def _join_small(spark: SparkSession, path: str) -> None:
    spark.conf.set("spark.databricks.delta.optimize.minFileSize", SMALL_FILE)
    spark.conf.set("spark.databricks.delta.optimize.maxFileSize", FILE_BYTES)
    spark.sql(f"OPTIMIZE delta.`{path}`")


def only_vacuumed(path: str, hours: int) -> Compacted:
    """For a table that another writes: what left it long ago is no writer's business."""
    gone = vacuum(get_spark(), path, hours)
    return replace(untouched(path, "joined by the standing job, which holds it"), vacuumed_files=gone)


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


def _saved(before: list[DataFile], after: list[DataFile]) -> str:
    if not before or _bytes(before) == _bytes(after):
        return ""
    was, now = _bytes(before) / 1e6, _bytes(after) / 1e6
    return f"{len(before)} files of {was:.1f} MB are {len(after)} of {now:.1f} MB"
