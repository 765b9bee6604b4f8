"""Messages that are made and wait to be sent, and how far the sending has come."""

import fcntl
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headrace.errors import Busy
from headrace.lake import objects
from headrace.lake.paths import Paths


@dataclass(frozen=True)
class Cursor:
    """The chunk that is being sent, and how many of its messages have left; the last ones in `file`, if in any.

    `ends`: the offsets, by partition, behind which messages may have left that are not counted yet; None between
    sendings. `rest`: how often the chunk's unsent messages were written down anew because a sending was cut short;
    `sent` then counts from there. `until`: how far the sending has come in the source's own time; empty where the
    whole chunk has left.
    """

    chunk: str = ""
    sent: int = 0
    total: int = 0
    file: str = ""
    ends: dict[str, int] | None = None
    rest: int = 0
    until: str = ""


def position_at(chunk: str, messages: pa.Table, place: int) -> Cursor:
    """The cursor once `place` messages of the chunk have left."""
    until = "" if place >= len(messages) else messages["send_at"][place].as_py().isoformat()
    return Cursor(chunk, place, len(messages), until=until)


class Outbox:
    """A table's chunks of messages, in the source's own time. What a chunk sends late goes out with a later one."""

    def __init__(self, paths: Paths, table: str) -> None:
        self._home = Path(paths.outbox(table))
        self._folder = paths.dropped(table)
        self._lock: TextIOWrapper | None = None

    def take(self) -> None:
        """Locks the outbox until `free`, or until this process is gone."""
        self._home.mkdir(parents=True, exist_ok=True)
        self._lock = (self._home / "sender.lock").open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.free()
            raise Busy(
                f"another headrace produce is sending from {self._home}; wait for it or stop it"
            ) from None
        self._finish_file()

    def free(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def drop(self, name: str, body: bytes, cursor: Cursor) -> None:
        """Lets a file out, whole. It counts as sent once it lies ready, and a kill after that only delays it."""
        objects.put(str(self._leaving / name), body)
        self.move(replace(cursor, file=name))
        self._finish_file()

    @property
    def _leaving(self) -> Path:
        return self._home / "leaving"

    def _finish_file(self) -> None:
        """Moves a file that counts as sent into the table's folder; any other is removed and will be made again."""
        for ready in sorted(self._leaving.glob("*")):
            if ready.name == self.cursor.file:
                objects.put(f"{self._folder}/{ready.name}", ready.read_bytes())
            ready.unlink()

    def folder(self, chunk: str) -> Path:
        return self._home / chunk

    def begun(self, chunk: str) -> int:
        """How many messages of a chunk have left."""
        return self.cursor.sent if self.cursor.chunk == chunk else 0

    @property
    def cursor(self) -> Cursor:
        return Cursor(**(objects.get_json(str(self._home / "cursor.json")) or {}))

    def move(self, cursor: Cursor) -> None:
        before = self.cursor
        if before.rest and before.chunk == cursor.chunk:
            cursor = replace(cursor, rest=max(cursor.rest, before.rest))
        objects.put_json(str(self._home / "cursor.json"), asdict(cursor))

    def waiting(self) -> list[str]:
        """The chunks that are not wholly sent, the oldest first."""
        done = self.cursor
        made = sorted(folder.name for folder in self._home.glob("2*") if folder.is_dir())
        finished = done.chunk if done.sent >= done.total else ""
        return [name for name in made if name >= done.chunk and name != finished]

    def messages(self, chunk: str, until: datetime) -> pa.Table:
        """All that is due before the chunk's end, in the order in which it leaves; the rest is held for later."""
        if self.has_rest(chunk):
            return pq.read_table(self.rest_of(chunk))
        parts = [*sorted(self.folder(chunk).glob("part-*.parquet")), *self._held_before(chunk)]
        everything = pa.concat_tables(pq.read_table(part) for part in parts)
        is_due = pc.less(
            everything["send_at"], pa.scalar(until.replace(tzinfo=UTC), everything["send_at"].type)
        )
        self._hold(chunk, everything.filter(pc.invert(is_due)))
        due = everything.filter(is_due)
        shuffled = np.random.default_rng(len(due)).permutation(len(due))
        instants = due["send_at"].cast(pa.int64()).to_numpy()[shuffled]
        return due.take(pa.array(shuffled[np.argsort(instants, kind="stable")]))

    def keep_rest(self, chunk: str, rest: pa.Table) -> None:
        """Replaces the chunk's messages by those that have not left, in the order in which they will."""
        number = 1 + (self.cursor.rest if self.has_rest(chunk) else 0)
        self._write(rest, self._home / f"rest-{chunk}-{number}.parquet")
        self.move(replace(position_at(chunk, rest, 0), rest=number))

    def has_rest(self, chunk: str) -> bool:
        return self.cursor.chunk == chunk and self.cursor.rest > 0

    def rest_of(self, chunk: str) -> Path:
        return self._home / f"rest-{chunk}-{self.cursor.rest}.parquet"

    def _held_before(self, chunk: str) -> Iterator[Path]:
        earlier = sorted(file for file in self._home.glob("held-*.parquet") if file.stem < f"held-{chunk}")
        yield from earlier[-1:]

    def _hold(self, chunk: str, rest: pa.Table) -> None:
        self._write(rest, self._home / f"held-{chunk}.parquet")

    def _write(self, rest: pa.Table, final: Path) -> None:
        scratch = final.with_suffix(".writing")
        pq.write_table(rest, scratch)
        scratch.replace(final)
