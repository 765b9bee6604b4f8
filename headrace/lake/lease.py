"""One writer a table at a time, by a lease; and what the steps of the run that holds leases share.

A lease is an object created only where there is none. Its holder renews it; when the holder dies it expires,
and on the same machine a dead holder's lease is free at once. Its age is told by the clock of the place where it lies:
the clocks of two machines need not agree. Two machines may have one name, so a machine is known by its boot and by the
processes that it sees.
"""

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from weakref import WeakSet

import psutil

from headrace.errors import Busy
from headrace.lake import objects
from headrace.lake.paths import Paths
from headrace.settings import Settings

BOOT = Path("/proc/sys/kernel/random/boot_id")
PROCESSES = Path("/proc/self/ns/pid")

try:  # Linux; a container sees other processes than its host does
    MACHINE = f"{BOOT.read_text().strip()} {PROCESSES.readlink()}"
except OSError:
    MACHINE = str(int(psutil.boot_time()))
HOST = socket.gethostname()
STANDING = "standing job"
BYTES_PER_ROW = 8
SUFFIX = ".lease.json"
T = TypeVar("T")


@dataclass(frozen=True)
class Holder:
    token: str
    job: str
    host: str
    pid: int
    started: float
    seconds: float = 0.0
    """For how long it is held since it was last written."""
    machine: str = ""

    @property
    def is_standing(self) -> bool:
        """Whether it is a job that stays: nobody need wait for its end."""
        return self.job.startswith(STANDING)

    def is_gone(self, age: float) -> bool:
        """age: for how long the lease has not been renewed."""
        if age >= self.seconds:
            return True
        if self.machine != MACHINE:
            return False
        try:
            process = psutil.Process(self.pid)
            is_it = abs(process.create_time() - self.started) < 1
            return not is_it or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True


class Leases:
    """The leases one run holds; renewed together until released."""

    def __init__(self, urls: Sequence[str], job: str, seconds: float) -> None:
        self._urls = [f"{url}{SUFFIX}" for url in urls]
        self._job, self._seconds = job, seconds
        self._token = uuid.uuid4().hex
        self._held: list[str] = []
        self._stop = threading.Event()
        self._lost: str | None = None
        self._expires = 0.0
        self._trouble: Exception | None = None
        self._renewing = threading.Lock()

    def acquire(self) -> None:
        _ALL.add(self)
        self._expires = time.time() + self._seconds
        try:
            for url in self._urls:
                self._take(url)
        except BaseException:
            self.release()
            raise
        threading.Thread(target=self._renew_until_stopped, daemon=True, name="leases").start()

    def check(self) -> None:
        """Called before each commit: a holder that lost its lease must not write."""
        if self._stop.is_set():
            raise Busy("the leases were given back; nothing more is written")
        if self._is_late and self._lost is None:
            self._renew()
        if self._lost:
            raise Busy(f"the lease {self._lost} was lost to another run; nothing more was written")
        if self._is_late:
            why = f" ({self._trouble})" if self._trouble else ""
            raise Busy(f"the leases could not be renewed in time{why}; nothing more was written") from (
                self._trouble
            )

    def checked(self, work: Callable[[], T]) -> T:
        self.check()
        return work()

    def release(self) -> None:
        self._stop.set()
        with self._renewing:
            for url in self._held:
                mine = self._mine(url)
                if mine is not None:
                    objects.delete_if(url, mine)
            self._held.clear()

    @property
    def _is_late(self) -> bool:
        """From then on others may take the leases."""
        return time.time() >= self._expires

    def _take(self, url: str) -> None:
        """Of two that find the same dead lease, one succeeds."""
        self._held.append(url)  # before it is: where the answer is lost, what was stored is given back
        body = self._body()
        if objects.put_new(url, body):
            return
        found = objects.look_at(url)
        holder = _holder_in(found.body) if found is not None else None
        if found is not None and holder is not None and not holder.is_gone(found.age):
            raise _busy(url.removesuffix(SUFFIX), holder)
        if not (objects.put_new(url, body) if found is None else objects.swap(url, found.body, body)):
            raise Busy(f"another run took {url} just now; try again")

    def _body(self) -> bytes:
        pid = os.getpid()
        started = psutil.Process(pid).create_time()
        holder = Holder(self._token, self._job, HOST, pid, started, self._seconds, MACHINE)
        return json.dumps(asdict(holder)).encode()

    def _renew_until_stopped(self) -> None:
        while self._lost is None and not self._stop.wait(self._seconds / 3):
            self._renew()

    def _renew(self) -> None:
        with self._renewing:
            expires = time.time() + self._seconds
            try:
                for url in list(self._held):
                    mine = self._mine(url)
                    if mine is None or not objects.swap(url, mine, self._body()):
                        self._lost = url
                        return
                self._expires, self._trouble = expires, None
            except Exception as error:  # tried again; `check` looks at the clock
                self._trouble = error

    def _mine(self, url: str) -> bytes | None:
        """What lies there, while the lease is ours."""
        body = objects.get(url)
        return body if body is not None and _holder_in(body).token == self._token else None


@dataclass(frozen=True)
class RunContext:
    """What every step of one run shares."""

    paths: Paths
    settings: Settings
    leases: Leases
    run: str
    """The run's name, as commits and the ledger carry it."""

    @property
    def bytes_per_batch(self) -> int:
        """Of the files that one batch takes at most, unless its first file has more."""
        return self.settings.rows_per_batch * BYTES_PER_ROW


def new_run_name() -> str:
    """Sorts by time; two runs of one second differ."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


_ALL: WeakSet[Leases] = WeakSet()


def give_back_all() -> None:
    """Releases every lease of this process, which is about to end."""
    for leases in list(_ALL):
        leases.release()


@contextmanager
def leased(urls: Sequence[str], *, job: str, seconds: float) -> Iterator[Leases]:
    leases = Leases(urls, job, seconds)
    leases.acquire()
    try:
        yield leases
    finally:
        leases.release()


def tables_held(root: str) -> list[tuple[str, str]]:
    """Layer and name of all tables below a folder of leases that somebody holds or held last."""
    names = [url.rsplit("/", 2)[1:] for url in objects.list_under(root) if url.endswith(SUFFIX)]
    return [(layer, name.removesuffix(SUFFIX)) for layer, name in names]


def living_holder(url: str) -> Holder | None:
    """Who holds a lease now."""
    found = objects.look_at(f"{url}{SUFFIX}")
    if found is None:
        return None
    holder = _holder_in(found.body)
    return None if holder.is_gone(found.age) else holder


def refuse_held(url: str, *, but_standing: bool = False) -> None:
    """Raises where somebody holds a lease now. but_standing: a standing job may."""
    holder = living_holder(url)
    if holder is not None and not (but_standing and holder.is_standing):
        raise _busy(url, holder)


def _busy(url: str, holder: Holder) -> Busy:
    table = "/".join(url.split("/")[-3:])
    return Busy(
        f"{table} is being written by {holder.job!r} (process {holder.pid} on {holder.host}). "
        "Wait until it is done, or stop it."
    )


def _holder_in(body: bytes) -> Holder:
    holder = json.loads(body)
    holder.pop("expires", None)  # a lease of earlier days: taken over, and its holder stops
    return Holder(**holder)
