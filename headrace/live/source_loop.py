"""One source of a bronze table while the job stands: batch after batch into bronze and on into silver."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import monotonic

import pyarrow as pa
from pyspark.sql import SparkSession

from headrace.contracts.model import Contract
from headrace.lake.ledger import Entry
from headrace.live.silver_sink import SilverSink
from headrace.progress import Stopwatch
from headrace.sources.broker import BrokerAway
from headrace.sources.bronze_table import Source

SETTLE_WITHIN = 30.0
BROKER_AWAY_FOR = 120.0
LOOK_AGAIN = 0.2


@dataclass(frozen=True)
class LiveTable:
    """A bronze table that the job writes, with the Spark session of its sources. They take turns, so that each finds
    silver where the other left it."""

    contract: Contract
    spark: SparkSession
    sink: SilverSink
    turn: Lock = field(default_factory=Lock)


@dataclass(frozen=True)
class Pace:
    """How often a source is asked; until_empty: only until nothing waits."""

    seconds: float
    until_empty: bool


@dataclass(frozen=True)
class Taken:
    rows: int
    seconds: float
    entries: tuple[Entry, ...]


class SourceLoop(Thread):
    def __init__(
        self, source: Source, table: LiveTable, pace: Pace, took: Callable[["SourceLoop", Taken], None]
    ) -> None:
        name = table.contract.table if source.name == "topic" else f"{table.contract.table} ({source.name})"
        super().__init__(daemon=True, name=name)
        self.source, self._table, self._pace, self._took = source, table, pace, took
        self._told = Event()
        self._error: BaseException | None = None
        self._answered = monotonic()

    def run(self) -> None:
        try:
            while not self._told.is_set():
                began = monotonic()
                took_any = self._take_or_wait()
                if not took_any and self._pace.until_empty and not self.source.waits():
                    break
                if not took_any or not self.source.waits():
                    pause = LOOK_AGAIN if self._pace.until_empty else self._pace.seconds
                    self._told.wait(max(began + pause - monotonic(), 0))
        except BaseException as error:
            self._error = error

    def tell_to_stop(self) -> None:
        self._told.set()

    def settle(self) -> None:
        """Waits for the batch that is under way, unless it hangs (on a broker that is away): it is done again then."""
        self._told.set()
        self.join(SETTLE_WITHIN)

    def check(self) -> None:
        """Raises what the loop died of."""
        if self._error is not None:
            raise self._error

    def _take_or_wait(self) -> bool:
        """Whether anything was taken. A broker that is away is asked again, for two minutes."""
        try:
            took_any = self._take()
        except BrokerAway:
            if monotonic() - self._answered > BROKER_AWAY_FOR:
                raise
            self._told.wait(self._pace.seconds)
            return True
        self._answered = monotonic()
        return took_any

    def _take(self) -> bool:
        watch, entries = Stopwatch(), list[Entry]()

        def into_silver(bronze: Entry, rows: pa.Table | None) -> None:
            entries.extend(self._table.sink.take(bronze, rows))

        with self._table.turn:
            bronze = self.source.take(lambda: self._table.spark, into_silver)
        if bronze is None:
            return False
        self._took(self, Taken(bronze.rows_in, watch.seconds, (bronze, *entries)))
        return True
