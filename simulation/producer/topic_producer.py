"""Sends what the sources of a domain go on to say to a topic: at a rate, or at once by Spark for load tests.

The messages continue the history of the same instruments in the same world, and the faults planted among them enter
the truth when they are made. They are keyed by sender, and each leaves once.
"""

import math
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import pyarrow as pa

from headrace.contracts.model import Contract
from headrace.lake.session import get_spark
from headrace.live.heartbeat import last_beat
from headrace.progress import Event, Stopwatch, tell
from headrace.settings import Settings
from headrace.sources.broker import make_topic
from headrace.sources.topic import connection
from simulation.producer.continuation import Continuation, shares, topic_contracts
from simulation.producer.outbox import Cursor, position_at
from simulation.producer.side_by_side import Start, side_by_side
from simulation.producer.topic_writer import TopicWriter

STAGE = "produce"
AHEAD_SECONDS, MOST_AHEAD = 120, 1_000_000
TICK, SETTLE_EVERY = 0.02, 1.0
CATCHES_UP_SECONDS = 10.0
FASTER = 4
UNPACED = 500  # messages between two looks at the clock, where as many are sent as can be
MOST_FILLED_AT_ONCE = 4_000_000
SIDE_BY_SIDE = 2  # tasks, each with half of the senders, so that time goes on alike in all of them


@dataclass(frozen=True)
class Sent:
    """What a producer sent to a topic or into a folder, and how long that took."""

    topic: str
    messages: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.messages / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class AllSent:
    """What a producer sent of all its tables, side by side or one after the other."""

    topics: tuple[Sent, ...]

    @property
    def messages(self) -> int:
        return sum(each.messages for each in self.topics)

    @property
    def rate(self) -> float:
        return sum(each.rate for each in self.topics)


def produce(
    domain: str,
    settings: Settings,
    stop: threading.Event,
    *,
    rate: float,
    senders: int | None = None,
    seconds: float | None = None,
    tables: Sequence[str] | None = None,
    partitions: int | None = None,
) -> AllSent:
    """Sends until `stop` is set, or for `seconds` after the first message is made. `rate` is of all topics together; an
    infinite one is as fast as one process can."""
    contracts = topic_contracts(domain, tables)
    for each in contracts:  # a broker that is not there is told before anything is generated
        _make_topic(each, settings, partitions)
    parts = shares(domain, contracts, settings, senders)

    def send(number: int, start: Start) -> Sent:
        contract, own_rate = contracts[number], rate * parts[number]
        ahead = int(min(own_rate * min(seconds or AHEAD_SECONDS, AHEAD_SECONDS) + 1, MOST_AHEAD))
        with closing(Continuation(domain, contract, settings, ahead, senders)) as source:
            return _send(contract, settings, source, Pace(own_rate, seconds, stop), start)

    return AllSent(side_by_side(send, len(contracts), stop))


def _send(contract: Contract, settings: Settings, source: Continuation, pace: "Pace", start: Start) -> Sent:
    topic = str(contract.arrives.topic)
    with closing(TopicWriter(topic, settings)) as writer:
        sending = _Sending(topic, writer, source)
        tell(Event(STAGE, topic, "started"))
        for chunk, messages in start.wait_with_first(source.slices()):
            if not sending.send(chunk, messages, pace):
                break
        took = pace.seconds
        source.outbox.move(replace(source.outbox.cursor, ends=None))
    tell(Event(STAGE, topic, "done", rows=sending.count, seconds=took))
    return Sent(topic, sending.count, took)


class Pace:
    """Says how many messages are due. Those missed in a short pause are made up for; what a longer one missed beyond
    that is dropped. The clock starts with the first message."""

    def __init__(self, rate: float, seconds: float | None, stop: threading.Event) -> None:
        self._rate, self._limit, self._stop = rate, seconds, stop
        self._given = 0
        self._began = self._settled = 0.0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began if self._began else 0.0

    def due(self) -> int:
        if not self._began:
            self._began = self._settled = time.monotonic()
        if math.isinf(self._rate):
            return UNPACED
        time.sleep(TICK)
        due = int(self._rate * self.seconds)
        self._given = max(self._given, due - int(self._rate * CATCHES_UP_SECONDS))
        granted = min(due - self._given, max(1, int(FASTER * self._rate * TICK)))
        self._given += granted
        return granted

    def goes_on(self) -> bool:
        return not self._stop.is_set() and (self._limit is None or self.seconds < self._limit)

    def is_time_to_settle(self) -> bool:
        now = time.monotonic()
        if now - self._settled < SETTLE_EVERY:
            return False
        self._settled = now
        return True


