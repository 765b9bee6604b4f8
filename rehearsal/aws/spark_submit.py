"""A program in a process of its own, by a real spark-submit.

What YARN does with archives is done here: they are unpacked once, and linked beside the executors, which are in the
process of the driver. Python has nothing of ours but what the archives bring.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pyspark

from headrace.lake.jars import COMPILES_LITTLE, TO_S3, resolved
from headrace.lake.session import to_s3

MEMORY, CORES = "1500m", 2
WITH_VALUE = ("--archives", "--jars", "--conf", "--deploy-mode", "--driver-memory")


@dataclass(frozen=True)
class Words:
    """spark-submit's, as far as a job of ours uses them."""

    archives: dict[str, str]
    jars: list[str]
    conf: list[str]
    file: str
    words: list[str]

    @classmethod
    def of(cls, args: Sequence[str]) -> "Words":
        """args: without the name of the program."""
        given: dict[str, list[str]] = {name: [] for name in WITH_VALUE}
        rest = list(args)
        while rest[0] in given:
            given[rest.pop(0)].append(rest.pop(0))
        archives = dict(reversed(each.split("#")) for each in _split(given["--archives"]))
        return cls(archives, _split(given["--jars"]), given["--conf"], rest[0], rest[1:])


@dataclass
class Running:
    process: "subprocess.Popen[bytes]"
    folder: Path

    @classmethod
    def begun(cls, asked: Words, folder: Path, environment: dict[str, str]) -> "Running":
        """environment: what the program finds there by itself."""
        shared = folder.parents[1]
        folder.mkdir(parents=True)
        for name, url in asked.archives.items():
            (folder / name).symlink_to(_unpacked(url, shared / "archives"))
        temporary = shared / "tmp"
        temporary.mkdir(exist_ok=True)
        jars = [str(_fetched(url, shared / "jars")) for url in asked.jars]
        home = Path(pyspark.__file__).parent
        words = _spark_submit(home, asked, jars, folder)
        told = {
            **_without_ours(),
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "TMPDIR": str(temporary),
            **environment,
        }
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            process = subprocess.Popen(
                words, cwd=folder, env=told, stdout=out, stderr=err, start_new_session=True
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


def _spark_submit(home: Path, asked: Words, jars: list[str], folder: Path) -> list[str]:
    s3 = map(str, resolved(TO_S3).glob("*.jar"))
    here = {
        "spark.pyspark.python": os.path.realpath(sys.executable),
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": str(2 * CORES),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC {COMPILES_LITTLE} -Djava.io.tmpdir={folder}",
    }
    conf = [*asked.conf, *(f"{name}={value}" for name, value in {**to_s3(), **here}.items())]
    return [
        *(str(home / "bin" / "spark-submit"), "--master", f"local[{CORES}]", "--driver-memory", MEMORY),
        *("--driver-class-path", ":".join([*jars, *s3])),
        *(word for each in conf for word in ("--conf", each)),
        *(str(_fetched(asked.file, folder)), *asked.words),
    ]


def _without_ours() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("HEADRACE_", "PYTHON"))}


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


def _split(given: Sequence[str]) -> list[str]:
    return [each for joined in given for each in joined.split(",") if each]
