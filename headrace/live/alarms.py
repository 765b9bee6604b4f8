"""The alarms of the standing job: a thread of their own follows silver, so that no batch waits for them.

Alarms go out by a topic of their own, and actions of operators come in by another.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import pyarrow as pa
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from headrace import progress
from headrace.alarms.actions import Received, read_action
from headrace.alarms.fold import AlarmFold
from headrace.alarms.store import Outbox
from headrace.errors import HeadraceError
from headrace.lake.lease import RunContext
from headrace.lake.ledger import Entry
from headrace.settings import Settings
from headrace.sources.broker import NO_ANSWER, client_options, connected, make_topic, no_broker
from headrace.writes.alarms import follower_of
from headrace.writes.node import Node

LOOK_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 30.0
SENT_WITHIN = 30.0


class AlarmsThread:
    """Runs while it is entered; left, it takes all there is and ends. An error in it ends the job: a job that goes on
    without its alarms looks well and is not."""

    def __init__(self, fold: AlarmFold | None, took: Callable[[AlarmFold, Sequence[Entry]], None]) -> None:
        self._fold, self._took = fold, took
        self._new_rows, self._stopping = Event(), Event()
        self._completes = False
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, args=(fold,), daemon=True, name="alarms")

    def __enter__(self) -> "AlarmsThread":
        if self._fold is not None:
            self._thread.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._completes = error is None
        self._stopping.set()
        self._new_rows.set()
        if self._thread.is_alive():
            self._thread.join()
        if error is None:
            self.check()

    def notice(self) -> None:
        """Silver has more rows."""
        self._new_rows.set()

    def check(self) -> None:
        if isinstance(self._error, HeadraceError):
            raise type(self._error)(f"the alarms could not go on: {self._error}") from self._error
        if self._error is not None:
            self._error.add_note("while following silver to its alarms")
            raise self._error

    def _run(self, fold: AlarmFold) -> None:
        try:
            while not self._stopping.is_set():
                self._took(fold, fold.catch_up())
                self._new_rows.wait(LOOK_SECONDS)
                self._new_rows.clear()
            if self._completes:
                self._took(fold, [*fold.catch_up(), *fold.close()])
        except BaseException as error:  # raised by `check`, in the thread that can end the job
            self._error = error


def fold_of(
    node: Node, context: RunContext, *, broker: bool, stored: Callable[[pa.Table], None]
) -> AlarmFold:
    """broker: whether one is there; without it, nothing is sent and actions come as objects alone."""
    paths, settings = context.paths, context.settings
    rules = follower_of(node).rules(paths.domain)
    if not broker:
        return AlarmFold(rules, context, stored=stored)
    receive = ActionsTopic(paths.domain, settings).receive
    outbox = Outbox(paths, AlarmsTopic(paths.domain, settings).send)
    return AlarmFold(rules, context, receive=receive, outbox=outbox, stored=stored)


class AlarmsTopic:
    """Takes each event as JSON under its alarm's name, so that those of one alarm stay in order."""

    def __init__(self, domain: str, settings: Settings) -> None:
        self._topic, self._settings = f"{domain}_alarms", settings
        self._producer: Any = None

    def send(self, events: pa.Table) -> None:
        try:
            if self._producer is None:
                make_topic(self._topic, self._settings, partitions=1)
                self._producer = _connected(KafkaProducer, self._settings, acks="all")
            sent = []
            for event in events.to_pylist():
                key = event["alarm_id"] or event["console"] or ""
                filled = {name: value for name, value in event.items() if value is not None}
                body = json.dumps(filled, default=lambda instant: instant.isoformat())
                sent.append(self._producer.send(self._topic, key=key.encode(), value=body.encode()))
            self._producer.flush(timeout=SENT_WITHIN)
            for each in sent:
                each.get(timeout=SENT_WITHIN)
        except NO_ANSWER as error:
            if self._producer is not None:
                self._producer.close(timeout=0)
                self._producer = None
            raise no_broker(self._settings, error) from error


class ActionsTopic:
    """The commit that folds actions in notes the offsets that this goes on from."""

    def __init__(self, domain: str, settings: Settings) -> None:
        self._topic, self._settings = f"{domain}_alarm_actions", settings
        self._consumer: Any = None
        self._looked = -LOOK_AGAIN_SECONDS

    def receive(self, offsets: Mapping[str, int]) -> tuple[list[Received], dict[str, int]]:
        try:
            if time.monotonic() - self._looked >= LOOK_AGAIN_SECONDS:
                self._looked = time.monotonic()
                self._look_again(offsets)
            is_there = self._consumer is not None and self._consumer.assignment()
            polled = self._consumer.poll(timeout_ms=0) if is_there else {}
        except NO_ANSWER:  # the job's own source reports a broker that is away
            self._consumer = None
            return [], {}
        messages = [message for each in polled.values() for message in each]
        moved = {str(message.partition): message.offset + 1 for message in messages}
        return [read_action(message.value or b"") for message in messages], moved

    def _look_again(self, offsets: Mapping[str, int]) -> None:
        """Looks for the topic, which anybody may make, and for partitions that were added to it."""
        if self._consumer is None:
            self._consumer = _connected(KafkaConsumer, self._settings, auto_offset_reset="earliest")
        consumer = self._consumer
        if self._topic not in consumer.topics():  # asks the broker, where partitions_for_topic does not
            with suppress(HeadraceError):  # without the right to make it
                make_topic(self._topic, self._settings, partitions=1)
            return
        numbers = consumer.partitions_for_topic(self._topic) or ()
        there = {TopicPartition(self._topic, number) for number in numbers}
        added = sorted(there - consumer.assignment())
        if not added:
            return
        consumer.assign(sorted(there))
        first = consumer.beginning_offsets(added)
        for each in added:
            noted = offsets.get(str(each.partition))
            consumer.seek(each, max(first[each], noted or 0))
            if noted is not None and noted < first[each]:
                lost = f"{first[each] - noted} messages of partition {each.partition} from offset {noted} on"
                note = f"the topic forgot {lost} before they were read: what operators did there is lost."
                progress.tell(progress.Event("alarms", self._topic, "failed", note=note))


def _connected(kind: Callable[..., Any], settings: Settings, **options: Any) -> Any:
    return connected(kind, settings.kafka_bootstrap, **options, **client_options(settings))
