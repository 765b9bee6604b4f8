"""Connections to Kafka's brokers, and what they say of a topic.

Python asks them before Spark does: errors of Spark's own client come late and name nothing a person has set.
"""

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    SaslAuthenticationFailedError,
    TopicAlreadyExistsError,
)
from kafka.net.compat import KafkaNetClient

from headrace.errors import HeadraceError, NotReady, UsageError
from headrace.settings import Settings

ANSWERS_WITHIN_MS = 10_000
LISTENS_WITHIN = 1.0
PARTITIONS_EVERY = 30.0
AS_THE_BROKER_SAYS = -1
RETENTION = "retention.ms"
WITH_PASSWORD = {"password": "SASL_SSL", "password-without-tls": "SASL_PLAINTEXT"}
IDLE_MS = 180_000  # Azure ends a connection that is idle for four minutes
REFUSALS = (AuthorizationError, SaslAuthenticationFailedError)
NO_ANSWER = (KafkaError, OSError, ValueError)
Offsets = Mapping[int, tuple[int, int]]
"""By partition, the first offset that a topic still keeps and the next one to come."""


class BrokerAway(HeadraceError):
    """No broker answers now; one that is restarted answers again."""


class NotAllowed(HeadraceError):
    """The brokers answer, and this role has no right to what was asked."""


class TopicClient:
    """Asks for the offsets of one topic, over one connection for as long as that works."""

    def __init__(self, topic: str, settings: Settings) -> None:
        self.topic, self._settings = topic, settings
        self._consumer: Any = None
        self._partitions: list[TopicPartition] = []
        self._looked = 0.0

    def offsets(self) -> Offsets:
        """Partitions that were added are known half a minute later."""
        with self._asking() as consumer:
            if time.monotonic() - self._looked >= PARTITIONS_EVERY or not self._partitions:
                consumer.topics()  # asks the broker, where the next line does not
                numbers = consumer.partitions_for_topic(self.topic) or ()
                self._partitions = [TopicPartition(self.topic, number) for number in sorted(numbers)]
                self._looked = time.monotonic()
            first = consumer.beginning_offsets(self._partitions)
            end = consumer.end_offsets(self._partitions)
            return {each.partition: (first[each], end[each]) for each in self._partitions}

    def read_one(self, partition: int, offset: int) -> None:
        """Raises what the broker refuses to a reader; where it refuses nothing, what it sends is dropped."""
        with self._asking() as consumer:
            at = TopicPartition(self.topic, partition)
            consumer.assign([at])
            consumer.seek(at, offset)
            consumer.poll(timeout_ms=2000, max_records=1)

    def close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with suppress(*NO_ANSWER):
                consumer.close()

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        try:
            if self._consumer is None:
                brokers, options = self._settings.kafka_bootstrap, client_options(self._settings)
                self._consumer, self._looked = connected(KafkaConsumer, brokers, **options), 0.0
            yield self._consumer
        except NO_ANSWER as error:
            self.close()
            raise no_broker(self._settings, error) from error


def check_topic(topic: str, settings: Settings) -> None:
    with _client(KafkaConsumer, settings) as consumer:
        known = consumer.topics()
        if topic not in known:
            listed = ", ".join(sorted(name for name in known if not name.startswith("_"))) or "none"
            raise NotReady(
                f"{settings.kafka_bootstrap} (HEADRACE_KAFKA_BOOTSTRAP) has no topic {topic!r}; it has: {listed}. "
                "headrace topics --make makes it, with partitions and retention as its contract says. If it is "
                "there, this role may not see it: see HEADRACE_KAFKA_SECURITY and the rights of the role.",
                f"its topic {topic}",
            )


def offsets_now(topic: str, settings: Settings) -> Offsets:
    with closing(TopicClient(topic, settings)) as client:
        return client.offsets()


def topic_id(topic: str, settings: Settings) -> UUID:
    """Tells a topic from every other, also one of its name; 0 from brokers before 2.8, which have none."""
    with _client(KafkaAdminClient, settings) as admin:
        (description,) = admin.describe_topics([topic])
    return UUID(str(description.get("topic_id") or UUID(int=0)))


@dataclass(frozen=True)
class TopicShape:
    """retention: None where this role may not ask for it, and where messages are kept for ever."""

    partitions: int
    retention: timedelta | None


def topic_shape(topic: str, settings: Settings) -> TopicShape | None:
    """None where there is no such topic, or none that this role may see."""
    with _client(KafkaAdminClient, settings) as admin:
        if topic not in admin.list_topics():
            return None
        (description,) = admin.describe_topics([topic])
        asked = ConfigResource(ConfigResourceType.TOPIC, topic, configs={RETENTION: None})
        configs = admin.describe_configs([asked], config_filter="all")["topic"].get(topic, {})
        # Left out where this role may not ask for it.
        milliseconds = int(configs.get(RETENTION, {}).get("value", -1))
        retention = timedelta(milliseconds=milliseconds) if milliseconds >= 0 else None
        return TopicShape(len(description["partitions"]), retention)


