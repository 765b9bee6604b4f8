"""Sends one share as fast as it can: `python -m simulation.producer.share <part> <topic> <parent>`."""

import os
import sys
import time
from pathlib import Path
from threading import Event

import pyarrow.parquet as pq

from headrace.errors import HeadraceError
from headrace.settings import Settings, get_settings
from simulation.producer.shares import Share, keep_state, state_of
from simulation.producer.topic_writer import Sender
from streaming.stopping import stop_when_told

SETTLE_EVERY, LOOK_EVERY = 1.0, 500


def send_share(part: Path, topic: str, settings: Settings, stop: Event, parent: int) -> None:
    """Until all of it has left, or somebody says stop, or the process that began this is gone."""
    messages, place = pq.read_table(part, columns=["key", "value"]), state_of(part).sent
    keys, values = (messages[name].to_pylist() for name in ("key", "value"))
    sender = Sender(topic, settings)
    try:
        keep_state(part, Share(place, sender.begin()))
        settled = time.monotonic()
        while place < len(keys) and not stop.is_set() and os.getppid() == parent:
            for _ in range(min(LOOK_EVERY, len(keys) - place)):
                sender.send(keys[place], values[place])
                place += 1
            if time.monotonic() - settled > SETTLE_EVERY:
                keep_state(part, Share(place, sender.settle()))
                settled = time.monotonic()
        sender.settle()
        keep_state(part, Share(place, None))
    finally:
        sender.close()


def main() -> int:
    part, topic, parent = sys.argv[1:4]
    try:
        send_share(Path(part), topic, get_settings(), stop_when_told(), int(parent))
    except HeadraceError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
