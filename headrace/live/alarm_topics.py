"""Alarms go out by a topic of their own."""

import json
from typing import Any

import pyarrow as pa
from kafka import KafkaProducer

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
