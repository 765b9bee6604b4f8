"""Append: rows arrive once; a key that is already there is a duplicate.

rows in = written + rejected + duplicates.

Comparing all keys of a frame exactly would sort the whole batch. So hashes of the keys are counted first; only rows
whose hash occurs twice, or is stored already, are suspects and compared by their real keys.

A batch in memory has the same terms and the same commits, sooner: Spark judges it, and duplicates are found among
keys that are held in memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Observation, SparkSession, Window
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.contracts.rules import is_rejected
from headrace.errors import UsageError
from headrace.lake import log
from headrace.lake.commits import append_once
from headrace.lake.ledger import Entry
from headrace.tables import REASONS, Append
from headrace.writes.edge import HASH, Edge, Judged, Judging
from headrace.writes.key_cache import Array, RecentKeys, hashes, keys_in, repeats_within, stored
from headrace.writes.node import Node
from headrace.writes.way import SilverWay

ROWS_PER_WRITER = 2_000_000
SUSPECT = "_suspect"
MOST_SPANS = 48


@dataclass(frozen=True)
class Span:
    """A stretch of event time within one day, from its first to its last microsecond since 1970."""

    day: date
    first: int
    last: int


class AppendWay(SilverWay[Append]):
    terms = ("written", "rejected", "duplicates")
    stored = ("written",)
    named = {"duplicates": "rows that had come before"}
    drops_duplicates = True

    @property
    def sentence(self) -> str:
        return "rows arrive once"

    def check(self, node: Node, contract: Contract | None) -> None:
        if contract is not None and contract.arrives.again == "replace":
            raise UsageError(
                f"{node.ref} is written by Append, where the first row of a key stays, but the contract of "
                f"{contract.table} says that a later file replaces the earlier one (arrives: {{again: replace}}). "
                "Write it in a way in which the later row wins, or say again: add"
            )

    def write(self, edge: Edge, rows: DataFrame, number: int) -> Entry:
        done = edge.earlier_commit(edge.target, number)
        if done is not None:
            return _entry(edge, number, done)
        versions = edge.versions_for(number)
        rows_in, spans = _extent(edge, rows)
        hashed = rows.withColumn(HASH, F.xxhash64(*edge.node.table.keys))
        twice = _hashes_seen_twice(edge, hashed, spans).persist()
        judged = edge.judged(hashed, versions)
        marked = judged.join(F.broadcast(twice.withColumn(SUSPECT, F.lit(True))), on=HASH, how="left")
        doubtful = marked.where(is_rejected() | F.col(SUSPECT)).drop(SUSPECT).persist()
        try:
            bad, candidates = doubtful.where(is_rejected()), doubtful.where(~is_rejected())
            suspects = (
                candidates.count()
            )  # makes all of `doubtful` at once; asking for its first row would not
            rejected = edge.write_rejected(bad, number, versions) if not bad.isEmpty() else 0
            first = _first_of_each_key(edge, candidates, spans).persist()
            duplicates = suspects - first.count()
            good = judged.where(~is_rejected()).join(F.broadcast(twice), on=HASH, how="left_anti")
            # Together, one writer might get all that is large and the others all that is small.
            kept = good.coalesce(_writers(rows, rows_in)).unionByName(first.coalesce(1))
            note = {"rows_in": rows_in, "rejected": rejected, "duplicates": duplicates, "upstream": versions}
            _append(edge, kept, number, note)
            first.unpersist()
        finally:
            doubtful.unpersist()
            twice.unpersist()
        written = edge.earlier_commit(edge.target, number)
        assert written is not None, "an idempotent append left no commit"
        return _entry(edge, number, written)

    def judging(self, edge: Edge, rows: DataFrame, versions: Mapping[str, int]) -> Judging | None:
        if edge.node.table.event_time is None:
            return None
        judged = edge.judged(rows, versions)
        kept, aside = edge.finished(judged).columns, edge.set_aside(judged).columns
        told = judged.select(
            *(edge.reasons_told() if name == REASONS else F.col(name) for name in judged.columns),
            F.current_timestamp().alias("_processed_at"),
            F.lit(edge.context.run).alias("_run"),
            *hashes(edge),
        )
        return Judging(told, versions, kept, aside)

    def write_from_memory(
        self, edge: Edge, spark: SparkSession, judged: Judged, number: int, recent: RecentKeys
    ) -> Entry:
        told, versions = judged.rows, dict(judged.by.versions)
        is_bad = pc.greater(pc.list_value_length(told[REASONS]), 0)
        bad, good = told.filter(is_bad), told.filter(pc.invert(is_bad))
        rejected = _set_aside(edge, bad, judged.by.aside, number, versions)
        keys, at = keys_in(good)
        repeats = repeats_within(keys, _in_order_of_arrival(good)) | stored(edge, spark, keys, at, recent)
        fresh = good.filter(pa.array(~repeats))
        note = {
            "rows_in": len(told),
            "rejected": rejected,
            "duplicates": int(repeats.sum()),
            "upstream": versions,
        }
        _append_from_memory(edge, fresh.select(judged.by.kept), number, note)
        recent.add(keys.of(~repeats))
        done = edge.earlier_commit(edge.target, number)
        assert done is not None, "an append left no commit"
        return _entry(edge, number, done)

    def rows_let_in(self, commit: log.Commit) -> int:
        return commit.metrics.get("numOutputRows", 0)


WAY = AppendWay


def _entry(edge: Edge, number: int, done: log.Commit) -> Entry:
    note = done.note
    counts = {
        "written": done.metrics.get("numOutputRows", 0),
        "rejected": note["rejected"],
        "duplicates": note["duplicates"],
    }
    return edge.entry(number, note["rows_in"], counts, note["upstream"])


def _extent(edge: Edge, rows: DataFrame) -> tuple[int, list[Span]]:
    """How many rows the batch has, and the hours in which they happened, each as narrow as its rows."""
    event_time, counted = edge.node.table.event_time, Observation()
    observed = rows.observe(counted, F.count(F.lit(1)).alias("rows"))
    if event_time is None:
        observed.count()
        return counted.get["rows"], []
    at = F.col(event_time)
    hours = observed.groupBy(F.date_trunc("hour", at).alias("hour")).agg(
        F.to_date(F.min(at)), F.unix_micros(F.min(at)), F.unix_micros(F.max(at))
    )
    spans = [Span(*row[1:]) for row in hours.orderBy("hour").collect() if row["hour"] is not None]
    return counted.get["rows"], spans if len(spans) <= MOST_SPANS else _by_day(spans)


def _by_day(spans: list[Span]) -> list[Span]:
    """Many hours are rather asked for by their days."""
    days: dict[date, Span] = {}
    for span in spans:
        before = days.setdefault(span.day, span)
        days[span.day] = Span(span.day, min(before.first, span.first), max(before.last, span.last))
    return list(days.values())


def _hashes_seen_twice(edge: Edge, hashed: DataFrame, spans: list[Span]) -> DataFrame:
    here = hashed.select(HASH, F.lit(1).alias("here"), F.lit(0).alias("there"))
    stored = _stored(edge, hashed, spans)
    if stored is not None:
        keys = F.xxhash64(*edge.node.table.keys).alias(HASH)
        here = here.unionByName(stored.select(keys, F.lit(0).alias("here"), F.lit(1).alias("there")))
    # Hashes hardly ever repeat: gathering equal ones first spares a count per task that would find nothing.
    gathered = here.repartition(HASH)
    seen = gathered.groupBy(HASH).agg(F.sum("here").alias("here"), F.sum("there").alias("there"))
    return seen.where((F.col("here") > 0) & (F.col("here") + F.col("there") > 1)).select(HASH)


def _stored(edge: Edge, rows: DataFrame, spans: list[Span]) -> DataFrame | None:
    """The stored rows that could hold the same keys: those that happened when rows of the batch did."""
    if not log.exists(edge.target):
        return None
    table = rows.sparkSession.read.format("delta").load(edge.target)
    partition, event_time = edge.node.table.partition, edge.node.table.event_time
    if not (partition and event_time and spans):
        return table
    table = table.where(F.col(partition).isin(sorted({span.day for span in spans})))
    if len(spans) > MOST_SPANS:
        return table
    within = (
        F.col(event_time).between(*(F.timestamp_micros(F.lit(end)) for end in (span.first, span.last)))
        for span in spans
    )
    return table.where(reduce(or_, within))


def _first_of_each_key(edge: Edge, candidates: DataFrame, spans: list[Span]) -> DataFrame:
    keys = list(edge.node.table.keys)
    order = Window.partitionBy(*keys).orderBy("_sent_at", "_source", "_offset")
    first = candidates.withColumn("_nth", F.row_number().over(order)).where(F.col("_nth") == 1).drop("_nth")
    stored = _stored(edge, candidates, spans)
    if stored is None:
        return first
    met = stored.select(*keys).join(F.broadcast(first.select(*keys)), on=keys, how="left_semi")
    return first.join(F.broadcast(met), on=keys, how="left_anti")


def _writers(rows: DataFrame, rows_in: int) -> int:
    """How many tasks write. Each opens a file in every partition it meets, so few write much."""
    return max(rows.sparkSession.sparkContext.defaultParallelism, rows_in // ROWS_PER_WRITER)


def _append(edge: Edge, rows: DataFrame, number: int, note: Mapping[str, object]) -> None:
    edge.context.leases.check()
    writer = rows.transform(edge.finished).write.format("delta").mode("append")
    if not log.exists(edge.target):
        writer = edge.created_by(writer)
    writer.options(**edge.options(number, note)).save(edge.target)


def _append_from_memory(edge: Edge, rows: pa.Table, number: int, note: Mapping[str, object]) -> None:
    edge.context.leases.check()
    append_once(
        edge.target,
        rows,
        app=edge.app,
        number=number,
        note={"run": edge.context.run, **note},
        partition=edge.node.table.partition,
        properties=edge.properties,
    )


def _set_aside(edge: Edge, bad: pa.Table, names: Sequence[str], number: int, versions: dict[str, int]) -> int:
    if edge.earlier_commit(edge.rejected, number) is None and len(bad):
        edge.context.leases.check()
        at = bad.rename_columns(
            [{"_processed_at": "_rejected_at"}.get(name, name) for name in bad.column_names]
        )
        note = {"run": edge.context.run, "upstream": versions}
        append_once(edge.rejected, at.select(names), app=edge.app, number=number, note=note)
    return len(bad)


def _in_order_of_arrival(rows: pa.Table) -> tuple[Array, ...]:
    """The last one decides first."""
    source = rows["_source"].combine_chunks().dictionary_encode()
    ranks = (
        pc.rank(source.dictionary).to_numpy()[source.indices.to_numpy()]
        if len(rows)
        else rows["_offset"].to_numpy()
    )
    sent = rows["_sent_at"].cast(pa.int64()).to_numpy()
    return rows["_offset"].to_numpy(), ranks, sent