class _Sending:
    """Counts what left, and moves the outbox's cursor each time the broker has all of it."""

    def __init__(self, topic: str, writer: TopicWriter, source: Continuation) -> None:
        self._topic, self._writer, self._outbox, self._paths = topic, writer, source.outbox, source.paths
        self.count = 0

    def send(self, chunk: str, messages: pa.Table, pace: Pace) -> bool:
        """Whether there is time for the next chunk."""
        keys, values = (messages[name].to_pylist() for name in ("key", "value"))
        place, goes_on = self._outbox.begun(chunk), True
        self._outbox.move(replace(position_at(chunk, messages, place), ends=self._writer.begin()))
        while goes_on and place < len(keys):
            for _ in range(min(pace.due(), len(keys) - place)):
                self._writer.send(keys[place], values[place])
                place, self.count = place + 1, self.count + 1
            goes_on = pace.goes_on()
            if pace.is_time_to_settle() or not goes_on:
                self._settle(position_at(chunk, messages, place), pace)
        self._settle(position_at(chunk, messages, place), pace)
        return goes_on

    def _settle(self, cursor: Cursor, pace: Pace) -> None:
        self._outbox.move(replace(cursor, ends=self._writer.settle()))
        beat = last_beat(self._paths)
        behind = [flow.lag for flow in beat.flows if flow.topic == self._topic] if beat else []
        lag = f", standing job {behind[0]:,} behind" if behind and behind[0] is not None else ""
        note = f"{self.count / max(pace.seconds, 0.001):,.0f} a second{lag}"
        tell(Event(STAGE, self._topic, "going", rows=self.count, seconds=pace.seconds, note=note))


def _make_topic(contract: Contract, settings: Settings, partitions: int | None) -> None:
    arrives = contract.arrives
    make_topic(str(arrives.topic), settings, partitions or arrives.partitions, arrives.retention)


def fill(
    domain: str,
    settings: Settings,
    messages: int,
    *,
    senders: int | None = None,
    tables: Sequence[str] | None = None,
    partitions: int | None = None,
) -> AllSent:
    """At least `messages`, one topic after the other, each in the order of its time. Late ones go with the rest: a full
    topic has no clock."""
    contracts = topic_contracts(domain, tables)
    for each in contracts:
        _make_topic(each, settings, partitions)
    parts = shares(domain, contracts, settings, senders)
    counts = [math.ceil(messages * part) for part in parts]
    return AllSent(
        tuple(
            _fill(domain, each, settings, count, senders)
            for each, count in zip(contracts, counts, strict=True)
        )
    )


def _fill(domain: str, contract: Contract, settings: Settings, messages: int, senders: int | None) -> Sent:
    topic, sent, watch = str(contract.arrives.topic), 0, Stopwatch()
    spark = get_spark(settings)
    with closing(
        Continuation(domain, contract, settings, min(messages, MOST_FILLED_AT_ONCE), senders)
    ) as source:
        while sent < messages:
            chunk = (source.outbox.waiting() or [source.make_next()])[0]
            rows = spark.read.parquet(str(source.unsent_files(chunk)))
            count = rows.count()
            halves = rows.repartition(SIDE_BY_SIDE, "key").sortWithinPartitions("send_at")
            kafka = halves.select("key", "value").write.format("kafka")
            kafka.options(**connection(settings), topic=topic).save()
            source.outbox.move(Cursor(chunk, count, count))
            sent += count
            note = f"{sent / watch.seconds:,.0f} a second"
            tell(Event(STAGE, topic, "going", rows=sent, seconds=watch.seconds, note=note))
    tell(Event(STAGE, topic, "done", rows=sent, seconds=watch.seconds))
    return Sent(topic, sent, watch.seconds)
