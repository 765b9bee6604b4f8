"""A chunk of messages in shares, each sent by a process of its own: all messages of a sender are in one of them.

A share is a file of messages and a small object beside it: how many have left, and behind which offsets more may have.
"""

import os
import shutil
import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headrace.errors import HeadraceError
from headrace.lake import objects
from headrace.settings import Settings, as_environment
from simulation.producer.outbox import Outbox, come_to

READY = "ready.json"


@dataclass(frozen=True)
class Share:
    """`ends`: None once all that was sent is counted."""

    sent: int = 0
    ends: dict[str, int] | None = None


def state_of(part: Path) -> Share:
    return Share(**(objects.get_json(str(part.with_suffix(".json"))) or {}))


def keep_state(part: Path, share: Share) -> None:
    objects.put_json(str(part.with_suffix(".json")), asdict(share))


def cut(outbox: Outbox, chunk: str, messages: pa.Table, count: int) -> list[Path]:
    """Lays the shares of what is left of a chunk ready, and counts the chunk as being sent."""
    shutil.rmtree(outbox.shares, ignore_errors=True)
    outbox.shares.mkdir(parents=True)
    begun = outbox.begun(chunk)
    rest = messages.slice(begun)
    whose = _whose(rest, count)
    parts = [outbox.shares / f"part-{number}.parquet" for number in range(count)]
    for number, part in enumerate(parts):
        pq.write_table(rest.filter(pa.array(whose == number)), part)
    objects.put_json(str(outbox.shares / READY), {"chunk": chunk})
    outbox.move(replace(come_to(chunk, messages, begun), ends={}))
    return parts


def left_of(outbox: Outbox, chunk: str) -> list[tuple[pa.Table, Share]] | None:
    """What each share still held when the last sending ended; None where the chunk was not cut."""
    if (objects.get_json(str(outbox.shares / READY)) or {}).get("chunk") != chunk:
        return None
    found = [(pq.read_table(part), state_of(part)) for part in sorted(outbox.shares.glob("part-*.parquet"))]
    return [(messages.slice(share.sent), share) for messages, share in found]


def clear(outbox: Outbox) -> None:
    shutil.rmtree(outbox.shares, ignore_errors=True)


class Senders:
    """One process for each share. They end with us: what they hold of the outbox's lock is free then."""

    def __init__(self, parts: list[Path], topic: str, settings: Settings, lock: int) -> None:
        self._parts, self._told_to_stop = parts, False
        environment = {**os.environ, **as_environment(settings)}
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "simulation.producer.share", str(part), topic, str(os.getpid())],
                env=environment,
                pass_fds=[lock],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            for part in parts
        ]

    @property
    def sent(self) -> int:
        return sum(state_of(part).sent for part in self._parts)

    def are_running(self) -> bool:
        return any(process.poll() is None for process in self._processes)

    def stop(self) -> None:
        self._told_to_stop = True
        for process in self._processes:
            if process.poll() is None:
                process.terminate()

    def wait(self) -> None:
        """Until all have ended; what one died of is raised."""
        said = [process.communicate()[1].decode(errors="replace").strip() for process in self._processes]
        for process, words in zip(self._processes, said, strict=True):
            if self._told_to_stop and process.returncode == -signal.SIGTERM:
                continue  # told before it listened
            if process.returncode:
                raise HeadraceError(
                    words.removeprefix("error: ") or f"a sender ended with {process.returncode}"
                )


def _whose(messages: pa.Table, count: int) -> np.ndarray:
    """By key, or where there is none by content: what is alike is in one share."""
    keys, values = (messages[name].to_pylist() for name in ("key", "value"))
    return np.fromiter(_numbers(keys, values, count), np.int32, len(messages))


def _numbers(keys: list[str | None], values: list[str], count: int) -> Iterator[int]:
    for key, value in zip(keys, values, strict=True):
        yield zlib.crc32((value if key is None else key).encode()) % count
