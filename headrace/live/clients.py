"""Clients of Kafka that leave nothing behind where they cannot come up.

kafka-python starts a thread before it asks the brokers, and where they do not answer it forgets to end it.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from kafka.net.compat import KafkaNetClient


def connected(kind: Callable[..., Any], brokers: str, **options: Any) -> Any:
    """kind: KafkaConsumer, KafkaProducer or KafkaAdminClient. brokers: host:port[,host:port]."""
    made: list[Any] = []

    def remembered(**configs: Any) -> Any:
        made.append(KafkaNetClient(**configs))
        return made[-1]

    try:
        return kind(bootstrap_servers=brokers.split(","), kafka_client=remembered, **options)
    except BaseException:
        for each in made:
            with suppress(Exception):
                each._manager._net.stop(timeout_ms=5000)
        raise
