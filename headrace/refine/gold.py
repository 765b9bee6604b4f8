"""Makes one gold table again, whole or only in the partitions that upstream changes touched.

Each commit says which upstream versions, instant and code it was made from; where none of these changed there is
nothing to do.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.lake import ledger, log
from headrace.lake.commits import MOST_IN_MEMORY, overwrite
from headrace.lake.lease import Leases
from headrace.lake.ledger import Entry
from headrace.lake.log import Commit
from headrace.lake.paths import Paths
from headrace.lake.session import in_memory, session_for
from headrace.writes.edge import read_version, rows_upstream
from headrace.writes.node import AS_OF, Node
from headrace.writes.way import GoldWay, way_of


def make_gold(
    start: Callable[[], SparkSession], node: Node, paths: Paths, *, as_of: datetime, run: str, leases: Leases
) -> Entry | None:
    """The entry of what was written; None, and no Spark started, when nothing changed."""
    target = paths.table("gold", node.name)
    versions = {name: log.version(paths.table(ref.layer, ref.name)) for name, ref in node.upstream.items()}
    made_from = {"upstream": versions, "code": node.fingerprint} | (
        {AS_OF: as_of.isoformat()} if AS_OF in node.arguments else {}
    )
    before = log.last_said(target, "made_from")
    if before == made_from:
        return _untold(node, paths)
    touched = _way(node).touched(node, paths, before, made_from)
    if touched is not None and not touched:
        return None
    spark = session_for(start(), rows_upstream(node, paths))
    frames = _frames(spark, node, paths, versions, touched) | {AS_OF: as_of}
    rows = _finished(node.call(frames), run)
    note = {"run": run, "made_from": made_from}
    held = in_memory(rows) if rows_upstream(node, paths) <= MOST_IN_MEMORY else None
    leases.check()
    if held is None:
        _store_by_spark(rows, node, target, touched, note)
    else:
        overwrite(target, held, note=note, partition=node.table.partition, only=touched)
    version = log.version(target)
    return _entry(node, log.commit(target, version))


def _way(node: Node) -> GoldWay[Any]:
    found = way_of(node.table.write)
    assert isinstance(found, GoldWay), f"{node.ref} is not made again"
    return found


def _entry(node: Node, commit: Commit | None) -> Entry:
    assert commit is not None  # it was there a moment ago
    return Entry(
        layer="gold",
        table=node.name,
        write=type(node.table.write).__name__,
        batch=f"v{commit.version:09d}",
        run=commit.note["run"],
        rows_in=0,
        counts={
            "written": commit.metrics.get("numOutputRows", 0),
            "partitions": _way(node).remade(node, commit),
        },
        version=commit.version,
        upstream=commit.note["made_from"]["upstream"],
    )


def _untold(node: Node, paths: Paths) -> Entry | None:
    """The entry of the newest commit where a run was killed between the two."""
    target = paths.table("gold", node.name)
    commit = log.commit(target, log.version(target))
    if commit is None or "made_from" not in commit.note:
        return None
    entry = _entry(node, commit)
    return None if ledger.is_recorded(paths, entry) else entry


def _frames(
    spark: SparkSession, node: Node, paths: Paths, versions: dict[str, int], touched: list[str] | None
) -> dict[str, Any]:
    frames: dict[str, Any] = {}
    follows = way_of(node.table.write).follows
    for name, ref in node.upstream.items():
        rows = read_version(spark, paths.table(ref.layer, ref.name), versions[name], ref)
        if touched is not None and name in follows:
            rows = rows.where(F.col(follows[name]).isin(*[F.lit(day).cast("date") for day in touched]))
        frames[name] = rows
    return frames


def _finished(rows: DataFrame, run: str) -> DataFrame:
    return rows.withColumns({"_processed_at": F.current_timestamp(), "_run": F.lit(run)})


def _store_by_spark(
    rows: DataFrame, node: Node, target: str, touched: list[str] | None, note: dict[str, Any]
) -> None:
    writer = rows.write.format("delta").mode("overwrite").option("userMetadata", json.dumps(note))
    partition = node.table.partition
    if touched is None:
        writer = writer.option("overwriteSchema", "true")
        (writer.partitionBy(partition) if partition else writer).save(target)
        return
    days = ", ".join(f"DATE'{day}'" for day in touched)
    writer.option("replaceWhere", f"{partition} IN ({days})").save(target)
