"""Jars from Maven, resolved once by the Ivy that Spark brings along and then found on disk.

Sessions take them from a folder instead of `spark.jars.packages`: no resolution at each start, and two
processes that start at once cannot trip over a cold cache.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

import pyspark

from headrace.errors import HeadraceError
from headrace.settings import Settings

PACKAGES = (
    "io.delta:delta-spark_2.13:4.0.1",
    "org.apache.spark:spark-sql-kafka-0-10_2.13:4.0.0",
)
RESOLVE = "from pyspark.sql import SparkSession; SparkSession.builder.getOrCreate().stop()"


def jars_folder(settings: Settings) -> Path:  # noqa: ARG001 - one folder per environment today
    return folder_of("jars")


def folder_of(name: str) -> Path:
    """Where jars for one purpose lie, in this Python environment."""
    return Path(sys.prefix) / "share" / "headrace" / name


def resolve_jars(settings: Settings) -> Path:
    """What Spark needs beyond its own."""
    shipped = {jar.name for jar in (Path(pyspark.__file__).parent / "jars").glob("*.jar")}
    return resolve_into(jars_folder(settings), PACKAGES, without=shipped)


def resolve_into(folder: Path, packages: Sequence[str], without: Collection[str] = ()) -> Path:
    """Fills the folder if it is not filled for these packages already."""
    stamp = folder / "packages.txt"
    wanted = "\n".join(packages)
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    with tempfile.TemporaryDirectory(prefix="headrace-ivy-") as scratch:
        resolved = _resolved(Path(scratch), packages)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for jar in resolved:
            name = jar.name.split("_", 1)[1]  # Ivy puts the organisation before it
            if name not in without:
                shutil.copy(jar, folder / jar.name)
    stamp.write_text(wanted)
    return folder


def _resolved(scratch: Path, packages: Sequence[str]) -> list[Path]:
    script = scratch / "resolve.py"
    script.write_text(RESOLVE)
    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    ran = subprocess.run(
        [
            submit,
            *("--master", "local[1]", "--packages", ",".join(packages)),
            *("--conf", f"spark.jars.ivy={scratch / 'ivy'}", "--conf", "spark.ui.enabled=false"),
            script,
        ],
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        raise HeadraceError(
            "jars could not be resolved from the Maven repository; is it reachable?\n"
            + "\n".join(ran.stderr.splitlines()[-8:])
        )
    return sorted((scratch / "ivy" / "jars").glob("*.jar"))
