"""Asks Kafka's brokers before Spark does: its own complaints come late and name nothing a person has set."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import AuthorizationError, KafkaError, SaslAuthenticationFailedError

from headrace.errors import HeadraceError, NotReady
from headrace.live.clients import connected
from headrace.settings import Settings

ANSWERS_WITHIN_MS = 10_000
LISTENS_WITHIN = 1.0
REFUSALS = (AuthorizationError, SaslAuthenticationFailedError)
NO_ANSWER = (KafkaError, OSError, ValueError)


def check_topic(topic: str, settings: Settings) -> None:
    with _asking(settings) as consumer:
        known = consumer.topics()
        if topic not in known:
            listed = ", ".join(sorted(name for name in known if not name.startswith("_"))) or "none"
            raise NotReady(
                f"{settings.kafka_bootstrap} (HEADRACE_KAFKA_BOOTSTRAP) has no topic {topic!r}; it has: {listed}. "
                "headrace produce makes it, or create it with as many partitions as cores will read it. If it is "
                "there, this role may not see it: see HEADRACE_KAFKA_SECURITY and the rights of the role.",
                f"its topic {topic}",
            )


def offsets_now(topic: str, settings: Settings) -> dict[int, tuple[int, int]]:
    """The first offset still kept and the next one to come, by partition."""
    with _asking(settings) as consumer:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        first, end = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
        return {each.partition: (first[each], end[each]) for each in partitions}


def topic_id(topic: str, settings: Settings) -> UUID:
    """What tells a topic from every other, also one of its name; 0 where the broker tells none."""
    try:
        admin = connected(KafkaAdminClient, settings.kafka_bootstrap, **client_options(settings))
        try:
            (found,) = admin.describe_topics([topic])
        finally:
            admin.close()
    except NO_ANSWER as error:
        raise no_broker(settings, error) from error
    return UUID(str(found.get("topic_id") or UUID(int=0)))


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


@contextmanager
def _asking(settings: Settings) -> Iterator[Any]:
    consumer = None
    try:
        consumer = connected(KafkaConsumer, settings.kafka_bootstrap, **client_options(settings))
        yield consumer
    except NO_ANSWER as error:
        raise no_broker(settings, error) from error
    finally:
        if consumer is not None:
            consumer.close()


def no_broker(settings: Settings, error: BaseException) -> HeadraceError:
    at = f"{settings.kafka_bootstrap} (HEADRACE_KAFKA_BOOTSTRAP)"
    if isinstance(error, REFUSALS):
        return HeadraceError(
            f"Kafka at {at} does not let us do this: {type(error).__name__}. See HEADRACE_KAFKA_SECURITY (now "
            f"{settings.kafka_security}) and the rights of this role."
        )
    if is_listening(settings):
        return HeadraceError(
            f"what listens at {at} does not answer a client that comes as HEADRACE_KAFKA_SECURITY says "
            f"({settings.kafka_security}): {type(error).__name__}. It may want to be spoken to in another way, or be "
            "no Kafka broker."
        )
    return HeadraceError(
        f"no Kafka broker answers at {at}: {type(error).__name__}. On this machine, headrace kafka up starts one."
    )


def client_options(settings: Settings) -> dict[str, Any]:
    """For kafka-python, which signs for MSK with the credentials that boto3 finds."""
    common: dict[str, Any] = {
        "request_timeout_ms": ANSWERS_WITHIN_MS,
        "bootstrap_timeout_ms": ANSWERS_WITHIN_MS,
    }
    if settings.kafka_security == "iam":
        common |= {"security_protocol": "SASL_SSL", "sasl_mechanism": "AWS_MSK_IAM"}
    return common
