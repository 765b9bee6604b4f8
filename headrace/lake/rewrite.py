"""Puts new files in the place of some of a table's files: the same rows sorted and joined, or all but a few of them.

Spark rewrites whole partitions, and its DELETE says that every row it keeps is new. Here the commit is written by
hand, as Delta's protocol has it: what an added file holds was in the removed ones, so it is no news
(`dataChange: false`); a removed file changes the table only where rows are gone for good. Whoever follows the adds
reads nothing twice, and whoever asks which partitions changed is told.
"""

import json
import math
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable
from pyarrow import fs

from headrace.errors import UsageError
from headrace.lake import log, objects
from headrace.lake.files import DataFile, live_files
from headrace.lake.paths import as_s3

ENGINE = "headrace"
KNOWN_FEATURES = {"appendOnly", "invariants"}
LONGEST_BOUND = 32
ROWS_AT_ONCE = 128 * 1024
EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Shape:
    """What a table's files look like. `bounded`: the columns whose least and greatest values they keep."""

    table: str
    schema: pa.Schema
    partition: str | None
    bounded: tuple[str, ...]


@dataclass(frozen=True)
class Rewritten:
    """Files that are to go, and those written in their place, which nobody sees before the commit."""

    table: str
    removed: tuple[DataFile, ...]
    added: tuple["NewFile", ...]
    partition: str | None

    @property
    def rows_gone(self) -> int:
        return sum(file.rows for file in self.removed) - sum(file.rows for file in self.added)


@dataclass(frozen=True)
class NewFile:
    path: str
    bytes: int
    rows: int
    partition: str | None
    bounds: Mapping[str, Any] = field(default_factory=dict)


def shape_of(table: str) -> Shape:
    opened = DeltaTable(as_s3(table))
    protocol, meta = opened.protocol(), opened.metadata()
    features = {*(protocol.reader_features or ()), *(protocol.writer_features or ())}
    if features - KNOWN_FEATURES or (not features and protocol.min_writer_version > 2):
        raise UsageError(f"{table} uses features of Delta that are not known here: {sorted(features)}")
    partition = next(iter(meta.partition_columns), None)
    fields = [each for each in pa.schema(opened.schema().to_arrow()) if each.name != partition]
    bounded = meta.configuration.get("delta.dataSkippingStatsColumns", "").split(",")
    known = {each.name for each in fields}
    return Shape(table, pa.schema(fields), partition, tuple(name for name in bounded if name in known))


def read_file(shape: Shape, file: DataFile) -> Iterator[pa.Table]:
    """Its rows, piece by piece and in their order; columns that came later are null in it."""
    system, path = _at(f"{shape.table}/{unquote(file.path)}")
    with system.open_input_file(path) as source, pq.ParquetFile(source) as opened:
        for batch in opened.iter_batches(ROWS_AT_ONCE):
            none = pa.nulls(len(batch))
            columns = [batch[each.name] if each.name in batch.schema.names else none for each in shape.schema]
            yield pa.table(columns, names=shape.schema.names).cast(shape.schema)


def write_file(shape: Shape, pieces: Iterable[pa.Table], beside: DataFile) -> NewFile:
    """In the folder of a file of the same partition."""
    folder = beside.path.rpartition("/")[0]
    name = f"part-{uuid.uuid4()}.zstd.parquet"
    path = f"{folder}/{name}" if folder else name
    system, there = _at(f"{shape.table}/{unquote(path)}")
    bounds, rows = _Bounds(shape), 0
    with pq.ParquetWriter(
        there, shape.schema, filesystem=system, compression="zstd", store_schema=False
    ) as writer:
        for piece in pieces:
            writer.write_table(piece)
            bounds.widen(piece)
            rows += len(piece)
    return NewFile(path, system.get_file_info(there).size, rows, beside.partition, bounds.as_dict())


def commit_rewrite(
    done: Rewritten, operation: str, note: Mapping[str, Any], *, keeps_rows: bool
) -> int | None:
    """The new version; None where the table has gone on and a file is no longer in it, so that nothing was done.

    Called under the table's lease: then nobody takes the version in between, and if somebody does, nothing is done."""
    here = log.version(done.table)
    if not {file.path for file in done.removed} <= {file.path for file in live_files(done.table, here)}:
        return None
    actions = [_commit_info(done, operation, note), *_removes(done, keeps_rows=keeps_rows), *_adds(done)]
    body = "".join(f"{json.dumps(action, separators=(',', ':'))}\n" for action in actions)
    name = f"{done.table}/_delta_log/{here + 1:020d}.json"
    return here + 1 if objects.put_new(name, body.encode()) else None


