"""Writes messages to a topic by an idempotent producer, and tells how far the broker has them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)

from headrace.errors import HeadraceError
from headrace.settings import Settings
from headrace.sources.broker import NO_ANSWER, client_options, connected, no_broker, offsets_now

LARGEST_REQUEST = 64 << 20  # how large a message may be is the broker's business
FLUSHED_WITHIN = 60
TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
Ends = dict[str, int]


class TopicWriter:
    """`ends`: by partition, the offset after the last message that is known to be ours."""

    def __init__(self, topic: str, settings: Settings) -> None:
        self._topic, self._settings = topic, settings
        self._producer = _producer(settings)
        self._under_way: list[Any] = []
        self.ends: Ends = {}

    def begin(self) -> Ends:
        """Where the topic ends before anything is sent."""
        if not self.ends:
            now = offsets_now(self._topic, self._settings)
            self.ends = {str(number): end for number, (_, end) in now.items()}
        return self.ends

    def send(self, key: str | None, value: str) -> None:
        body = value.encode()
        try:
            future = self._producer.send(self._topic, key=None if key is None else key.encode(), value=body)
        except KafkaError as error:
            raise self._refused(error, len(body)) from error
        self._under_way.append((future, len(body)))

    def settle(self) -> Ends:
        """Waits until the broker has all that was sent."""
        try:
            self._producer.flush(timeout=FLUSHED_WITHIN)
        except KafkaError as error:
            raise self._refused(error, 0) from error
        ends = dict(self.ends)
        for future, size in self._under_way:
            if future.failed():
                raise self._refused(future.exception, size) from future.exception
            number = str(future.value.partition)
            ends[number] = max(ends.get(number, 0), future.value.offset + 1)
        self._under_way, self.ends = [], ends
        return ends

    def close(self) -> None:
        self._producer.close(timeout=10)

    def _refused(self, error: BaseException, size: int) -> HeadraceError:
        at = f"Kafka at {self._settings.kafka_bootstrap} (HEADRACE_KAFKA_BOOTSTRAP)"
        if isinstance(error, TOO_LARGE):
            return HeadraceError(
                f"{at} refuses a message of {size:,} bytes: the topic {self._topic} takes none that large. Raise its "
                "max.message.bytes (or the broker's message.max.bytes). What was sent before is counted; the next "
                "headrace produce begins with this message."
            )
        if isinstance(error, TopicAuthorizationFailedError):
            return HeadraceError(
                f"{at} does not let us write to {self._topic}: see HEADRACE_KAFKA_SECURITY and the rights of this role"
            )
        return HeadraceError(f"{at} takes no messages: {type(error).__name__}: {error}")


def values_since(topic: str, ends: Ends, settings: Settings) -> list[bytes]:
    """The bodies of all messages from these offsets on; of other partitions, of all messages."""
    now = offsets_now(topic, settings)
    since = {number: max(ends.get(str(number), 0), first) for number, (first, _) in now.items()}
    wanted = {number: at for number, at in since.items() if at < now[number][1]}
    found: list[bytes] = []
    with _reading(topic, wanted, settings) as consumer:
        while any(consumer.position(TopicPartition(topic, number)) < now[number][1] for number in wanted):
            for records in consumer.poll(timeout_ms=500).values():
                found += [record.value for record in records]
    return found


@contextmanager
def _reading(topic: str, starts: dict[int, int], settings: Settings) -> Iterator[Any]:
    consumer = connected(KafkaConsumer, settings.kafka_bootstrap, **client_options(settings))
    try:
        consumer.assign([TopicPartition(topic, number) for number in starts])
        for number, at in starts.items():
            consumer.seek(TopicPartition(topic, number), at)
        yield consumer
    finally:
        consumer.close()


def _producer(settings: Settings) -> Any:
    try:
        return connected(
            KafkaProducer,
            settings.kafka_bootstrap,
            enable_idempotence=True,
            acks="all",
            linger_ms=20,
            batch_size=1 << 17,
            max_request_size=LARGEST_REQUEST,
            **client_options(settings),
        )
    except NO_ANSWER as error:
        raise no_broker(settings, error) from error
