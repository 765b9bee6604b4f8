"""Java, and jars from Maven: resolved once by the Ivy that Spark brings along and then found on disk.

Sessions take them from a folder instead of `spark.jars.packages`: no resolution at each start, and two
processes that start at once cannot trip over a cold cache.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyspark

from headrace.errors import HeadraceError
from headrace.settings import Settings, versions

COMPILES_LITTLE = "-XX:TieredStopAtLevel=1"
"""For a minute's work in a fresh Java: compiling well would take more than it saves."""


def java_program() -> Path | None:
    if home := os.environ.get("JAVA_HOME"):
        return Path(home, "bin", "java")
    found = shutil.which("java")
    return Path(found) if found else None


@dataclass(frozen=True)
class JarSet:
    """Jars for one purpose, in one folder of this Python environment."""

    name: str
    packages: tuple[str, ...]
    without: tuple[str, ...] = ()
    """What they would bring along and nobody needs, as organisation:name."""
    beside_sparks: bool = True
    """Whether Spark's own jars are there as well: what is among them is left out."""

    @property
    def folder(self) -> Path:
        return Path(sys.prefix) / "share" / "headrace" / self.name

    @property
    def is_there(self) -> bool:
        stamp = self.folder / STAMP
        return stamp.exists() and stamp.read_text().split() == list(self.packages)


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


def resolved(jars: JarSet) -> Path:
    """The folder of a set, filled where it is not filled for these packages already."""
    if jars.is_there:
        return jars.folder
    sparks = Path(pyspark.__file__).parent
    shipped = (
        {_artifact_of(jar.name) for jar in (sparks / "jars").glob("*.jar")} if jars.beside_sparks else ()
    )
    with tempfile.TemporaryDirectory(prefix="headrace-ivy-") as scratch:
        script, ivy = Path(scratch, "resolve.py"), Path(scratch, "ivy")
        script.write_text("")  # spark-submit resolves before it runs anything
        ran = subprocess.run(
            [
                sparks / "bin" / "spark-submit",
                *("--master", "local[1]", "--packages", ",".join(jars.packages)),
                *("--conf", f"spark.jars.ivy={ivy}", "--conf", "spark.ui.enabled=false"),
                *("--exclude-packages", ",".join(jars.without) or "none:none"),
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
        shutil.rmtree(jars.folder, ignore_errors=True)
        jars.folder.mkdir(parents=True)
        for jar in sorted((ivy / "jars").glob("*.jar")):
            organisation, name = jar.name.split("_", 1)  # so Ivy names them
            if organisation == AWS or _artifact_of(name) not in shipped:
                shutil.copy(jar, jars.folder / jar.name)
    (jars.folder / STAMP).write_text("\n".join(jars.packages))
    return jars.folder


def _artifact_of(jar: str) -> str:
    """Its name without a version: of two versions beside each other, which one is loaded is anybody's guess."""
    return re.sub(r"-\d[\w.-]*\.jar$", "", jar)
