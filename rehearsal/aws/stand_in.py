"""The cluster: takes the steps that moto holds, runs them with a real spark-submit, and moves their states.

It does what YARN does with archives (unpacks them once, and links them beside the program) and what EMR does with logs
(puts them into the bucket). Python on it has nothing of ours but what the archives bring.
"""

import gzip
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pyspark
from moto.emr.models import emr_backends

from headrace.lake.jars import TO_S3, resolved
from headrace.lake.session import to_s3

LOOKS_EVERY = 0.3
MEMORY, CORES = "1500m", 2
GONE = ("TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS")
WITH_VALUE = ("--archives", "--jars", "--conf", "--deploy-mode")


class StandIn(threading.Thread):
    """Lives in the process that moto lives in, for nobody else may move a step."""

    def __init__(self, home: Path) -> None:
        super().__init__(daemon=True, name="cluster")
        self._home, self._stop_told = home, threading.Event()
        self._running: dict[str, _Running] = {}
        self._seen: set[str] = set()

    def run(self) -> None:
        while not self._stop_told.wait(LOOKS_EVERY):
            for cluster in list(_clusters()):
                self._look_after(cluster)
        for running in self._running.values():
            running.kill()

    def stop(self) -> None:
        self._stop_told.set()
        self.join(30)

    def _look_after(self, cluster: Any) -> None:
        for step in cluster.steps:
            running = self._running.get(step.id)
            if running is not None:
                self._goes_on(cluster, step, running)
            elif step.id not in self._seen and cluster.state not in GONE:
                self._begin_or_wait(cluster, step)

    def _begin_or_wait(self, cluster: Any, step: Any) -> None:
        """The cluster says how many steps may run at once."""
        if step.state == "CANCELLED":
            self._seen.add(step.id)
        elif sum(each.id in self._running for each in cluster.steps) < int(
            cluster.step_concurrency_level or 1
        ):
            self._seen.add(step.id)
            self._running[step.id] = self._begin(cluster, step)
        else:
            step.state = "PENDING"

    def _begin(self, cluster: Any, step: Any) -> "_Running":
        step.state, step.start_datetime = "RUNNING", datetime.now(UTC)
        folder = self._home / cluster.id / step.id
        folder.mkdir(parents=True)
        return _Running.begun(_Words.of(step.args), folder)

    def _goes_on(self, cluster: Any, step: Any, running: "_Running") -> None:
        if step.state == "CANCELLED" or cluster.state in GONE:
            running.kill()
        elif running.code is None:
            return
        else:
            step.state = "COMPLETED" if running.code == 0 else "FAILED"
        step.end_date_time = datetime.now(UTC)
        del self._running[step.id]
        _keep_log(cluster, step, running.folder)


@dataclass(frozen=True)
class _Words:
    """spark-submit's, as far as a job of ours uses them."""

    archives: dict[str, str]
    jars: list[str]
    conf: list[str]
    file: str
    words: list[str]

    @classmethod
    def of(cls, args: Sequence[str]) -> "_Words":
        given: dict[str, list[str]] = {name: [] for name in WITH_VALUE}
        rest = list(args[1:])
        while rest[0] in given:
            given[rest.pop(0)].append(rest.pop(0))
        archives = dict(reversed(each.split("#")) for each in _split(given["--archives"]))
        return cls(archives, _split(given["--jars"]), given["--conf"], rest[0], rest[1:])


@dataclass
class _Running:
    process: "subprocess.Popen[bytes]"
    folder: Path
    began: float = field(default_factory=time.monotonic)

    @classmethod
    def begun(cls, asked: _Words, folder: Path) -> "_Running":
        for name, url in asked.archives.items():
            (folder / name).symlink_to(_unpacked(url, folder.parents[1] / "archives"))
        jars = [_fetched(url, folder.parents[1] / "jars") for url in asked.jars]
        s3 = resolved(TO_S3).glob("*.jar")
        home = Path(pyspark.__file__).parent
        conf = [*asked.conf, *(f"{name}={value}" for name, value in to_s3().items())]
        words = [
            *(str(home / "bin" / "spark-submit"), "--master", f"local[{CORES}]", "--driver-memory", MEMORY),
            *("--driver-class-path", ":".join(map(str, [*jars, *s3]))),
            *(word for each in conf for word in ("--conf", each)),
            *("--conf", "spark.ui.enabled=false", "--conf", "spark.driver.bindAddress=127.0.0.1"),
            *(
                "--conf",
                "spark.driver.host=127.0.0.1",
                "--conf",
                f"spark.driver.extraJavaOptions=-Duser.timezone=UTC -Djava.io.tmpdir={folder}",
            ),
            *(str(_fetched(asked.file, folder)), *asked.words),
        ]
        bare = os.path.realpath(sys.executable)
        told = {
            "SPARK_HOME": str(home),
            "PYSPARK_PYTHON": bare,
            "PYTHONPATH": "code:needs",
            "SPARK_LOCAL_IP": "127.0.0.1",
        }
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            process = subprocess.Popen(
                words,
                cwd=folder,
                env={**_without_ours(), **told},
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        return cls(process, folder)

    @property
    def code(self) -> int | None:
        return self.process.poll()

    def kill(self) -> None:
        """As YARN does: told first, then not asked."""
        if self.code is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


def _without_ours() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("HEADRACE_", "PYTHON"))}


def _clusters() -> Iterator[Any]:
    for of_account in list(emr_backends.values()):
        for of_region in list(of_account.values()):
            yield from of_region.clusters.values()


def _fetched(url: str, folder: Path) -> Path:
    parts = urlsplit(url)
    there = folder / parts.path.rsplit("/", 1)[-1]
    if not there.exists():
        folder.mkdir(parents=True, exist_ok=True)
        boto3.client("s3").download_file(parts.netloc, parts.path.lstrip("/"), str(there))
    return there


def _unpacked(url: str, folder: Path) -> Path:
    """Once for all steps, as YARN does."""
    there = folder / f"{url.rsplit('/', 1)[-1]}.unpacked"
    if not there.exists():
        scratch = there.with_suffix(".unpacking")
        shutil.unpack_archive(_fetched(url, folder), scratch)
        scratch.rename(there)
    return there


def _keep_log(cluster: Any, step: Any, folder: Path) -> None:
    place = urlsplit(f"{(cluster.log_uri or '').rstrip('/')}/{cluster.id}/steps/{step.id}/")
    for name in ("stdout", "stderr"):
        body = gzip.compress((folder / name).read_bytes())
        boto3.client("s3").put_object(
            Bucket=place.netloc, Key=f"{place.path.lstrip('/')}{name}.gz", Body=body
        )


def _split(given: Sequence[str]) -> list[str]:
    return [each for joined in given for each in joined.split(",") if each]
