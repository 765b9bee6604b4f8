"""Whether every message that a producer counts as sent is in its topic."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
from kafka import KafkaConsumer, TopicPartition

from headrace.lake.paths import Paths
from simulation.producer.outbox import Outbox


def missing_from(topic: str, broker: str, paths: Paths, table: str) -> tuple[int, int]:
    """How many messages of the chunks that were sent whole are not in the topic, and how many there are of them."""
    sent = _sent_whole(paths, table)
    return len(sent - set(_values_in(topic, broker))), len(sent)


def _sent_whole(paths: Paths, table: str) -> set[int]:
    """By hash, for there may be millions. What a chunk sends late is held back in a file beside it."""
    home, now = Path(paths.outbox(table)), Outbox(paths, table).cursor.chunk
    chunks = sorted(folder.name for folder in home.glob("2*") if folder.is_dir() and folder.name < now)
    if not chunks:
        return set()
    made = {value for chunk in chunks for value in _hashes(sorted((home / chunk).glob("part-*.parquet")))}
    return made - set(_hashes([home / f"held-{chunks[-1]}.parquet"]))


def _hashes(files: list[Path]) -> Iterator[int]:
    for file in files:
        for value in pq.read_table(file, columns=["value"])["value"].to_pylist():
            yield hash(value.encode())


def _values_in(topic: str, broker: str) -> Iterator[int]:
    consumer = KafkaConsumer(bootstrap_servers=broker, auto_offset_reset="earliest", consumer_timeout_ms=5000)
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    ends = consumer.end_offsets(partitions)
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    while any(consumer.position(each) < ends[each] for each in partitions):
        for messages in consumer.poll(timeout_ms=2000, max_records=20_000).values():
            yield from (hash(message.value) for message in messages if message.value is not None)
    consumer.close()
