"""A broker that wants a password: the producer, the standing job and the questions asked of it log in with it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import Event

import psutil
import pytest
from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType
from pydantic import SecretStr
from pyspark.sql import SparkSession

from headrace.errors import HeadraceError
from headrace.live.standing import StandingOptions, stand
from headrace.operate.receipt import receipt
from headrace.settings import Settings, as_environment
from headrace.sources.broker import check_topic, offsets_now
from rehearsal.kafka import Broker, free_port
from simulation.generate.plan import Plan
from simulation.generate.run import generate
from simulation.producer.topic_producer import produce
from tests.live.conftest import ASKS_FOR_RIGHTS, LiveStation

USER = "$ConnectionString"
SECRET = 'Endpoint=sb://plant.example/;SharedAccessKeyName=all;SharedAccessKey=a+b/"c\\d='
HISTORY = Plan(scale=0.01, start=datetime(2024, 1, 1), end=datetime(2024, 1, 2))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Broker, str]]:
    """A broker, and the address at which it lets in who has the password."""
    port, with_password = free_port(), f"127.0.0.1:{free_port()}"
    plain, controller = f"127.0.0.1:{port}", f"127.0.0.1:{port + 1}"
    spelled = (
        SECRET.replace("\\", "\\\\").replace('"', '\\"').replace("\\", "\\\\")
    )  # JAAS', then properties'
    broker = Broker(
        tmp_path_factory.mktemp("guarded"),
        port,
        more=(
            *ASKS_FOR_RIGHTS,
            ("listeners", f"PLAINTEXT://{plain},CONTROLLER://{controller},SASL_PLAINTEXT://{with_password}"),
            ("advertised.listeners", f"PLAINTEXT://{plain},SASL_PLAINTEXT://{with_password}"),
            (
                "listener.security.protocol.map",
                "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT",
            ),
            ("sasl.enabled.mechanisms", "PLAIN"),
            (
                "listener.name.sasl_plaintext.plain.sasl.jaas.config",
                f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}="{spelled}";',
            ),
        ),
    )
    broker.up()
    yield broker, with_password
    broker.down()


@contextmanager
def only_for_the_user(broker: Broker, *topics: str) -> Iterator[None]:
    """Nobody else may do anything with these topics."""
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    admin.create_acls(
        [
            ACL(
                f"User:{USER}",
                "*",
                ACLOperation.ALL,
                ACLPermissionType.ALLOW,
                ResourcePattern(ResourceType.TOPIC, topic),
            )
            for topic in topics
        ]
    )
    try:
        yield
    finally:
        admin.close()


@pytest.fixture
def station(spark: SparkSession, tmp_path: Path, guarded: tuple[Broker, str]) -> Iterator[LiveStation]:
    broker, address = guarded
    settings = Settings(
        home=tmp_path / "home", shuffle_partitions=2, metrics_port=0, kafka_bootstrap=address,
        kafka_security="password-without-tls", kafka_password=SecretStr(SECRET),
    )  # fmt: skip
    broker.make_topic("strokes", partitions=2)
    station = LiveStation(spark, settings, broker=broker)
    with only_for_the_user(broker, "strokes"):
        yield station


def test_who_has_the_password_sends_and_takes_and_it_is_seen_nowhere(station: LiveStation) -> None:
    generate("pumps", HISTORY, station.settings)
    station.refine(layers=["bronze", "silver"])
    sent = produce("pumps", station.settings, Event(), rate=200, seconds=2)
    assert (
        sum(end - first for first, end in offsets_now("strokes", station.settings).values()) == sent.messages
    )
    stand("pumps", station.settings, Event(), StandingOptions(until_empty=True))
    assert station.table("bronze", "strokes").where("_partition IS NOT NULL").count() == sent.messages
    receipt("pumps", station.settings).check()

    commands = []
    for each in (psutil.Process(), *psutil.Process().children(recursive=True)):
        with suppress(psutil.Error):  # one that has ended
            commands.append(" ".join(each.cmdline()))
    shown = [*commands, str(as_environment(station.settings)), repr(station.settings)]
    shown += [path.read_text(errors="replace") for path in station.settings.home.rglob("*") if path.is_file()]
    assert len(shown) > 20
    assert not [text for text in shown if "SharedAccessKey=" in text]


def test_without_the_password_nothing_is_let_in_and_the_message_says_what_to_set(
    station: LiveStation,
) -> None:
    assert station.broker is not None
    wrong = station.settings.model_copy(update={"kafka_password": SecretStr("Endpoint=wrong")})
    with pytest.raises(HeadraceError, match="HEADRACE_KAFKA_SECURITY") as refused:
        check_topic("strokes", wrong)
    assert "Endpoint" not in str(refused.value)
    none = station.settings.model_copy(update={"kafka_password": SecretStr("")})
    with pytest.raises(HeadraceError, match="HEADRACE_KAFKA_PASSWORD_SECRET"):
        check_topic("strokes", none)
    nobody = station.settings.model_copy(
        update={"kafka_security": "plaintext", "kafka_bootstrap": station.broker.address}
    )
    with pytest.raises(HeadraceError, match="has no topic 'strokes'"):
        check_topic("strokes", nobody)
    assert "HEADRACE_KAFKA_PASSWORD" not in os.environ
