"""A table's live files while the job stands: looked for each moment, into bronze and on into silver.

They come beside the table's topic, and the two take turns, so that either finds silver where the other left it.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Event, Thread
from time import monotonic

from pyspark.sql import SparkSession

from headrace.lake.ledger import Entry
from headrace.lake.session import suit
from headrace.live.edge import Taken
from headrace.live.onward import Onward, held_in_memory
from headrace.live.queries import SETTLE_WITHIN
from headrace.progress import Stopwatch
from headrace.refine.drops import Batch, DropEdge

WAITS = 0.2


@dataclass(frozen=True)
class Turns:
    """What a table's files share with its topic; how often they are looked for, and how long they are kept."""

    turn: AbstractContextManager[object]
    seconds: float
    hours_kept: int
    until_empty: bool


class Dropping(Thread):
    def __init__(
        self,
        edge: DropEdge,
        onward: Onward,
        spark: SparkSession,
        turns: Turns,
        took: Callable[[str, Taken], None],
    ) -> None:
        super().__init__(daemon=True, name=f"{edge.contract.table} (files)")
        self._edge, self._onward, self._spark = edge, onward, spark
        self._turns, self._took = turns, took
        self._told = Event()
        self._error: BaseException | None = None
        self._last_rows, self._forgets_at = 0, 0.0

    def run(self) -> None:
        try:
            while not self._told.is_set():
                self._forget()
                took_any = self._take()
                if not took_any and self._turns.until_empty and not self._edge.folder.waiting():
                    break
                if not took_any:
                    self._told.wait(WAITS if self._turns.until_empty else self._turns.seconds)
        except BaseException as error:
            self._error = error

    def stop(self, within: float) -> None:
        """Lets the batch that is under way end."""
        self._told.set()
        self.join(within)

    def check(self) -> None:
        """Raises what it died of."""
        if self._error is not None:
            raise self._error

    def _forget(self) -> None:
        """Once an hour: a job that stands for months holds the lease that maintenance would need."""
        if monotonic() >= self._forgets_at:
            self._edge.folder.forget_taken(self._turns.hours_kept)
            self._forgets_at = monotonic() + 3600

    def _take(self) -> bool:
        watch, entries = Stopwatch(), []
        suit(self._spark, self._last_rows)
        with self._turns.turn:
            bronze = self._edge.take(self._spark, lambda batch: entries.extend(self._hand_on(batch)))
        if bronze is None:
            return False
        self._last_rows = bronze.rows_in
        self._took(self.name, Taken(bronze.rows_in, watch.seconds, (bronze, *entries)))
        return True

    def _hand_on(self, batch: Batch) -> list[Entry]:
        held = held_in_memory(batch.rows, batch.entry.rows_in)
        return self._onward.take(self._spark, batch.entry, held)


def end_all(folders: Sequence[Dropping]) -> None:
    for folder in folders:
        folder.stop(SETTLE_WITHIN)
