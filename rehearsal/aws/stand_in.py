"""Runs what EMR was asked for: takes the steps and runs that moto holds, has each submitted, and moves their states.

It does what EMR does with logs: puts them into the bucket.
"""

import gzip
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import boto3

from rehearsal.aws.job_queue import Asked, all_asked
from rehearsal.aws.spark_submit import Running, applications_of
from rehearsal.yarn import Yarn

LOOKS_EVERY = 0.3


class StandIn(threading.Thread):
    """Lives in the process that moto lives in, for nobody else may move a step."""

    def __init__(self, home: Path, yarn: Yarn) -> None:
        super().__init__(daemon=True, name="cluster")
        self._home, self._yarn, self._stop_told = home, yarn, threading.Event()
        self._running: dict[str, Running] = {}
        self._seen: set[str] = set()

    def run(self) -> None:
        while not self._stop_told.wait(LOOKS_EVERY):
            for asked in list(all_asked()):
                try:
                    self._look_after(asked)
                except Exception:  # of one step: the others are still looked after
                    self._gives_up(asked)
        for running in self._running.values():
            running.kill()

    def stop(self) -> None:
        self._stop_told.set()
        self.join(30)

    def _look_after(self, asked: Asked) -> None:
        running = self._running.get(asked.id)
        if running is not None:
            self._goes_on(asked, running)
        elif asked.id not in self._seen:
            self._begin_or_wait(asked)

    def _begin_or_wait(self, asked: Asked) -> None:
        if asked.is_called_off:
            self._seen.add(asked.id)
        elif asked.may_begin(self._running_beside(asked)):
            self._seen.add(asked.id)
            self._begin(asked)

    def _begin(self, asked: Asked) -> None:
        folder = self._home / asked.place
        folder.mkdir(parents=True)
        self._yarn.wait()
        self._running[asked.id] = Running.begun(asked.begins(), folder, self._yarn)

    def _gives_up(self, asked: Asked) -> None:
        """What cannot be done fails its step, which says why: whoever waits for it would wait for ever."""
        why = traceback.format_exc()
        print(f"{asked.id}: {why}", flush=True)
        running = self._running.pop(asked.id, None)
        if running is not None:
            running.kill()
        asked.ends(1)
        with suppress(Exception):
            _put(f"{asked.logs}/stderr.gz", why.encode())

    def _running_beside(self, asked: Asked) -> int:
        there = self._home / asked.place.parent
        return sum(running.folder.parent == there for running in self._running.values())

    def _goes_on(self, asked: Asked, running: Running) -> None:
        if asked.is_called_off:
            running.kill()
        code = running.over()
        if code is None:
            return
        del self._running[asked.id]
        _keep_logs(asked.logs, running.folder)
        for application in applications_of(running.folder):
            for folder in self._yarn.containers(application):
                _keep_logs(asked.logs_of(application, folder.name), folder)
        asked.ends(code)


def _keep_logs(url: str, folder: Path) -> None:
    for file in (folder / name for name in ("stdout", "stderr")):
        if file.exists():
            _put(f"{url}/{file.name}.gz", file.read_bytes())


def _put(url: str, body: bytes) -> None:
    place = urlsplit(url)
    boto3.client("s3").put_object(Bucket=place.netloc, Key=place.path.lstrip("/"), Body=gzip.compress(body))
