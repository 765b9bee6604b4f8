"""What the sources of a table go on to say: slices of their own time, made by the generator ahead of the sending.

A sending that was cut short is completed exactly. Messages that left since the cursor last moved are in the topic
behind known offsets; those found there are taken off what was still to be sent, each as often as it is there, so a
planted duplicate (two equal messages) stays one.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from headrace.contracts.load import load_contracts
from headrace.contracts.model import Contract
from headrace.errors import HeadraceError, UsageError
from headrace.lake.paths import Paths
from headrace.settings import Settings
from simulation.generate.chunks import DAY, ChunkRecord, chunk_records, rows_per_sender_and_day, times_of
from simulation.generate.plan import Plan
from simulation.generate.run import make
from simulation.generate.sources import load_sources
from simulation.generate.writers import as_topic
from simulation.producer.outbox import Outbox
from simulation.producer.topic_writer import values_since

SHORTEST = timedelta(seconds=30)
LARGEST = 1 << 40  # more senders than there are


def topic_contracts(domain: str, tables: Sequence[str] | None = None) -> list[Contract]:
    """Of the named tables, or of all of the domain that arrive by a topic."""
    found = {name: each for name, each in load_contracts(domain).items() if each.arrives.topic}
    unknown = [table for table in tables or () if table not in found]
    if unknown or not found:
        raise UsageError(
            f"{', '.join(unknown) or 'no table'} of {domain} arrives by a topic; those that do: "
            f"{', '.join(found) or 'none'}"
        )
    return [each for name, each in found.items() if name in (tables or found)]


def shares(
    domain: str, contracts: Sequence[Contract], settings: Settings, senders: int | None
) -> list[float]:
    """The part of all messages that each table's senders send, so that the time of all tables goes on alike."""
    paths = Paths.of(domain, settings)
    rates = [usual_rate(each, history_of(paths, each.table), senders) for each in contracts]
    return [rate / sum(rates) for rate in rates]


def usual_rate(contract: Contract, made: Sequence[ChunkRecord], senders: int | None) -> float:
    """Messages a second of the source's own time, of all senders, by the contract."""
    newest = max(made, key=lambda each: each.end)
    start, end = (datetime.fromisoformat(at) for at in (newest.start, newest.end))
    plan = Plan(scale=newest.scale, start=start, end=end)
    there = min(max(each.high for each in made), senders or LARGEST)
    a_day = there * rows_per_sender_and_day(contract, plan, times_of(contract, plan))
    return a_day / DAY.total_seconds()


class Continuation:
    """Holds the table's outbox until it is closed. A slice is as long as it takes to send `slice_messages`."""

    def __init__(
        self, domain: str, contract: Contract, settings: Settings, slice_messages: int, senders: int | None
    ) -> None:
        self._domain, self._settings = domain, settings
        self._contracts = {**load_contracts(domain), contract.table: as_topic(contract)}
        self._sources = load_sources(domain)
        self.paths = Paths.of(domain, settings)
        self.table, self._senders, self._messages = contract.table, senders, slice_messages
        self._making = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self.outbox = Outbox(self.paths, contract.table)
        self.outbox.take()
        try:
            self._complete(str(contract.arrives.topic))
        except BaseException:
            self.outbox.free()
            raise

    def slices(self) -> Iterator[tuple[str, pa.Table]]:
        """The name of each chunk and its messages, without end. While one is sent, the next one is made."""
        waiting = self.outbox.waiting()
        ahead: Future[str] | None = None
        while True:
            if not waiting:
                waiting = [(ahead or self._making.submit(self.make_next)).result()]
                ahead = None
            if len(waiting) == 1:
                ahead = self._making.submit(self.make_next)
            name = waiting.pop(0)
            yield name, self.messages_of(name)

    def messages_of(self, chunk: str) -> pa.Table:
        end = next(made.end for made in self._history() if made.chunk == chunk)
        return self.outbox.messages(chunk, datetime.fromisoformat(end))

    def unsent_files(self, chunk: str) -> Path:
        """Where the chunk's messages that have not left lie as Parquet; of a whole chunk, late ones among them."""
        outbox = self.outbox
        if outbox.begun(chunk):
            outbox.keep_rest(chunk, self.messages_of(chunk).slice(outbox.begun(chunk)))
        return outbox.rest_of(chunk) if outbox.has_rest(chunk) else outbox.folder(chunk)

    def make_next(self) -> str:
        """Makes the slice after the newest one. The name of its chunk."""
        before = self._history()
        newest = max(before, key=lambda made: made.end)
        start = datetime.fromisoformat(newest.end)
        span = max(SHORTEST, timedelta(seconds=round(self._messages / self._rate(before))))
        plan = Plan(
            scale=newest.scale, seed=newest.seed, start=start, end=start + span, into="topic",
            tables=(self.table,), senders=self._senders,
        )  # fmt: skip
        make(self._domain, self._contracts, self._sources, plan, self._settings)
        return max(self._history(), key=lambda each: each.end).chunk

    def close(self) -> None:
        self._making.shutdown(wait=True, cancel_futures=True)
        self.outbox.free()

    def _complete(self, topic: str) -> None:
        """Leaves as the chunk's rest what an interrupted sending has not brought to the topic."""
        cursor = self.outbox.cursor
        if cursor.ends is None:
            return
        unsent = self.messages_of(cursor.chunk).slice(cursor.sent)
        try:
            there = Counter(values_since(topic, cursor.ends, self._settings)) if len(unsent) else Counter()
        except HeadraceError as error:
            raise HeadraceError(
                f"the last sending to {topic} was cut short, and only the broker knows what it has of it: {error}"
            ) from error
        self.outbox.keep_rest(cursor.chunk, without(there, unsent))

    def _rate(self, before: list[ChunkRecord]) -> float:
        """Messages a second of the source's time, of all senders: as in the last slice, or by the contract."""
        last = [made for made in before if made.into == "topic" and made.high == (self._senders or made.high)]
        if last:
            span = datetime.fromisoformat(last[-1].end) - datetime.fromisoformat(last[-1].start)
            return max(last[-1].rows / span.total_seconds(), 0.01)
        return usual_rate(self._contracts[self.table], before, self._senders)

    def _history(self) -> list[ChunkRecord]:
        return history_of(self.paths, self.table)


def history_of(paths: Paths, table: str) -> list[ChunkRecord]:
    found = chunk_records(paths, table)
    if not found:
        raise UsageError(
            f"there is no history of {table} to go on from; run headrace generate {paths.domain}, then "
            f"headrace refine {paths.domain}"
        )
    return found


def without(there: Counter[bytes], messages: pa.Table) -> pa.Table:
    """The messages that are not in the topic, or not as often."""
    left, is_new = there.copy(), []
    for value in messages["value"].to_pylist():
        body = value.encode()
        is_new.append(left[body] < 1)
        left[body] -= 1
    return messages.filter(pa.array(is_new, pa.bool_()))
