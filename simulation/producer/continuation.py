"""What the sources of a table go on to say: made by the generator some minutes ahead of the sending."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from headrace.contracts.load import load_contracts
from headrace.contracts.model import Contract
from headrace.errors import UsageError
from headrace.lake.paths import Paths
from headrace.settings import Settings
from simulation.generate.chunks import Made, made_before
from simulation.generate.plan import Plan
from simulation.generate.post import as_topic
from simulation.generate.run import make
from simulation.generate.sources import load_sources
from simulation.producer.outbox import Outbox
from simulation.producer.recovery import recover

SHORTEST = timedelta(seconds=30)


def topic_contract(domain: str, table: str | None) -> Contract:
    found = {name: each for name, each in load_contracts(domain).items() if each.arrives.topic}
    if table is None and len(found) == 1:
        return next(iter(found.values()))
    if table not in found:
        raise UsageError(
            f"name one of the tables of {domain} that arrive by a topic: {', '.join(found) or 'none'}"
        )
    return found[table]


class Continued:
    """Slices of the source's own time, each about as long as it takes to send `slice_messages`."""

    def __init__(
        self, domain: str, contract: Contract, settings: Settings, slice_messages: int, senders: int | None
    ) -> None:
        self._domain, self._settings = domain, settings
        self._contracts = {**load_contracts(domain), contract.table: as_topic(contract)}
        self._sources = load_sources(domain)
        self._paths = Paths.of(domain, settings)
        self._table, self._senders, self._messages = contract.table, senders, slice_messages
        self._making = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self.outbox = Outbox(self._paths, contract.table)
        self.outbox.take()
        try:
            self._recover(settings)
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

    def waiting_of(self, name: str) -> Path:
        """Where the messages of a chunk lie that have not left; of a whole one, with those that are to leave late."""
        outbox = self.outbox
        if outbox.begun(name):
            outbox.keep_rest(name, self.messages_of(name).slice(outbox.begun(name)))
        return outbox.rest_of(name) if outbox.has_rest(name) else outbox.shares.parent / name

    def _recover(self, settings: Settings) -> None:
        """Goes on where a sending was cut short, with what is known to have left."""
        contract = self._contracts[self._table]
        recover(self.outbox, self.messages_of, str(contract.arrives.topic), settings)

    def messages_of(self, name: str) -> pa.Table:
        return self.outbox.messages(name, datetime.fromisoformat(self._made(name).end))

    def close(self) -> None:
        self._making.shutdown(wait=True, cancel_futures=True)
        self.outbox.free()

    def make_next(self) -> str:
        before = self._history()
        newest = max(before, key=lambda made: made.end)
        start = datetime.fromisoformat(newest.end)
        pace = self._pace(before)
        span = max(SHORTEST, timedelta(seconds=round(self._messages / pace)))
        plan = Plan(
            scale=newest.scale, seed=newest.seed, start=start, end=start + span, into="topic",
            tables=(self._table,), senders=self._senders,
        )  # fmt: skip
        make(self._domain, self._contracts, self._sources, plan, self._settings)
        return max(self._history(), key=lambda each: each.end).chunk

    def _pace(self, before: list[Made]) -> float:
        """Messages a second of all senders: as the last slice had it, or by the contract."""
        last = [made for made in before if made.into == "topic" and made.high == (self._senders or made.high)]
        if last:
            return max(last[-1].rows / _seconds(last[-1]), 0.01)
        senders = min(max(made.high for made in before), self._senders or 10**9)
        return senders / self._contracts[self._table].arrives.every.total_seconds()

    def _history(self) -> list[Made]:
        found = made_before(self._paths, self._table)
        if not found:
            raise UsageError(
                f"there is no history of {self._table} to go on from; run headrace generate {self._domain}, then "
                f"headrace refine {self._domain}"
            )
        return found

    def _made(self, name: str) -> Made:
        return next(made for made in self._history() if made.chunk == name)


def _seconds(made: Made) -> float:
    return (datetime.fromisoformat(made.end) - datetime.fromisoformat(made.start)).total_seconds()
