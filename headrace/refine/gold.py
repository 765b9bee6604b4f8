"""Makes one gold table again, whole or only in the partitions that upstream changes touched.

Each commit says which upstream versions, instant and code it was made from; where none of these changed there is
nothing to do.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.contracts.schema import this_instant
from headrace.lake import ledger, log
from headrace.lake.delta_rs import overwrite
from headrace.lake.lease import RunContext
from headrace.lake.ledger import Entry
from headrace.lake.log import Commit
from headrace.lake.paths import Paths
from headrace.lake.session import in_memory, session_for
from headrace.progress import Stopwatch
from headrace.writes.edge import read_version, rows_upstream
from headrace.writes.node import AS_OF, Node
from headrace.writes.way import GoldWay, way_of

WIDE = 40
"""Columns beyond which a task sorts its rows by partition, to have one file open at a time: 90 files of 75
columns at once end Java."""


def make_gold(
    start: Callable[[], SparkSession], node: Node, context: RunContext, as_of: datetime
) -> list[Entry]:
    """The entry of what was written; none, and no Spark started, when nothing changed."""
    watch, paths, way = Stopwatch(), context.paths, way_of(node.table.write)
    assert isinstance(way, GoldWay), f"{node.ref} is not made again"
    target = paths.table("gold", node.name)
    made_from = made_from_now(node, paths, as_of)
    versions = made_from["upstream"]
    before = log.last_said(target, "made_from")
    if before != made_from:
        touched = way.touched(node, paths, before, made_from)
        if touched is not None and not touched:
            return []
        upstream, note = rows_upstream(node, paths), {"run": context.run, "made_from": made_from}
        frames = _frames(session_for(start(), upstream), node, paths, versions, touched)
        technical = {"_processed_at": this_instant(), "_run": F.lit(context.run)}
        rows = node.call(frames | {AS_OF: as_of}).withColumns(technical)
        if touched is not None and node.table.partition:
            rows = rows.where(among(node.table.partition, touched))
        held = in_memory(rows, upstream)
        context.leases.check()
        if held is None:
            _store_by_spark(rows, node, target, touched, note)
        else:
            overwrite(target, held, note=note, partition=node.table.partition, only=touched)
    commit = log.commit(target, log.version(target))
    if commit is None or "made_from" not in commit.note:
        return []
    entry = _entry(node, way, commit)
    if ledger.is_recorded(paths, entry):  # else it was made now, or by a run that was killed since
        return []
    entry = ledger.finished(entry, watch.seconds)
    ledger.record(paths, entry)
    return [entry]


def made_from_now(node: Node, paths: Paths, as_of: datetime) -> dict[str, Any]:
    """The versions, the instant and the code that a table would be made from."""
    versions = {name: log.version(paths.table(ref.layer, ref.name)) for name, ref in node.upstream.items()}
    instant = {AS_OF: as_of.isoformat()} if AS_OF in node.arguments else {}
    return {"upstream": versions, "code": node.fingerprint, **instant}


def _entry(node: Node, way: GoldWay[Any], commit: Commit) -> Entry:
    written = commit.metrics.get("numOutputRows", 0)
    return Entry(
        layer="gold",
        table=node.name,
        write=type(node.table.write).__name__,
        batch=f"v{commit.version:09d}",
        run=commit.note["run"],
        rows_in=0,
        counts={"written": written, "partitions": way.remade(node, commit)},
        version=commit.version,
        upstream=commit.note["made_from"]["upstream"],
    )


def _frames(
    spark: SparkSession, node: Node, paths: Paths, versions: dict[str, int], touched: list[str] | None
) -> dict[str, Any]:
    frames: dict[str, Any] = {}
    way = way_of(node.table.write)
    assert isinstance(way, GoldWay)
    for name, ref in node.upstream.items():
        rows = read_version(spark, paths.table(ref.layer, ref.name), versions[name], ref)
        if touched is not None and name in way.follows:
            rows = rows.where(among(way.follows[name], way.days_needed(name, touched)))
        frames[name] = rows
    return frames


def among(column: str, days: Sequence[str]) -> Column:
    return F.col(column).isin(*[F.lit(day).cast("date") for day in days])


def _store_by_spark(
    rows: DataFrame, node: Node, target: str, touched: list[str] | None, note: dict[str, Any]
) -> None:
    if node.table.partition and len(rows.columns) > WIDE:
        rows = rows.sortWithinPartitions(node.table.partition, *node.table.cluster)
    writer = rows.write.format("delta").mode("overwrite").option("userMetadata", json.dumps(note))
    partition = node.table.partition
    if touched is None:
        writer = writer.option("overwriteSchema", "true")
        (writer.partitionBy(partition) if partition else writer).save(target)
        return
    days = ", ".join(f"DATE'{day}'" for day in touched)
    writer.option("replaceWhere", f"{partition} IN ({days})").save(target)
