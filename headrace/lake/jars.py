"""Jars from Maven, resolved once by the Ivy that Spark brings along and then found on disk.

Sessions take them from a folder instead of `spark.jars.packages`: no resolution at each start, and two
processes that start at once cannot trip over a cold cache.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyspark

from headrace.errors import HeadraceError
from headrace.lake.java import COMPILES_LITTLE
from headrace.settings import Settings, versions


@dataclass(frozen=True)
class JarSet:
    """Jars for one purpose, in one folder of this Python environment."""

    name: str
    packages: tuple[str, ...]
    without: tuple[str, ...] = ()
    """What they would bring along and nobody needs, as organisation:name."""

    @property
    def folder(self) -> Path:
        return folder_of(self.name)

    @property
    def is_there(self) -> bool:
        return _are_in(self.folder, self.packages)


ALWAYS = JarSet(
    "jars",
    (
        f"io.delta:delta-spark_{versions()['scala']}:{versions()['delta']}",
        f"org.apache.spark:spark-sql-kafka-0-10_{versions()['scala']}:{versions()['spark']}",
    ),
)
TO_SIGN = JarSet("jars-iam", (f"software.amazon.msk:aws-msk-iam-auth:{versions()['msk_iam_auth']}",))
AWS = "software.amazon.awssdk"  # has an artifact named like one of Spark's
_SDK = ("s3", "s3-transfer-manager", "sts", "apache-client", "netty-nio-client")
TO_S3 = JarSet(
    "jars-s3",
    (
        f"org.apache.hadoop:hadoop-aws:{versions()['hadoop']}",
        *(f"{AWS}:{each}:{versions()['aws_sdk']}" for each in _SDK),
    ),
    without=(f"{AWS}:bundle",),  # all of AWS in 600 MB, where these are 45
)
STAMP = "packages.txt"


def jar_sets(settings: Settings) -> tuple[JarSet, ...]:
    """What Spark needs beyond its own. What signs requests, and what reaches S3, is left out where nobody wants it."""
    signs = (TO_SIGN,) if settings.kafka_security == "iam" else ()
    places = (settings.lake, settings.landing, settings.dropped)
    return (ALWAYS, *signs, *((TO_S3,) if any(each.startswith("s3a://") for each in places) else ()))


def folder_of(name: str) -> Path:
    """Where jars for one purpose lie, in this Python environment."""
    return Path(sys.prefix) / "share" / "headrace" / name


def resolve_jars(settings: Settings) -> None:
    for jars in jar_sets(settings):
        resolved(jars)


def resolved(jars: JarSet) -> Path:
    """The folder of a set that goes beside Spark's own jars."""
    shipped = {artifact_of(jar.name) for jar in (Path(pyspark.__file__).parent / "jars").glob("*.jar")}
    return resolve_into(jars.folder, jars.packages, shipped, jars.without)


def artifact_of(jar: str) -> str:
    """Its name without a version: of two versions beside each other, which one is loaded is anybody's guess."""
    return re.sub(r"-\d[\w.-]*\.jar$", "", jar)


def resolve_into(
    folder: Path, packages: Sequence[str], shipped: Collection[str] = (), without: Sequence[str] = ()
) -> Path:
    """Fills the folder if it is not filled for these packages already; not with artifacts that are there anyway."""
    if _are_in(folder, packages):
        return folder
    with tempfile.TemporaryDirectory(prefix="headrace-ivy-") as scratch:
        resolved = _resolved(Path(scratch), packages, without)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for jar in resolved:
            organisation, name = jar.name.split("_", 1)  # so Ivy names them
            if organisation == AWS or artifact_of(name) not in shipped:
                shutil.copy(jar, folder / jar.name)
    (folder / STAMP).write_text("\n".join(packages))
    return folder


def _are_in(folder: Path, packages: Sequence[str]) -> bool:
    stamp = folder / STAMP
    return stamp.exists() and stamp.read_text().split() == list(packages)


def _resolved(scratch: Path, packages: Sequence[str], without: Sequence[str]) -> list[Path]:
    script = scratch / "resolve.py"
    script.write_text("")  # spark-submit resolves before it runs anything
    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    ran = subprocess.run(
        [
            submit,
            *("--master", "local[1]", "--packages", ",".join(packages)),
            *("--conf", f"spark.jars.ivy={scratch / 'ivy'}", "--conf", "spark.ui.enabled=false"),
            *("--exclude-packages", ",".join(without) or "none:none"),
            script,
        ],
        env={**os.environ, "SPARK_SUBMIT_OPTS": COMPILES_LITTLE},
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        raise HeadraceError(
            "jars could not be resolved from the Maven repository; is it reachable?\n"
            + "\n".join(ran.stderr.splitlines()[-8:])
        )
    return sorted((scratch / "ivy" / "jars").glob("*.jar"))
