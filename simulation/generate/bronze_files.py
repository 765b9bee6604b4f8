"""Files of a bronze table, written by the workers that make their rows: each task one, of Parquet. Through Spark, rows
would be taken apart and put together twice.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import types as T

from headrace.contracts.model import Contract
from headrace.contracts.schema import EXTRA
from headrace.lake import objects
from simulation.generate.columns import SCALARS

STORED = T.StructType(
    [
        T.StructField("path", T.StringType()),
        T.StructField("bytes", T.LongType()),
        T.StructField("stats", T.StringType()),
    ]
)


def as_stored(batch: pa.RecordBatch, contract: Contract, source: str, at: datetime) -> pa.Table:
    """Rows as bronze holds them: of a broken line its text alone, and beside all where they came from."""
    size, columns = batch.num_rows, {name: batch.column(name) for name in contract.columns}
    if batch.column("_raw").null_count < size:
        is_broken = batch.column("_raw").is_valid()
        columns = {
            name: pc.if_else(is_broken, pa.scalar(None, each.type), each) for name, each in columns.items()
        }
    extra = {EXTRA: pa.nulls(size, pa.string())} if contract.keeps_extra else {}
    return pa.table(
        {
            **columns,
            "_raw": batch.column("_raw"),
            "_source": pa.repeat(pa.scalar(source), size),
            "_partition": pa.nulls(size, pa.int32()),
            "_offset": pa.nulls(size, pa.int64()),
            "_sent_at": batch.column("_sent_at"),
            "_ingested_at": pa.repeat(pa.scalar(at, SCALARS["datetime"]), size),
            **extra,
        }
    )


def stored_file(
    contract: Contract, source: str, folder: str, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Writes the rows of a task, and tells of the file."""
    now = datetime.now(UTC)
    at, body, stats = now.replace(microsecond=0), pa.BufferOutputStream(), Statistics(contract)
    parts = [as_stored(batch, contract, source, at) for batch in batches]
    if parts:
        rows = pa.concat_tables(parts)
        stats.take(rows)
        pq.write_table(rows, body, row_group_size=len(rows) or None, compression="zstd", compression_level=3)
        name, content = f"part-{uuid4()}.zstd.parquet", body.getvalue().to_pybytes()
        objects.put(f"{folder}/{name}", content)
        yield pa.RecordBatch.from_pydict(
            {"path": [name], "bytes": [len(content)], "stats": [stats.as_json()]}
        )


class Statistics:
    """The bounds by which readers skip files, of the columns that bronze tables keep them of."""

    def __init__(self, contract: Contract) -> None:
        named = (contract.event_time, "_sent_at", "_ingested_at")
        self._bounds: dict[str, tuple[int, int]] = {}
        self._nulls, self._rows = {name: 0 for name in named if name}, 0

    def take(self, rows: pa.Table) -> None:
        self._rows += rows.num_rows
        for name in self._nulls:
            self._nulls[name] += rows[name].null_count
            found = rows[name].drop_null().cast(pa.int64()).to_numpy()
            if len(found):
                known = self._bounds.get(name, (found[0], found[0]))
                self._bounds[name] = min(known[0], int(found.min())), max(known[1], int(found.max()))

    def as_json(self) -> str:
        least, most = (
            {
                name: f"{np.datetime64(int(bounds[side]) // 1000, 'ms')}Z"
                for name, bounds in self._bounds.items()
            }
            for side in (0, 1)
        )
        return json.dumps(
            {"numRecords": self._rows, "minValues": least, "maxValues": most, "nullCount": self._nulls}
        )
