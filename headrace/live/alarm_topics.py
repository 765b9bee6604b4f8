"""Alarms go out by one topic, and what operators do comes in by another."""

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import TopicAlreadyExistsError

from headrace.alarms.inbox import Received, read_action
from headrace.live.broker import NO_ANSWER, client_options, no_broker
from headrace.settings import Settings

ASK_AGAIN_SECONDS = 30.0
SENT_WITHIN = 30.0


def alarms_topic(domain: str) -> str:
    return f"{domain}_alarms"


def actions_topic(domain: str) -> str:
    return f"{domain}_alarm_actions"


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
        _make_topic(self._topic, self._settings)
        return KafkaProducer(
            bootstrap_servers=self._settings.kafka_bootstrap.split(","),
            acks="all",
            **client_options(self._settings),
        )

    def _forget(self) -> None:
        if self._producer is not None:
            self._producer.close(timeout=0)
            self._producer = None


class TopicInbox:
    """Actions as messages; how far it has read is noted with the commit that folded them in."""

    def __init__(self, domain: str, settings: Settings) -> None:
        self._topic, self._settings = actions_topic(domain), settings
        self._consumer: Any = None
        self._asked = -ASK_AGAIN_SECONDS

    def receive(self, offsets: Mapping[str, int]) -> tuple[list[Received], dict[str, int]]:
        try:
            consumer = self._consumer = self._consumer or self._connected(offsets)
            if consumer is None:
                return [], {}
            polled = consumer.poll(timeout_ms=0)
        except NO_ANSWER:  # the stream that we stand beside tells of a broker that is away
            self._consumer = None
            return [], {}
        messages = [message for each in polled.values() for message in each]
        moved = {str(message.partition): message.offset + 1 for message in messages}
        return [read_action(message.value or b"") for message in messages], moved

    def done(self, received: Iterable[Received]) -> None:
        """The offsets of the commit say it."""

    def _connected(self, offsets: Mapping[str, int]) -> Any:
        """None while there is no such topic; asked for now and then."""
        if time.monotonic() - self._asked < ASK_AGAIN_SECONDS:
            return None
        self._asked = time.monotonic()
        consumer = KafkaConsumer(
            bootstrap_servers=self._settings.kafka_bootstrap.split(","),
            auto_offset_reset="earliest",
            **client_options(self._settings),
        )
        if self._topic not in consumer.topics():
            consumer.close()
            return None
        numbers = sorted(consumer.partitions_for_topic(self._topic) or ())
        partitions = [TopicPartition(self._topic, number) for number in numbers]
        consumer.assign(partitions)
        for each in partitions:
            consumer.seek(each, offsets.get(str(each.partition), 0))
        return consumer


def _make_topic(topic: str, settings: Settings) -> None:
    admin = KafkaAdminClient(
        bootstrap_servers=settings.kafka_bootstrap.split(","), **client_options(settings)
    )
    try:
        admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=-1)])
    except TopicAlreadyExistsError:
        pass
    finally:
        admin.close()


def _written(value: Any) -> str:
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)
