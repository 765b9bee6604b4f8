"""Drops what the sources of a domain go on to say as files: the messages a topic would carry, in the same order.

Each file appears whole, named by the instant at which it appears. The cursor moves before that, so a sending that was
stopped anywhere is continued without a hole, to files or to the topic.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import chain

from headrace.progress import Event, Stopwatch, tell
from headrace.settings import Settings
from simulation.producer.continuation import Continuation, topic_contracts
from simulation.producer.outbox import Cursor, position_at
from simulation.producer.side_by_side import Start, side_by_side
from simulation.producer.topic_producer import AHEAD_SECONDS, MOST_AHEAD, STAGE, AllSent, Sent

LINES, EVERY = 10_000, timedelta(seconds=10)
AT_LEAST_AHEAD = 1000


def drop(
    domain: str,
    settings: Settings,
    stop: threading.Event,
    *,
    lines: int = LINES,
    every: timedelta = EVERY,
    senders: int | None = None,
    seconds: float | None = None,
    tables: Sequence[str] | None = None,
) -> AllSent:
    """Of each table one file now and one each interval, until `stop` is set or for `seconds`. Messages that do not fill
    a file wait for the next sending."""
    contracts, rate = topic_contracts(domain, tables), lines / every.total_seconds()
    ahead = min(int(rate * min(seconds or AHEAD_SECONDS, AHEAD_SECONDS)) + AT_LEAST_AHEAD, MOST_AHEAD)

    def send(number: int, start: Start) -> Sent:
        with closing(Continuation(domain, contracts[number], settings, ahead, senders)) as source:
            files = start.wait_with_first(_files(source, lines))
            return _drop(source, zip(_moments(every, seconds, stop), files, strict=False), lines)

    return AllSent(side_by_side(send, len(contracts), stop))


def _drop(source: Continuation, files: Iterator[tuple[None, tuple[bytes, Cursor]]], lines: int) -> Sent:
    folder = source.paths.dropped(source.table)
    tell(Event(STAGE, folder, "started"))
    count, watch = 0, Stopwatch()
    for _, (body, cursor) in files:
        source.outbox.drop(_name(source.table), body, cursor)
        count += lines
        note = f"{count / max(watch.seconds, 0.001):,.0f} lines a second"
        tell(Event(STAGE, folder, "going", rows=count, seconds=watch.seconds, note=note))
    tell(Event(STAGE, folder, "done", rows=count, seconds=watch.seconds))
    return Sent(folder, count, watch.seconds)


def _files(source: Continuation, lines: int) -> Iterator[tuple[bytes, Cursor]]:
    """The body of each file, and the cursor after it; a file may hold messages of two chunks."""
    held: list[str] = []
    for chunk, messages in source.slices():
        values = messages["value"].to_pylist()
        place = source.outbox.begun(chunk)
        while place < len(values):
            taken = values[place : place + lines - len(held)]
            held, place = [*held, *taken], place + len(taken)
            if len(held) == lines:
                text = "".join(chain.from_iterable((line, "\n") for line in held))
                yield text.encode(), position_at(chunk, messages, place)
                held = []


def _moments(every: timedelta, seconds: float | None, stop: threading.Event) -> Iterator[None]:
    """Now, and each interval from now on; a late one does not delay the next."""
    began, due = time.monotonic(), 0.0
    while not stop.is_set() and (seconds is None or due < seconds):
        yield
        due += every.total_seconds()
        stop.wait(max(0.0, began + min(due, seconds or due) - time.monotonic()))


def _name(table: str) -> str:
    """The table's last word and the instant, as a source names its files."""
    return f"{table.rpartition('_')[2]}_{datetime.now(UTC):%Y%m%d_%H%M%S_%f}.json"
