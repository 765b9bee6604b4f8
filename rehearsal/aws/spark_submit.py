"""A program in a process of its own, by the very words that EMR was given: a real spark-submit on a real YARN."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import boto3

from headrace.lake.jars import COMPILES_LITTLE, TO_S3, resolved
from rehearsal.yarn import SPARK, Yarn

CORES, MEMORY = 2, "1g"
ENDS_WITHIN = 15.0


@dataclass(frozen=True)
class Submission:
    """words: from `spark-submit` on. environment: what the program finds there by itself. beside: archives by the name
    under which they lie unpacked in the driver's folder."""

    words: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)


def applications_of(folder: Path) -> list[str]:
    """Those of YARN that a driver was given, by its log; the newest last."""
    log = folder / "stderr"
    told = log.read_text(errors="replace") if log.exists() else ""
    return list(dict.fromkeys(re.findall(r"Submitted application (application_\d+_\d+)", told)))


@dataclass
class Running:
    process: "subprocess.Popen[bytes]"
    folder: Path

    @classmethod
    def begun(cls, asked: Submission, folder: Path, there: Yarn) -> "Running":
        """folder: of its own, named like the step."""
        for name, url in asked.beside.items():
            (folder / name).symlink_to(_unpacked(url, there.home / "archives"))
        conf, temporary = folder / "conf", there.home / "tmp"
        conf.mkdir()
        defaults = _defaults(folder).items()
        (conf / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in defaults))
        told = {
            **there.environment, "SPARK_CONF_DIR": str(conf), "TMPDIR": str(temporary), **asked.environment,
        }  # fmt: skip
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            process = subprocess.Popen(
                asked.words, cwd=folder, env=told, stdout=out, stderr=err, start_new_session=True
            )
        return cls(process, folder)

    def over(self) -> int | None:
        """With what it ended, and nothing of it is left then: who was killed ends nobody that it started."""
        code = self.process.poll()
        if code is not None:
            self._signal(signal.SIGKILL)
        return code

    def kill(self) -> None:
        """Told first, then not asked. YARN ends an application whose driver is gone."""
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(ENDS_WITHIN)
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def _defaults(folder: Path) -> dict[str, str]:
    """What the configuration of a cluster says, where the words say nothing else."""
    to_s3, java = f"{resolved(TO_S3)}/*", f"-Duser.timezone=UTC {COMPILES_LITTLE}"
    return {
        "spark.master": "yarn",
        "spark.yarn.jars": f"local:{SPARK / 'jars'}/*",
        "spark.yarn.am.memory": "256m",
        "spark.yarn.am.extraJavaOptions": f"{java} -XX:+UseSerialGC",
        "spark.executor.instances": "1",
        "spark.executor.cores": str(CORES),
        "spark.executor.memory": MEMORY,
        "spark.executor.extraClassPath": to_s3,
        "spark.executor.extraJavaOptions": java,
        "spark.driver.extraClassPath": to_s3,
        "spark.driver.extraJavaOptions": f"{java} -Djava.io.tmpdir={folder}",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": str(2 * CORES),
    }


def _unpacked(url: str, folder: Path) -> Path:
    """Once for all."""
    there = folder / Path(url).name.partition(".")[0]
    if not there.exists():
        parts, scratch = urlsplit(url), there.with_suffix(".unpacking")
        archive = folder / Path(url).name
        folder.mkdir(parents=True, exist_ok=True)
        boto3.client("s3").download_file(parts.netloc, parts.path.lstrip("/"), str(archive))
        shutil.unpack_archive(archive, scratch)
        scratch.rename(there)
    return there
