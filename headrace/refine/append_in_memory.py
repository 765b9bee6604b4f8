"""Append for rows that are in memory: the same terms and the same commits as `refine.append`, sooner.

Spark judges; who is a repeat of whom is found among keys that are held in memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.lake.append import append_once
from headrace.lake.ledger import Entry
from headrace.refine.append import entry_of
from headrace.refine.edge import Edge
from headrace.refine.recent import Array, RecentKeys, repeats_within
from headrace.refine.stored_keys import hashes, keys_in, stored
from headrace.tables import REASONS


@dataclass(frozen=True)
class Judging:
    """Rows with the reasons against them and all that silver adds, before Spark has made them; the versions of the
    parents that say so. Of all the columns, those that silver stores and those that are stored of what is set aside."""

    rows: DataFrame
    versions: Mapping[str, int]
    kept: Sequence[str]
    aside: Sequence[str]

    def leaves(self, names: Sequence[str], of: DataFrame) -> bool:
        """Whether these columns come out of it as they were, and none was made anew under an old name."""
        before, after = _identities(of), _identities(self.rows)
        return all(before[name] == after[name] for name in names)

    def done(self) -> "Judged":
        return Judged(self.rows.toArrow(), self)


@dataclass(frozen=True)
class Judged:
    rows: pa.Table
    by: Judging


def judging(edge: Edge, rows: DataFrame, versions: Mapping[str, int]) -> Judging:
    judged = edge.judged(rows, versions)
    kept, aside = edge.finished(judged).columns, edge.set_aside(judged).columns
    told = judged.select(
        *(edge.reasons_told() if name == REASONS else F.col(name) for name in judged.columns),
        F.current_timestamp().alias("_processed_at"),
        F.lit(edge.run).alias("_run"),
        *hashes(edge),
    )
    return Judging(told, versions, kept, aside)


def _identities(rows: DataFrame) -> dict[str, int]:
    """Spark's own number of each column; one that is made from others has another."""
    output = rows._jdf.queryExecution().analyzed().output()
    columns = [output.apply(place) for place in range(output.size())]
    return {column.name(): column.exprId().id() for column in columns}


def append_in_memory(
    edge: Edge, spark: SparkSession, judged: Judged, number: int, recent: RecentKeys
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
    edge.leases.check()
    append_once(
        edge.target,
        fresh.select(judged.by.kept),
        app=edge.app,
        number=number,
        note={"run": edge.run, **note},
        partition=edge.node.table.partition,
    )
    recent.add(keys.of(~repeats))
    done = edge.earlier_commit(edge.target, number)
    assert done is not None, "an append left no commit"
    return entry_of(edge, number, done)


def _set_aside(edge: Edge, bad: pa.Table, names: Sequence[str], number: int, versions: dict[str, int]) -> int:
    if edge.earlier_commit(edge.rejected, number) is None and len(bad):
        edge.leases.check()
        at = bad.rename_columns(
            [{"_processed_at": "_rejected_at"}.get(name, name) for name in bad.column_names]
        )
        note = {"run": edge.run, "upstream": versions}
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
