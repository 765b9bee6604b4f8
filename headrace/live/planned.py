"""What Spark's checkpoint says of a topic: it notes where a batch ends before the batch is run."""

import re
from json import loads

from headrace.lake import objects

_OFFSETS = re.compile(rb"^\{.*\}$", re.MULTILINE)


def last_done(checkpoint: str) -> int:
    """The number of the last batch that is done; -1 where none is."""
    done = [name.rpartition("/")[2] for name in objects.list_under(f"{checkpoint}/commits")]
    return max((int(name) for name in done if name.isdigit()), default=-1)


def ended(checkpoint: str, topic: str) -> dict[int, int]:
    """Where the last batch that is done ended; else where the first was to begin."""
    return ends_of(checkpoint, last_done(checkpoint), topic)


def ends_of(checkpoint: str, batch: int, topic: str) -> dict[int, int]:
    """By partition, the offset behind the last one of a batch."""
    place = "sources/0/0" if batch < 0 else f"offsets/{batch}"
    text = objects.get(f"{checkpoint}/{place}") or b""
    found = _OFFSETS.findall(text)
    by_topic = loads(found[-1]) if found else {}
    return {int(number): offset for number, offset in by_topic.get(topic, {}).items()}


def offsets_planned(checkpoint: str, batch: int, topic: str) -> int:
    """How many offsets a batch covers. It has as many messages, unless some were removed or mark transactions."""
    begin, end = (ends_of(checkpoint, each, topic) for each in (batch - 1, batch))
    return sum(last - begin.get(number, 0) for number, last in end.items())
