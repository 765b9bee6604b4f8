"""The data files of a Delta table at one version, from its log through delta-rs."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from headrace.lake.paths import as_s3


@dataclass(frozen=True)
class DataFile:
    path: str
    bytes: int
    rows: int
    partition: str | None


def live_files(table: str, version: int | None = None) -> list[DataFile]:
    """The files that make up the table; of a partitioned one with their partition's value as text."""
    opened = _opened(table, version)
    column = next(iter(opened.metadata().partition_columns), None)
    actions = pa.table(opened.get_add_actions(flatten=True))
    asked = ("path", "size_bytes", "num_records", f"partition.{column}")
    known = actions.select([name for name in asked if name in actions.column_names])
    return [_file(action, column) for action in known.to_pylist()]


def partition_column(table: str) -> str | None:
    return next(iter(_opened(table, None).metadata().partition_columns), None)


def _opened(table: str, version: int | None) -> DeltaTable:
    return DeltaTable(as_s3(table), version=version)


def _file(action: dict[str, Any], column: str | None) -> DataFile:
    value = action.get(f"partition.{column}") if column else None
    partition = None if value is None else str(value)
    return DataFile(action["path"], action["size_bytes"], action.get("num_records") or 0, partition)
