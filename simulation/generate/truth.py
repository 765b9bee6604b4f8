"""The truth: which faults were planted. Only scoring may read it.

One folder per table and chunk, replaced whole, so a chunk made twice counts once.
"""

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from headrace.contracts.model import Contract
from headrace.lake import objects
from headrace.lake.paths import Paths
from simulation.arrays import Array, Gathered, gathered, instants
from simulation.generate.blocks import episodes_of
from simulation.generate.chunks import Chunk
from simulation.generate.columns import arrow_type, as_arrow
from simulation.generate.row_maker import RowMaker
from simulation.generate.sent_rows import Sent
from simulation.generate.sources import Source
from simulation.random_draws import seconds

STAMP = "%Y%m%dT%H%M%S"
TRUTH = T.StructType(
    [
        *(T.StructField(name, T.StringType()) for name in ("table", "kind", "key", "column")),
        *(T.StructField(name, T.TimestampType()) for name in ("from_at", "to_at")),
        T.StructField("detail", T.StringType()),
    ]
)
SCHEMA = T.StructType([*TRUTH, T.StructField("chunk", T.StringType())])


def read_truth(spark: SparkSession, paths: Paths) -> DataFrame:
    """Every planted fault once: an episode that reaches into two chunks is recorded by both."""
    files = [each for each in objects.list_under(f"{paths.truth}/planted") if each.endswith(".parquet")]
    if not files:
        return spark.createDataFrame([], SCHEMA)
    return (
        spark.read.schema(SCHEMA)
        .parquet(*files)
        .dropDuplicates(["table", "kind", "key", "column", "from_at", "to_at", "detail"])
    )


def write_truth(truth: DataFrame, paths: Paths, table: str, chunk: str) -> None:
    scratch, target = f"{paths.truth}/_making/{table}/{chunk}", f"{paths.truth}/planted/{table}/{chunk}"
    objects.delete_under(scratch)
    truth.withColumn("chunk", F.lit(chunk)).select(*SCHEMA.fieldNames()).coalesce(1).write.parquet(scratch)
    objects.delete_under(target)
    for file in objects.list_under(scratch):
        objects.move(file, f"{target}{file.removeprefix(scratch)}")


def truth_of_rows(sent: Sent, contract: Contract) -> pa.RecordBatch:
    """One row per struck row; of a row that is sent twice, its second copy."""
    struck, kinds = sent.struck, np.array([*sent.kinds, ""], object)
    chosen = np.flatnonzero((struck.strike >= 0) & ((kinds[struck.strike] == "duplicate") == sent.is_copy))
    rows, strike = Gathered(struck.rows, chosen), struck.strike[chosen]
    at = rows["_second"] * 1_000_000 if "_second" in struck.rows else rows["_at"]
    raw = sent.raw[chosen] if sent.raw is not None else [None] * len(chosen)
    detail = [
        _detail(was=was, sent_at=f"{when}.000Z", line=line)
        for was, when, line in zip(
            struck.was[chosen], sent.at[chosen].astype("datetime64[s]"), raw, strict=True
        )
    ]
    key = as_arrow(rows[contract.key_column], arrow_type(contract.columns[contract.key_column]))
    columns = np.array([each.column for each in sent.strikes] or [None], object)[strike]
    return _truth(contract.table, kinds[strike], key.cast(pa.string()), columns, at, at, detail)


def _detail(**parts: Any) -> str:
    return json.dumps({"scope": "row"} | {name: part for name, part in parts.items() if part is not None})


def _truth(
    table: str, kind: Any, key: Any, column: Any, begin: Array, end: Array, detail: list[str]
) -> pa.RecordBatch:
    texts = {"table": [table] * len(detail), "kind": kind, "key": key, "column": column}
    found = {name: as_arrow(values, pa.string()) for name, values in texts.items()}
    times = {"from_at": begin, "to_at": end}
    found |= {name: as_arrow(instants(at), pa.timestamp("us", "UTC")) for name, at in times.items()}
    return pa.RecordBatch.from_pydict(found | {"detail": pa.array(detail, pa.string())})


def truth_of_episodes(maker: RowMaker, chunk: Chunk) -> pa.Table | None:
    """The episodes of the chunk's senders; None for a table without episodes."""
    contract = maker.contracts[chunk.table]
    source = maker.sources.get(chunk.table)
    if contract.arrives.per is None or source is None or not source.takes_ticks:
        return None
    found, key = [], maker.contracts[contract.arrives.per].key_column
    drawn = dict(episodes_of(contract, maker.world, chunk.piece))
    more: dict[str, Any] = {}
    for kind, each in drawn.items():
        if kind == "excursion":
            more = maker.excursions(contract, drawn)
            each = each.where(more.pop("chosen"))
        names = maker.argument(contract.arrives.per).of(each.of)[key]
        column = key if kind in ("gap", "late") else contract.measure
        extra = [dict(zip(more, row, strict=True)) for row in zip(*more.values(), strict=True)]
        detail = [
            json.dumps(
                {
                    "scope": "sender",
                    "strength": round(float(strength), 4),
                    **(extra[place] if extra else {}),
                }
            )
            for place, strength in enumerate(each.strength)
        ]
        begin, end = each.begin * 1_000_000, each.end * 1_000_000
        count = len(detail)
        found.append(_truth(contract.table, [kind] * count, names, [column] * count, begin, end, detail))
        more = {}
    return pa.Table.from_batches(found) if found else None


def write_truth_of_hidden(
    maker: RowMaker, paths: Paths, tables: Collection[str], start: datetime, end: datetime
) -> None:
    """The truth of hidden sources within the span: of those that strike one of these tables, or a dimension. By hand,
    since a job of Spark takes longer than a source does."""
    for source in maker.sources.values():
        table = (source.planted or {}).get("table")
        if not source.is_hidden or table is None:
            continue
        if table not in tables and maker.contracts[table].type != "dimension":
            continue
        target = f"{paths.truth}/planted/{table}/{start:{STAMP}}-{end:{STAMP}}-{source.name}"
        objects.delete_under(target)
        truth = truth_of_hidden(maker, source, start, end)
        if len(truth):
            body = BytesIO()
            pq.write_table(truth.append_column("chunk", pa.array([source.name] * len(truth))), body)
            objects.put(f"{target}/part-0.parquet", body.getvalue())


def truth_of_hidden(maker: RowMaker, source: Source, start: datetime, end: datetime) -> pa.Table:
    """Rows of a hidden source as truth, by the columns it names, where they fall into the span. The source is asked for
    the span alone: what it tells of one does not depend on the rest of the world's time."""
    planted = source.planted
    assert planted is not None
    given = maker.given(source.takes)
    if "world" in given:
        given["world"] = replace(maker.world, start=start, end=end)
    rows = source(**given)
    begin, until = (
        rows[planted[name]].astype("datetime64[us]").astype(np.int64) for name in ("from_at", "to_at")
    )
    chosen = np.flatnonzero((begin < seconds(end) * 1_000_000) & (until > seconds(start) * 1_000_000))
    named = {planted[name] for name in ("key", "from_at", "to_at")}
    rest = {name: gathered(rows[name], chosen).tolist() for name in rows if name not in named}
    detail = [
        json.dumps({"scope": "sender", **dict(zip(rest, row, strict=True))}, default=str)
        for row in zip(*rest.values(), strict=True)
    ]
    key, count = gathered(rows[planted["key"]], chosen), len(chosen)
    kinds, columns = [planted["kind"]] * count, [planted["key"]] * count
    batch = _truth(planted["table"], kinds, key, columns, begin[chosen], until[chosen], detail)
    return pa.Table.from_batches([batch])
