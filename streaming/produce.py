"""Sends what the sensors of a domain go on to say, from where its history stopped, faults and all.

The messages follow the same instruments in the same world as the history, and what is planted among them is told to
the truth when they are made. Here they are only sent: keyed by sender, each once, at a rate.
"""

import threading
import time
from dataclasses import dataclass

from kafka import KafkaProducer
from kafka.errors import KafkaError

from headrace.errors import HeadraceError
from headrace.lake.paths import Paths
from headrace.live.broker import NO_ANSWER, client_options, no_broker
from headrace.live.heartbeat import last_beat
from headrace.progress import Event, tell
from headrace.settings import Settings
from streaming.continued import Continued, topic_contract
from streaming.outbox import Cursor

AHEAD_SECONDS, MOST_AHEAD = 120, 1_000_000
TICK, SETTLE_EVERY = 0.02, 1.0
STAGE = "produce"


@dataclass(frozen=True)
class Sent:
    """What a producer sent in all, and how long that took."""

    topic: str
    messages: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.messages / self.seconds if self.seconds else 0.0


def produce(
    domain: str,
    settings: Settings,
    stop: threading.Event,
    *,
    rate: float,
    senders: int | None = None,
    seconds: float | None = None,
    table: str | None = None,
) -> Sent:
    """Sends until told to stop, or for so many seconds once the first message is made."""
    contract = topic_contract(domain, table)
    topic, producer = str(contract.arrives.topic), _producer(settings)
    ahead = min(int(rate * min(seconds or AHEAD_SECONDS, AHEAD_SECONDS)) + 1, MOST_AHEAD)
    source = Continued(domain, contract, settings, ahead, senders)
    sending = _Sending(topic, producer, source, Paths.of(domain, settings))
    tell(Event(STAGE, topic, "started"))
    pace = _Pace(rate, seconds, stop)
    try:
        for chunk, messages in source.slices():
            if not sending.send(chunk, messages, pace):
                break
        took = pace.seconds
    except KafkaError as error:
        raise HeadraceError(
            f"Kafka at {settings.kafka_bootstrap} (HEADRACE_KAFKA_BOOTSTRAP) takes no messages: {error}"
        ) from error
    finally:
        source.close()
        producer.close(timeout=10)
    tell(Event(STAGE, topic, "done", rows=sending.count, seconds=took))
    return Sent(topic, sending.count, took)


class _Sending:
    """Counts what left, and remembers how far it came each time the broker has all of it."""

    def __init__(self, topic: str, producer: KafkaProducer, source: Continued, paths: Paths) -> None:
        self._topic, self._producer, self._outbox, self._paths = topic, producer, source.outbox, paths
        self._failures: list[BaseException] = []
        self.count = 0

    def send(self, chunk: str, messages: object, pace: "_Pace") -> bool:
        """False when it was told to stop on the way."""
        keys, values = (messages[name].to_pylist() for name in ("key", "value"))  # type: ignore[index]
        place, goes_on = self._outbox.begun(chunk), True
        while goes_on and place < len(keys):
            for _ in range(min(pace.due(), len(keys) - place)):
                key = keys[place].encode() if keys[place] is not None else None
                self._producer.send(self._topic, key=key, value=values[place].encode()).add_errback(
                    self._failures.append
                )
                place, self.count = place + 1, self.count + 1
            goes_on = pace.goes_on()
            if pace.is_time_to_settle() or not goes_on:
                self._settle(Cursor(chunk, place, len(keys)), pace)
        self._settle(Cursor(chunk, place, len(keys)), pace)
        return goes_on

    def _settle(self, cursor: Cursor, pace: "_Pace") -> None:
        self._producer.flush(timeout=60)
        if self._failures:
            raise HeadraceError(f"a message was refused: {self._failures[0]}")
        self._outbox.move(cursor)
        beat = last_beat(self._paths)
        behind = [flow.lag for flow in beat.flows if flow.topic == self._topic] if beat else []
        lag = f", standing job {behind[0]:,} behind" if behind and behind[0] is not None else ""
        note = f"{self.count / max(pace.seconds, 0.001):,.0f} a second{lag}"
        tell(Event(STAGE, self._topic, "going", rows=self.count, seconds=pace.seconds, note=note))


class _Pace:
    """How many messages are due by now. The clock starts with the first."""

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
        time.sleep(TICK)
        wanted = int(self._rate * self.seconds) - self._given
        behind = int(self._rate)  # after a pause (the next slice was not made yet) it does not rush
        granted = min(wanted, behind)
        self._given += wanted
        return granted

    def goes_on(self) -> bool:
        return not self._stop.is_set() and (self._limit is None or self.seconds < self._limit)

    def is_time_to_settle(self) -> bool:
        now = time.monotonic()
        if now - self._settled < SETTLE_EVERY:
            return False
        self._settled = now
        return True


def _producer(settings: Settings) -> KafkaProducer:
    try:
        return KafkaProducer(
            bootstrap_servers=settings.kafka_bootstrap.split(","),
            enable_idempotence=True,
            acks="all",
            linger_ms=20,
            batch_size=1 << 17,
            **client_options(settings),
        )
    except NO_ANSWER as error:
        raise no_broker(settings, error) from error