def forget(done: Rewritten) -> None:
    """Removes what was written and is not to be committed."""
    for file in done.added:
        objects.delete(f"{done.table}/{unquote(file.path)}")


def _commit_info(done: Rewritten, operation: str, note: Mapping[str, Any]) -> dict[str, Any]:
    metrics = {
        "numRemovedFiles": len(done.removed),
        "numAddedFiles": len(done.added),
        "numDeletedRows": done.rows_gone,
    }
    info = {
        "timestamp": _now(),
        "operation": operation,
        "operationParameters": {},
        "isBlindAppend": False,
        "operationMetrics": {name: str(value) for name, value in metrics.items()},
        "userMetadata": json.dumps(note),
        "engineInfo": ENGINE,
    }
    return {"commitInfo": info}


def _removes(done: Rewritten, *, keeps_rows: bool) -> Iterable[dict[str, Any]]:
    for file in done.removed:
        yield {
            "remove": {
                "path": file.path,
                "deletionTimestamp": _now(),
                "dataChange": not keeps_rows,
                "extendedFileMetadata": True,
                "partitionValues": _partition_values(done.partition, file.partition),
                "size": file.bytes,
            }
        }


def _adds(done: Rewritten) -> Iterable[dict[str, Any]]:
    for file in done.added:
        yield {
            "add": {
                "path": file.path,
                "partitionValues": _partition_values(done.partition, file.partition),
                "size": file.bytes,
                "modificationTime": _now(),
                "dataChange": False,
                "stats": json.dumps({"numRecords": file.rows, **file.bounds}),
            }
        }


def _partition_values(column: str | None, value: str | None) -> dict[str, str | None]:
    return {column: value} if column else {}


class _Bounds:
    """The least and the greatest of some columns, and how many of their values are missing."""

    def __init__(self, shape: Shape) -> None:
        self._types = {name: shape.schema.field(name).type for name in shape.bounded}
        self._nulls = dict.fromkeys(self._types, 0)
        self._seen: dict[str, list[Any]] = {name: [] for name in self._types}

    def widen(self, rows: pa.Table) -> None:
        for name, seen in self._seen.items():
            self._nulls[name] += rows[name].null_count
            found = pc.min_max(_countable(rows[name])).as_py()
            seen += [value for value in (found["min"], found["max"]) if value is not None]

    def as_dict(self) -> dict[str, Any]:
        seen = {name: values for name, values in self._seen.items() if values}
        least = {name: _as_bound(self._types[name], min(values)) for name, values in seen.items()}
        most = {name: _as_bound(self._types[name], max(values), upward=True) for name, values in seen.items()}
        whole = [name for name in least if least[name] is not None and most[name] is not None]
        return {
            "minValues": {name: least[name] for name in whole},
            "maxValues": {name: most[name] for name in whole},
            "nullCount": self._nulls,
        }


def _countable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Instants as microseconds and days as their number: a table may hold years that Python's own do not reach."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64())
    return column.cast(pa.int32()) if pa.types.is_date32(column.type) else column


def _as_bound(kind: pa.DataType, value: Any, *, upward: bool = False) -> Any:
    """None where a bound would not hold, would be long, or has a year that is not of four digits."""
    try:
        if pa.types.is_timestamp(kind):
            return _instant(value, upward=upward)
        if pa.types.is_date32(kind):
            return (EPOCH + timedelta(days=value)).date().isoformat()
    except OverflowError:
        return None
    match value:
        case str():
            return value if len(value) <= LONGEST_BOUND else None
        case bool():
            return None
        case float():
            return value if math.isfinite(value) else None
        case int():
            return value
    return None


def _instant(micros: int, *, upward: bool) -> str:
    """In milliseconds, as Delta keeps them."""
    millis = -(-micros // 1000) if upward else micros // 1000
    return f"{(EPOCH + timedelta(milliseconds=millis)).isoformat(timespec='milliseconds')}Z"


def _at(url: str) -> tuple[fs.FileSystem, str]:
    if url.startswith(("s3://", "s3a://")):
        system, path = fs.FileSystem.from_uri(as_s3(url))
        return system, str(path)
    return fs.LocalFileSystem(), url


def _now() -> int:
    return int(time.time() * 1000)