def make_topic(
    topic: str,
    settings: Settings,
    partitions: int | None = None,
    retention: timedelta | None = None,
) -> bool:
    """Whether there was none, so that it was made; who may only write to one that is there need not have the right to.
    What is not said, and the number of replicas, is as the brokers have it by default."""
    with _client(KafkaAdminClient, settings) as admin:
        if topic in admin.list_topics():
            return False
        milliseconds = None if retention is None else str(retention // timedelta(milliseconds=1))
        wanted = {
            "num_partitions": partitions or AS_THE_BROKER_SAYS,
            "configs": {} if milliseconds is None else {RETENTION: milliseconds},
        }
        try:
            admin.create_topics({topic: wanted}, wait_for_metadata=True)
        except TopicAlreadyExistsError:  # somebody else made it just now
            return False
        return True


def is_listening(settings: Settings) -> bool:
    """Whether anybody is there to be asked; told in a second at most, where asking would wait for ten."""
    for broker in settings.kafka_bootstrap.split(","):
        host, _, port = broker.strip().rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=LISTENS_WITHIN).close()
        except (OSError, ValueError):
            continue
        return True
    return False


def connected(kind: Callable[..., Any], brokers: str, **options: Any) -> Any:
    """A KafkaConsumer, KafkaProducer or KafkaAdminClient; brokers: host:port[,host:port].

    kafka-python starts a thread before it asks the brokers and forgets to end it where they do not answer.
    """
    clients: list[Any] = []

    def remembered(**configs: Any) -> Any:
        clients.append(KafkaNetClient(**configs))
        return clients[-1]

    try:
        return kind(bootstrap_servers=brokers.split(","), kafka_client=remembered, **options)
    except BaseException:
        for each in clients:
            with suppress(Exception):
                each._manager._net.stop(timeout_ms=5000)
        raise


@contextmanager
def _client(kind: Callable[..., Any], settings: Settings) -> Iterator[Any]:
    try:
        with closing(connected(kind, settings.kafka_bootstrap, **client_options(settings))) as client:
            yield client
    except NO_ANSWER as error:
        raise no_broker(settings, error) from error


def no_broker(settings: Settings, error: BaseException) -> HeadraceError:
    at = f"{settings.kafka_bootstrap} (HEADRACE_KAFKA_BOOTSTRAP)"
    if isinstance(error, REFUSALS):
        return NotAllowed(
            f"Kafka at {at} does not let us do this: {type(error).__name__}. See HEADRACE_KAFKA_SECURITY (now "
            f"{settings.kafka_security}) and the rights of this role."
        )
    if is_listening(settings):
        return BrokerAway(
            f"what listens at {at} does not answer a client that comes as HEADRACE_KAFKA_SECURITY says "
            f"({settings.kafka_security}): {type(error).__name__}. It may want to be spoken to in another way, or be "
            "no Kafka broker."
        )
    return BrokerAway(
        f"no Kafka broker answers at {at}: {type(error).__name__}. On this machine, headrace kafka up starts one."
    )


def client_options(settings: Settings) -> dict[str, Any]:
    """For kafka-python, which signs for MSK with the credentials that boto3 finds."""
    options: dict[str, Any] = dict.fromkeys(("request_timeout_ms", "bootstrap_timeout_ms"), ANSWERS_WITHIN_MS)
    if settings.kafka_security == "iam":
        options |= {"security_protocol": "SASL_SSL", "sasl_mechanism": "AWS_MSK_IAM"}
    if settings.kafka_security in WITH_PASSWORD:
        options |= {
            "security_protocol": WITH_PASSWORD[settings.kafka_security],
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": password_of(settings),
            "connections_max_idle_ms": IDLE_MS,
            "metadata_max_age_ms": IDLE_MS,
        }
    return options


def password_of(settings: Settings) -> str:
    """Of the environment, or of AWS Secrets Manager, which is asked once a process."""
    from headrace.aws_errors import secret_text  # here: botocore takes long to import, and few need it

    if password := settings.kafka_password.get_secret_value():
        return password
    if not settings.kafka_password_secret:
        raise UsageError(
            f"HEADRACE_KAFKA_SECURITY is {settings.kafka_security}, and there is no password: set "
            "HEADRACE_KAFKA_PASSWORD, or HEADRACE_KAFKA_PASSWORD_SECRET to the name of a secret of AWS Secrets Manager"
        )
    return secret_text(settings.kafka_password_secret, "HEADRACE_KAFKA_PASSWORD_SECRET")
