"""Sends what the sensors of a domain go on to say, from where its history stopped, faults and all.

The messages follow the same instruments in the same world as the history, and what is planted among them is told to
the truth when they are made. Here they are only sent: keyed by sender, each once, at a rate.
"""

import threading
from dataclasses import dataclass, replace

import pyarrow as pa

from headrace.lake.paths import Paths
from headrace.live.heartbeat import last_beat
from headrace.live.new_topic import AS_THE_BROKER_SAYS, make_topic
from headrace.progress import Event, tell
from headrace.settings import Settings
from simulation.producer.continuation import Continued, topic_contract
from simulation.producer.outbox import Cursor, come_to
from simulation.producer.pace import Pace
from simulation.producer.topic_writer import Sender

AHEAD_SECONDS, MOST_AHEAD = 120, 1_000_000
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
    partitions: int = AS_THE_BROKER_SAYS,
) -> Sent:
    """Sends until told to stop, or for so many seconds once the first message is made."""
    contract = topic_contract(domain, table)
    topic = str(contract.arrives.topic)
    make_topic(topic, settings, partitions)
    sender = Sender(topic, settings)
    ahead = min(int(rate * min(seconds or AHEAD_SECONDS, AHEAD_SECONDS)) + 1, MOST_AHEAD)
    source = Continued(domain, contract, settings, ahead, senders)
    sending = _Sending(topic, sender, source, Paths.of(domain, settings))
    tell(Event(STAGE, topic, "started"))
    pace = Pace(rate, seconds, stop)
    try:
        for chunk, messages in source.slices():
            if not sending.send(chunk, messages, pace):
                break
        took = pace.seconds
        source.outbox.move(replace(source.outbox.cursor, ends=None))
    finally:
        source.close()
        sender.close()
    tell(Event(STAGE, topic, "done", rows=sending.count, seconds=took))
    return Sent(topic, sending.count, took)


class _Sending:
    """Counts what left, and remembers how far it came each time the broker has all of it."""

    def __init__(self, topic: str, sender: Sender, source: Continued, paths: Paths) -> None:
        self._topic, self._sender, self._outbox, self._paths = topic, sender, source.outbox, paths
        self.count = 0

    def send(self, chunk: str, messages: pa.Table, pace: Pace) -> bool:
        """False when it was told to stop on the way."""
        keys, values = (messages[name].to_pylist() for name in ("key", "value"))
        place, goes_on = self._outbox.begun(chunk), True
        self._outbox.move(replace(come_to(chunk, messages, place), ends=self._sender.begin()))
        while goes_on and place < len(keys):
            for _ in range(min(pace.due(), len(keys) - place)):
                self._sender.send(keys[place], values[place])
                place, self.count = place + 1, self.count + 1
            goes_on = pace.goes_on()
            if pace.is_time_to_settle() or not goes_on:
                self._settle(come_to(chunk, messages, place), pace)
        self._settle(come_to(chunk, messages, place), pace)
        return goes_on

    def _settle(self, cursor: Cursor, pace: Pace) -> None:
        self._outbox.move(replace(cursor, ends=self._sender.settle()))
        tell_how_far(self._topic, self.count, pace.seconds, self._paths)


def tell_how_far(topic: str, count: int, seconds: float, paths: Paths) -> None:
    beat = last_beat(paths)
    behind = [flow.lag for flow in beat.flows if flow.topic == topic] if beat else []
    lag = f", standing job {behind[0]:,} behind" if behind and behind[0] is not None else ""
    note = f"{count / max(seconds, 0.001):,.0f} a second{lag}"
    tell(Event(STAGE, topic, "going", rows=count, seconds=seconds, note=note))
