"""One writer a table at a time.

A lease is an object created only where there is none. Its holder renews it; when the holder dies it expires,
and on the same machine a dead holder's lease is free at once.
"""

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import psutil

from headrace.errors import Busy
from headrace.lake import objects

HOST = socket.gethostname()


@dataclass(frozen=True)
class Holder:
    token: str
    job: str
    host: str
    pid: int
    started: float
    expires: float

    @property
    def is_gone(self) -> bool:
        if self.expires < time.time():
            return True
        return self.host == HOST and not _is_running(self.pid, self.started)


class Leases:
    """The leases one run holds; renewed together until released."""

    def __init__(self, urls: Sequence[str], job: str, seconds: float) -> None:
        self._urls = [f"{url}.lease.json" for url in urls]
        self._job, self._seconds = job, seconds
        self._token = uuid.uuid4().hex
        self._held: list[str] = []
        self._stop = threading.Event()
        self._lost: str | None = None

    def acquire(self) -> None:
        try:
            for url in self._urls:
                self._take(url)
        except BaseException:
            self.release()
            raise
        threading.Thread(target=self._renew_until_stopped, daemon=True, name="leases").start()

    def check(self) -> None:
        """Called before each commit: a holder that lost its lease must not write."""
        if self._lost:
            raise Busy(f"the lease {self._lost} was lost to another run; nothing more was written")

    def release(self) -> None:
        self._stop.set()
        for url in self._held:
            if (holder := _holder_of(url)) and holder.token == self._token:
                objects.delete(url)
        self._held.clear()

    def _take(self, url: str) -> None:
        if objects.put_new(url, self._body()):
            self._held.append(url)
            return
        holder = _holder_of(url)
        if holder is not None and not holder.is_gone:
            table = "/".join(url.removesuffix(".lease.json").split("/")[-3:])
            raise Busy(
                f"{table} is being written by {holder.job!r} (process {holder.pid} on {holder.host}). "
                "Wait until it is done, or stop it."
            )
        objects.delete(url)
        if not objects.put_new(url, self._body()):
            raise Busy(f"another run took {url} just now; try again")
        self._held.append(url)

    def _body(self) -> bytes:
        pid = os.getpid()
        holder = Holder(
            self._token, self._job, HOST, pid, psutil.Process(pid).create_time(), time.time() + self._seconds
        )
        return json.dumps(asdict(holder)).encode()

    def _renew_until_stopped(self) -> None:
        while not self._stop.wait(self._seconds / 3):
            for url in list(self._held):
                holder = _holder_of(url)
                if holder is None or holder.token != self._token:
                    self._lost = url
                    return
                objects.put(url, self._body())


@contextmanager
def leased(urls: Sequence[str], *, job: str, seconds: float) -> Iterator[Leases]:
    leases = Leases(urls, job, seconds)
    leases.acquire()
    try:
        yield leases
    finally:
        leases.release()


def _holder_of(url: str) -> Holder | None:
    found = objects.get_json(url)
    return None if found is None else Holder(**found)


def _is_running(pid: int, started: float) -> bool:
    try:
        return abs(psutil.Process(pid).create_time() - started) < 1
    except psutil.NoSuchProcess:
        return False
