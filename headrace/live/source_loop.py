"""One source of a bronze table while the job stands: batch after batch into bronze and on into silver.

All sources of the bronze table share one sink, which knows how far silver has come and which keys it holds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import monotonic

import numpy as np
import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from headrace.contracts.schema import bronze_schema
from headrace.errors import HeadraceError
from headrace.lake.delta_rs import MOST_IN_MEMORY
from headrace.lake.increments import Progress, all_of, has_all_before, progress_of
from headrace.lake.ledger import Entry
from headrace.lake.session import in_memory
from headrace.progress import Stopwatch
from headrace.refine.silver import run_edge, take_in_memory
from headrace.sources.broker import BrokerAway
from headrace.sources.bronze_table import Source
from headrace.writes.edge import Edge, Judged
from headrace.writes.key_cache import RecentKeys

PARTITION_BITS = 48
SETTLE_WITHIN = 30.0
BROKER_AWAY_FOR = 120.0
LOOK_AGAIN = 0.2
Took = Callable[["SourceLoop", Sequence[Entry], float], None]


@dataclass
class _Known:
    """A silver edge, the keys it took lately, and how far it has come."""

    edge: Edge
    recent: RecentKeys = field(default_factory=RecentKeys)
    progress: Progress | None = None


class SilverSink:
    """From one bronze table into the silver tables made from it, in a Spark session of its own. Its sources take turns,
    so that each finds silver where the other left it."""

    def __init__(self, edges: Sequence[Edge], spark: SparkSession) -> None:
        self._known = [_Known(edge) for edge in edges]
        self.spark, self.turn = spark, Lock()
        self._held: tuple[pa.Table, Judged] | None = None

    def hold(self, rows: DataFrame, expected: int) -> pa.Table | None:
        """A batch in memory, unless it is too large for one process. Judging on the way leaves every row one and as it
        came; where other than the `expected` rows come of it, they are read again."""
        judged = self._judged_on_the_way(rows, expected)
        if judged is not None and len(judged.rows) == _messages_in(judged.rows) == expected:
            self._held = judged.rows.select(self._names), judged
            return self._held[0]
        return in_memory(rows, expected)

    def _judged_on_the_way(self, rows: DataFrame, expected: int) -> Judged | None:
        """None where that can't be done; what went wrong is met again, and told, once bronze has the rows."""
        if len(self._known) != 1:
            return None
        edge = self._known[0].edge
        try:
            return edge.judged_in_memory(rows, expected, edge.versions_now(), unchanged=self._names)
        except (PySparkException, Py4JError, HeadraceError):
            return None

    @property
    def _names(self) -> list[str]:
        return bronze_schema(self._known[0].edge.contract).fieldNames()

    def take(self, bronze: Entry, rows: pa.Table | None) -> list[Entry]:
        """Takes what bronze has just stored and `rows` still holds; else, and where silver is behind, what lies in
        files."""
        held, self._held = self._held, None
        batch: pa.Table | Judged | None = rows if rows is not None and len(rows) <= MOST_IN_MEMORY else None
        if held is not None and held[0] is rows:
            batch = held[1]
        return [entry for known in self._known for entry in self._into(known, bronze, batch)]

    def _into(self, known: _Known, bronze: Entry, batch: pa.Table | Judged | None) -> list[Entry]:
        assert bronze.version is not None
        edge, recent = known.edge, known.recent
        done = known.progress or progress_of(edge.paths, edge.node.name)
        known.progress = None  # until this batch is stored; one that fails may have stored some of it
        if batch is not None and done is not None and has_all_before(edge.bronze, done, bronze.version):
            here = Progress(all_of(bronze.version), done.began)
            try:
                entry = take_in_memory(edge, self.spark, batch, here, recent)
            except BaseException:
                recent.forget_all()
                raise
            known.progress = here
            return [entry]
        recent.forget_all()
        return run_edge(lambda: self.spark, edge)


def _messages_in(rows: pa.Table) -> int:
    """No partition reaches the offset at which two of them would count as one."""
    partition, offset = (rows[name].cast(pa.int64()).to_numpy() for name in ("_partition", "_offset"))
    return len(np.unique(offset + (partition << PARTITION_BITS)))


class SourceLoop(Thread):
    """Asks a source every so many seconds; until_empty: only until nothing waits. took: is given the entries of each
    batch, that of bronze first, and its seconds."""

    def __init__(
        self, source: Source, sink: SilverSink, took: Took, *, seconds: float, until_empty: bool
    ) -> None:
        table = source.contract.table
        super().__init__(daemon=True, name=table if source.name == "topic" else f"{table} ({source.name})")
        self.source, self.stopping = source, Event()
        self._sink, self._took = sink, took
        self._seconds, self._until_empty = seconds, until_empty
        self._error: BaseException | None = None
        self._answered = monotonic()

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                began = monotonic()
                took_any = self._take_or_wait()
                if not took_any and self._until_empty and not self.source.waits():
                    break
                if not took_any or not self.source.waits():
                    pause = LOOK_AGAIN if self._until_empty else self._seconds
                    self.stopping.wait(max(began + pause - monotonic(), 0))
        except BaseException as error:
            self._error = error

    def settle(self) -> None:
        """Waits for the batch that is under way, unless it hangs (on a broker that is away): it is done again then."""
        self.stopping.set()
        self.join(SETTLE_WITHIN)

    def check(self) -> None:
        """Raises what the loop died of."""
        if self._error is not None:
            raise self._error

    def _take_or_wait(self) -> bool:
        """Whether anything was taken. A broker that is away is asked again, for two minutes."""
        watch, entries = Stopwatch(), list[Entry]()
        try:
            with self._sink.turn:
                bronze = self.source.take(
                    lambda: self._sink.spark, lambda entry, rows: entries.extend(self._sink.take(entry, rows))
                )
        except BrokerAway:
            if monotonic() - self._answered > BROKER_AWAY_FOR:
                raise
            self.stopping.wait(self._seconds)
            return True
        self._answered = monotonic()
        if bronze is None:
            return False
        self._took(self, [bronze, *entries], watch.seconds)
        return True
