"""What a sending that was cut short has left to do, told by the broker: nothing is left out, nothing sent twice.

Messages that left since they were last counted are in the topic behind known offsets. Those that are there are taken
off what was still to be sent, each as often as it is there: a planted duplicate is a second copy, and stays one.
"""

from collections import Counter
from collections.abc import Callable

import pyarrow as pa

from headrace.errors import HeadraceError
from headrace.settings import Settings
from simulation.producer.outbox import Outbox
from simulation.producer.shares import Share, clear, left_of
from simulation.producer.topic_writer import values_behind


def recover(outbox: Outbox, messages: Callable[[str], pa.Table], topic: str, settings: Settings) -> None:
    cursor = outbox.cursor
    if cursor.ends is not None:
        parts = left_of(outbox, cursor.chunk)
        if parts is None:
            parts = [(messages(cursor.chunk).slice(cursor.sent), Share(0, cursor.ends))]
        rest = [_without_sent(part, share, topic, settings) for part, share in parts]
        outbox.keep_rest(cursor.chunk, pa.concat_tables(rest).sort_by("send_at"))
    clear(outbox)


def _without_sent(part: pa.Table, share: Share, topic: str, settings: Settings) -> pa.Table:
    if share.ends is None or not len(part):
        return part
    try:
        there = Counter(values_behind(topic, share.ends, settings))
    except HeadraceError as error:
        raise HeadraceError(
            f"the last sending to {topic} was cut short, and only the broker knows what it has of it: {error}"
        ) from error
    is_new = []
    for value in part["value"].to_pylist():
        body = value.encode()
        is_new.append(not there[body])
        there[body] -= not is_new[-1]
    return part.filter(pa.array(is_new, pa.bool_())) if not all(is_new) else part
