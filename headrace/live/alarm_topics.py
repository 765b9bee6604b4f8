"""Alarms go out by a topic of their own, and operators' actions come in by another."""

import json
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import pyarrow as pa
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from headrace.alarms.actions import Received, read_action
from headrace.errors import HeadraceError
from headrace.progress import Event, tell
from headrace.settings import Settings
from headrace.sources.broker import NO_ANSWER, client_options, connected, make_topic, no_broker

SENT_WITHIN = 30.0


def alarms_topic(domain: str) -> str:
    return f"{domain}_alarms"


class TopicCarrier:
    """Sends each event as JSON under its alarm's name, so that those of one alarm stay in order."""

    def __init__(self, domain: str, settings: Settings) -> None:
        self._topic, self._settings = alarms_topic(domain), settings
        self._producer: Any = None

    def carry(self, events: pa.Table) -> None:
        try:
            producer = self._producer = self._producer or self._connected()
            sent = [self._sent(producer, event) for event in events.to_pylist()]
            producer.flush(timeout=SENT_WITHIN)
            for each in sent:
                each.get(timeout=SENT_WITHIN)
        except NO_ANSWER as error:
            self._forget()
            raise no_broker(self._settings, error) from error

    def _sent(self, producer: Any, event: dict[str, Any]) -> Any:
        told = {name: value for name, value in event.items() if value is not None}
        key = event["alarm_id"] or event["console"] or ""
        return producer.send(self._topic, key=key.encode(), value=json.dumps(told, default=_written).encode())

    def _connected(self) -> Any:
        make_topic(self._topic, self._settings, partitions=1)
        brokers, options = self._settings.kafka_bootstrap, client_options(self._settings)
        return connected(KafkaProducer, brokers, acks="all", **options)

    def _forget(self) -> None:
        if self._producer is not None:
            self._producer.close(timeout=0)
            self._producer = None


def _written(value: Any) -> str:
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


LOOK_AGAIN_SECONDS = 30.0


def actions_topic(domain: str) -> str:
    return f"{domain}_alarm_actions"


class TopicInbox:
    """How far it has read is noted with the commit that folded the actions in."""

    def __init__(self, domain: str, settings: Settings) -> None:
        self._topic, self._settings = actions_topic(domain), settings
        self._consumer: Any = None
        self._looked = -LOOK_AGAIN_SECONDS

    def receive(self, offsets: Mapping[str, int]) -> tuple[list[Received], dict[str, int]]:
        try:
            self._look_again(offsets)
            is_there = self._consumer is not None and self._consumer.assignment()
            polled = self._consumer.poll(timeout_ms=0) if is_there else {}
        except NO_ANSWER:  # the stream that we stand beside tells of a broker that is away
            self._consumer = None
            return [], {}
        messages = [message for each in polled.values() for message in each]
        moved = {str(message.partition): message.offset + 1 for message in messages}
        return [read_action(message.value or b"") for message in messages], moved

    def done(self, received: Iterable[Received]) -> None:
        """The offsets of the commit say it."""

    def _look_again(self, offsets: Mapping[str, int]) -> None:
        """For the topic, and for partitions that were added to it; now and then."""
        if time.monotonic() - self._looked < LOOK_AGAIN_SECONDS:
            return
        self._looked = time.monotonic()
        consumer = self._consumer = self._consumer or self._connected()
        named = consumer.topics()  # asks the broker, where the next line does not
        if self._topic not in named:
            self._make()
            return
        numbers = consumer.partitions_for_topic(self._topic) or ()
        there = {TopicPartition(self._topic, number) for number in numbers}
        added = sorted(there - consumer.assignment())
        if added:
            consumer.assign(sorted(there))
            self._begin(consumer, added, offsets)

    def _make(self) -> None:
        """Without the right to, somebody else makes it; nobody has to write there."""
        with suppress(HeadraceError):
            make_topic(self._topic, self._settings, partitions=1)

    def _begin(self, consumer: Any, added: list[TopicPartition], offsets: Mapping[str, int]) -> None:
        kept = consumer.beginning_offsets(added)
        for each in added:
            noted = offsets.get(str(each.partition))
            consumer.seek(each, max(kept[each], noted or 0))
            if noted is not None and noted < kept[each]:
                lost = f"{kept[each] - noted} messages of partition {each.partition} from offset {noted} on"
                note = f"the topic forgot {lost} before they were read: what operators did there is lost."
                tell(Event("alarms", self._topic, "failed", note=note))

    def _connected(self) -> Any:
        brokers, options = self._settings.kafka_bootstrap, client_options(self._settings)
        return connected(KafkaConsumer, brokers, auto_offset_reset="earliest", **options)
