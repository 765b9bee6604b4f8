"""Asks Kafka's brokers before Spark does: its own complaints come late and name nothing a person has set."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from headrace.errors import HeadraceError, UsageError
from headrace.settings import Settings

ANSWERS_WITHIN_MS = 10_000
LISTENS_WITHIN = 1.0
NO_ANSWER = (KafkaError, OSError, ValueError)


def check_topic(topic: str, settings: Settings) -> None:
    with _asking(settings) as consumer:
        known = consumer.topics()
        if topic not in known:
            listed = ", ".join(sorted(name for name in known if not name.startswith("_"))) or "none"
            raise UsageError(
                f"{settings.kafka_bootstrap} (HEADRACE_KAFKA_BOOTSTRAP) has no topic {topic!r}; it has: {listed}. "
                "headrace produce makes it, or create it with as many partitions as cores will read it."
            )


def offsets_now(topic: str, settings: Settings) -> dict[int, tuple[int, int]]:
    """The first offset still kept and the next one to come, by partition."""
    with _asking(settings) as consumer:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        first, end = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
        return {each.partition: (first[each], end[each]) for each in partitions}


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
        consumer = KafkaConsumer(
            bootstrap_servers=settings.kafka_bootstrap.split(","), **client_options(settings)
        )
        yield consumer
    except NO_ANSWER as error:
        raise no_broker(settings, error) from error
    finally:
        if consumer is not None:
            consumer.close()


def no_broker(settings: Settings, error: BaseException) -> HeadraceError:
    return HeadraceError(
        f"no Kafka broker answers at {settings.kafka_bootstrap} (HEADRACE_KAFKA_BOOTSTRAP): "
        f"{type(error).__name__}. On this machine, headrace kafka up starts one."
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
