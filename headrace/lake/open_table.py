"""A Delta table through delta-rs, and its data files at one version. Errors carry the place of the table."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from deltalake import DeltaTable

from headrace.lake.paths import as_s3


def is_table(place: str) -> bool:
    with _named(place):
        return bool(DeltaTable.is_deltatable(as_s3(place)))


def opened(place: str, version: int | None = None) -> DeltaTable:
    with _named(place):
        return DeltaTable(as_s3(place), version=version)


@contextmanager
def _named(place: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        error.add_note(as_s3(place))
        raise


@dataclass(frozen=True)
class DataFile:
    path: str
    bytes: int
    rows: int
    partition: str | None


def live_files(table: str, version: int | None = None) -> list[DataFile]:
    """The files that make up the table; of a partitioned one with their partition's value as text."""
    import pyarrow as pa  # here: queries do without

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
