"""From a bronze table on into silver while the job stands.

All sources of the bronze table share one sink, which knows how far silver has come and which keys it holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from headrace.contracts.schema import bronze_schema
from headrace.errors import HeadraceError
from headrace.lake.increments import Progress, all_of, has_all_before, progress_of
from headrace.lake.ledger import Entry
from headrace.refine.silver import run_edge, take_in_memory
from headrace.sources.topic import MOST_AT_ONCE, held_in_memory
from headrace.writes.edge import Edge, Judged
from headrace.writes.key_cache import RecentKeys

PARTITION_BITS = 48


@dataclass(frozen=True)
class Held:
    """A batch in memory, judged already where that could be done on the way."""

    rows: pa.Table
    judged: Judged | None = None


@dataclass
class _Known:
    """A silver edge, the keys it took lately, and how far it has come."""

    edge: Edge
    recent: RecentKeys = field(default_factory=RecentKeys)
    progress: Progress | None = None


class SilverSink:
    """`size`: bytes of a batch that is read from bronze's files."""

    def __init__(self, edges: Sequence[Edge], spark: SparkSession, size: int) -> None:
        self._known = [_Known(edge) for edge in edges]
        self._spark, self._size = spark, size
        self._held: Held | None = None

    def hold(self, rows: DataFrame, expected: int) -> pa.Table | None:
        """A batch in memory, unless it is too large for one process. Judging on the way leaves every row one and as it
        came; where other than the `expected` rows come of it, they are read again."""
        judged = self._judged_on_the_way(rows)
        if judged is not None and len(judged.rows) == _messages_in(judged.rows) == expected:
            self._held = Held(judged.rows.select(self._names), judged)
            return self._held.rows
        return held_in_memory(rows, expected)

    def _judged_on_the_way(self, rows: DataFrame) -> Judged | None:
        """None where that can't be done; what went wrong is met again, and told, once bronze has the rows."""
        if len(self._known) != 1:
            return None
        edge = self._known[0].edge
        try:
            on_the_way = edge.way.judging(edge, rows, edge.versions_now())
            return on_the_way.done() if on_the_way and on_the_way.leaves(self._names, of=rows) else None
        except (PySparkException, Py4JError, HeadraceError):
            return None

    @property
    def _names(self) -> list[str]:
        return bronze_schema(self._known[0].edge.contract).fieldNames()

    def take(self, bronze: Entry, rows: pa.Table | None) -> list[Entry]:
        """What bronze has just stored and `rows` still holds; else, and where silver is behind, what lies in files."""
        held, self._held = self._held, None
        if held is None or held.rows is not rows:
            held = Held(rows) if rows is not None and len(rows) <= MOST_AT_ONCE else None
        return [entry for known in self._known for entry in self._into(known, bronze, held)]

    def _into(self, known: _Known, bronze: Entry, held: Held | None) -> list[Entry]:
        assert bronze.version is not None
        edge, recent = known.edge, known.recent
        done = known.progress or progress_of(edge.paths, edge.node.name)
        known.progress = None  # until this batch is stored; one that fails may have stored some of it
        if held is not None and done is not None and has_all_before(edge.bronze, done, bronze.version):
            here = Progress(all_of(bronze.version), done.began)
            try:
                entry = take_in_memory(edge, self._spark, held.judged or held.rows, here, recent)
            except BaseException:
                recent.forget_all()
                raise
            known.progress = here
            return [entry]
        recent.forget_all()
        return run_edge(lambda: self._spark, edge, bytes_per_batch=self._size)


def _messages_in(rows: pa.Table) -> int:
    """No partition reaches the offset at which two of them would count as one."""
    partition, offset = (rows[name].cast(pa.int64()).to_numpy() for name in ("_partition", "_offset"))
    return len(np.unique(offset + (partition << PARTITION_BITS)))
