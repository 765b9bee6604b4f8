"""The producer's entry point: sends what the sources of a domain go on to say, until SIGTERM or Ctrl-C."""

from datetime import timedelta
from typing import Any, Literal

from headrace.settings import Settings
from simulation.producer import topic_producer
from simulation.producer.file_producer import drop
from simulation.producer.topic_producer import AllSent
from streaming.stopping import stop_when_told


def produce(
    domain: str,
    settings: Settings,
    *,
    to: Literal["topic", "files"],
    rate: float,
    lines: int,
    every: timedelta,
    seconds: float | None,
    fill: int | None,
    partitions: int | None,
    **whose: Any,
) -> AllSent:
    """To a topic at a rate, to files of `lines` each, or `fill` messages at once. `whose`: senders, tables."""
    stop = stop_when_told()
    if fill is not None:
        return topic_producer.fill(domain, settings, fill, partitions=partitions, **whose)
    if to == "files":
        return drop(domain, settings, stop, lines=lines, every=every, seconds=seconds, **whose)
    return topic_producer.produce(
        domain, settings, stop, rate=rate, seconds=seconds, partitions=partitions, **whose
    )
