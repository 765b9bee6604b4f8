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

from headrace.errors import UsageError
from headrace.lake import ledger, log
from headrace.lake.lease import Leases
from headrace.lake.ledger import Entry
from headrace.lake.log import Commit
from headrace.lake.paths import Paths
from headrace.lake.session import session_for
from headrace.refine.catalog import AS_OF, Node
from headrace.refine.edge import read_version, rows_upstream
from headrace.tables import Replace

DEFAULT_PARTITION = "__HIVE_DEFAULT_PARTITION__"


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
    touched = _touched(node, paths, before, made_from) if isinstance(node.table.write, Replace) else None
    if touched is not None and not touched:
        return None
    spark = session_for(start(), rows_upstream(node, paths))
    frames = _frames(spark, node, paths, versions, touched) | {AS_OF: as_of}
    rows = node.call(frames)
    leases.check()
    version = _store(rows, node, target, touched, {"run": run, "made_from": made_from})
    return _entry(node, log.commit(target, version))


def _entry(node: Node, commit: Commit | None) -> Entry:
    assert commit is not None  # it was there a moment ago
    column = node.table.partition
    remade = commit.partitions(column) if column and isinstance(node.table.write, Replace) else ()
    return Entry(
        layer="gold",
        table=node.name,
        write=type(node.table.write).__name__,
        batch=f"v{commit.version:09d}",
        run=commit.note["run"],
        rows_in=0,
        counts={"written": commit.metrics.get("numOutputRows", 0), "partitions": len(remade)},
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


def _touched(node: Node, paths: Paths, before: Any, made_from: dict[str, Any]) -> list[str] | None:
    """The partition values to make again; None for all of them."""
    write = node.table.write
    assert isinstance(write, Replace)
    if before is None or before["code"] != made_from["code"]:
        return None
    values: set[str | None] = set()
    for name, column in write.follows.items():
        ref = node.upstream[name]
        commits = log.commits_after(paths.table(ref.layer, ref.name), before["upstream"][name])
        if commits is None:
            return None
        for commit in commits:
            values |= commit.partitions(column)
    return sorted(value for value in values if value is not None and value != DEFAULT_PARTITION)


def _frames(
    spark: SparkSession, node: Node, paths: Paths, versions: dict[str, int], touched: list[str] | None
) -> dict[str, Any]:
    frames: dict[str, Any] = {}
    follows = node.table.write.follows if isinstance(node.table.write, Replace) else {}
    for name, ref in node.upstream.items():
        rows = read_version(spark, paths.table(ref.layer, ref.name), versions[name], ref)
        if touched is not None and name in follows:
            rows = rows.where(F.col(follows[name]).isin(*[F.lit(day).cast("date") for day in touched]))
        frames[name] = rows
    return frames


def _store(rows: DataFrame, node: Node, target: str, touched: list[str] | None, note: dict[str, Any]) -> int:
    technical = {"_processed_at": F.current_timestamp(), "_run": F.lit(note["run"])}
    writer = rows.withColumns(technical).write.format("delta").mode("overwrite")
    writer = writer.option("userMetadata", json.dumps(note))
    partition = node.table.partition
    if touched is not None:
        assert partition is not None
        days = ", ".join(f"DATE'{day}'" for day in touched)
        writer.option("replaceWhere", f"{partition} IN ({days})").save(target)
    else:
        writer = writer.option("overwriteSchema", "true")
        (writer.partitionBy(partition) if partition else writer).save(target)
    version = log.version(target)
    if version < 0:
        raise UsageError(f"{node.ref} was not written")
    return version
