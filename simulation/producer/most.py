"""Sends what the senders of a domain go on to say as fast as several processes can, each message once."""

import os
import threading
import time

from headrace.lake.paths import Paths
from headrace.live.new_topic import AS_THE_BROKER_SAYS, make_topic
from headrace.progress import Event, Stopwatch, tell
from headrace.settings import Settings
from simulation.producer.continuation import Continued, topic_contract
from simulation.producer.outbox import Cursor
from simulation.producer.shares import Senders, clear, cut
from simulation.producer.topic_producer import STAGE, Sent, tell_how_far

AT_ONCE = 400_000
LOOK_EVERY = 0.5


def produce_most(
    domain: str,
    settings: Settings,
    stop: threading.Event,
    *,
    processes: int | None = None,
    senders: int | None = None,
    seconds: float | None = None,
    table: str | None = None,
    partitions: int = AS_THE_BROKER_SAYS,
) -> Sent:
    """Until told to stop, or for so many seconds once the first messages are made."""
    contract = topic_contract(domain, table)
    topic, paths = str(contract.arrives.topic), Paths.of(domain, settings)
    make_topic(topic, settings, partitions)  # a broker that is not there is told before anything is generated
    sending = _Sending(topic, paths, stop, seconds)
    source = Continued(domain, contract, settings, AT_ONCE, senders)
    tell(Event(STAGE, topic, "started"))
    try:
        for chunk, messages in source.slices():
            parts = cut(source.outbox, chunk, messages, processes or os.cpu_count() or 2)
            sending.send(Senders(parts, topic, settings, source.outbox.lock))
            if not sending.goes_on():
                break
            source.outbox.move(Cursor(chunk, len(messages), len(messages)))
            clear(source.outbox)
    finally:
        source.close()
    tell(Event(STAGE, topic, "done", rows=sending.count, seconds=sending.seconds))
    return Sent(topic, sending.count, sending.seconds)


class _Sending:
    """Counts what left. The clock starts with the first message."""

    def __init__(self, topic: str, paths: Paths, stop: threading.Event, limit: float | None) -> None:
        self._topic, self._paths, self._stop, self._limit = topic, paths, stop, limit
        self._watch: Stopwatch | None = None
        self.count = 0

    @property
    def seconds(self) -> float:
        return self._watch.seconds if self._watch else 0.0

    def goes_on(self) -> bool:
        return not self._stop.is_set() and (self._limit is None or self.seconds < self._limit)

    def send(self, running: Senders) -> None:
        self._watch = self._watch or Stopwatch()
        before = self.count
        try:
            while running.are_running():
                if not self.goes_on():
                    running.stop()
                time.sleep(LOOK_EVERY)
                self.count = before + running.sent
                tell_how_far(self._topic, self.count, self.seconds, self._paths)
        finally:
            running.stop()
            running.wait()
        self.count = before + running.sent
