"""Runs what EMR was asked for: takes the steps and runs that moto holds, has each submitted, and moves their states.

It does what EMR does with logs: puts them into the bucket.
"""

import gzip
import threading
from pathlib import Path
from urllib.parse import urlsplit

import boto3

from rehearsal.aws.job_queue import Asked, all_asked
from rehearsal.aws.spark_submit import Running

LOOKS_EVERY = 0.3


class StandIn(threading.Thread):
    """Lives in the process that moto lives in, for nobody else may move a step."""

    def __init__(self, home: Path) -> None:
        super().__init__(daemon=True, name="cluster")
        self._home, self._stop_told = home, threading.Event()
        self._running: dict[str, Running] = {}
        self._seen: set[str] = set()

    def run(self) -> None:
        while not self._stop_told.wait(LOOKS_EVERY):
            for asked in list(all_asked()):
                self._look_after(asked)
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
            words, promised = asked.begins()
            self._running[asked.id] = Running.begun(words, self._home / asked.place, promised)

    def _running_beside(self, asked: Asked) -> int:
        there = self._home / asked.place.parent
        return sum(running.folder.parent == there for running in self._running.values())

    def _goes_on(self, asked: Asked, running: Running) -> None:
        if asked.is_called_off:
            running.kill()
        code = running.code
        if code is None:
            return
        _keep_log(asked, running.folder)
        asked.ends(code)
        del self._running[asked.id]


def _keep_log(asked: Asked, folder: Path) -> None:
    place = urlsplit(asked.logs)
    for name in ("stdout", "stderr"):
        body = gzip.compress((folder / name).read_bytes())
        boto3.client("s3").put_object(
            Bucket=place.netloc, Key=f"{place.path.lstrip('/')}/{name}.gz", Body=body
        )
