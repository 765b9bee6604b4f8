"""A client that cannot come up leaves no thread that goes on trying."""

import threading

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

from headrace.sources.broker import connected


@pytest.mark.parametrize("kind", [KafkaAdminClient, KafkaConsumer, KafkaProducer])
def test_nothing_is_left_of_one_that_found_no_broker(kind: type) -> None:
    before = threading.active_count()
    with pytest.raises(KafkaError):
        connected(kind, "127.0.0.1:1", bootstrap_timeout_ms=300)
    assert threading.active_count() == before
