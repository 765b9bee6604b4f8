"""A real broker for all live tests, and the toy domain of pumps whose strokes also come by a topic."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from kafka import KafkaProducer
from pyspark.sql import SparkSession

from headrace.live.heartbeat import Heartbeat
from headrace.live.standing import StandingOptions, stand
from headrace.settings import Settings
from rehearsal.kafka import Broker, free_port
from tests.spark.refine.conftest import PumpStation

ASKS_FOR_RIGHTS = (
    ("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
    ("allow.everyone.if.no.acl.found", "true"),
)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = Broker(tmp_path_factory.mktemp("kafka"), free_port(), more=ASKS_FOR_RIGHTS)
    broker.up()
    yield broker
    broker.down()


@dataclass
class LiveStation(PumpStation):
    broker: Broker | None = None

    def sends(self, *messages: dict[str, Any] | bytes | None, key: str | None = "P1") -> None:
        assert self.broker is not None
        producer = KafkaProducer(bootstrap_servers=self.broker.address, max_request_size=20 << 20)
        for message in messages:
            value = json.dumps(message).encode() if isinstance(message, dict) else message
            producer.send("strokes", key=key.encode() if key else None, value=value).get(timeout=30)
        producer.close()

    def stands(self, *, accept_loss: bool = False) -> Heartbeat:
        """The standing job until the topic is empty."""
        options = StandingOptions(until_empty=True, accept_loss=accept_loss)
        return stand(self.domain, self.settings, Event(), options)


@pytest.fixture
def live(spark: SparkSession, tmp_path: Path, broker: Broker) -> Iterator[LiveStation]:
    """A lake of its own with parents in it, and an empty topic."""
    from kafka import KafkaAdminClient

    settings = Settings(
        home=tmp_path / "home",
        shuffle_partitions=2,
        kafka_bootstrap=broker.address,
        metrics_port=0,
    )
    broker.make_topic("strokes", partitions=2)
    station = LiveStation(spark, settings, broker=broker)
    station.lands_parents()
    station.refine(layers=["bronze", "silver"], tables=["stations", "pumps"])
    yield station
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    admin.delete_topics(["strokes"])
    admin.close()
