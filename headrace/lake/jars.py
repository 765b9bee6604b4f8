"""Spark's extra jars, resolved once by Ivy and then found on disk.

Sessions take them from a folder instead of `spark.jars.packages`: no resolution at each start, and two
processes that start at once cannot trip over a cold cache.
"""

import shutil
import subprocess
import sys
import tempfile
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
    return Path(sys.prefix) / "share" / "headrace" / "jars"


def resolve_jars(settings: Settings) -> Path:
    """Fills the folder if it is not filled for these packages already."""
    folder = jars_folder(settings)
    stamp = folder / "packages.txt"
    wanted = "\n".join(PACKAGES)
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    with tempfile.TemporaryDirectory(prefix="headrace-ivy-") as scratch:
        resolved = _resolve_into(Path(scratch))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for jar in resolved:
            shutil.copy(jar, folder)
    stamp.write_text(wanted)
    return folder


def _resolve_into(scratch: Path) -> list[Path]:
    script = scratch / "resolve.py"
    script.write_text(RESOLVE)
    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    ran = subprocess.run(
        [
            submit,
            *("--master", "local[1]", "--packages", ",".join(PACKAGES)),
            *("--conf", f"spark.jars.ivy={scratch / 'ivy'}", "--conf", "spark.ui.enabled=false"),
            script,
        ],
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        raise HeadraceError(
            "Spark's jars could not be resolved from the Maven repository; is it reachable?\n"
            + "\n".join(ran.stderr.splitlines()[-8:])
        )
    shipped = {jar.name for jar in (Path(pyspark.__file__).parent / "jars").glob("*.jar")}
    jars = (scratch / "ivy" / "jars").glob("*.jar")
    return [jar for jar in jars if jar.name.split("_", 1)[1] not in shipped]
