"""One warm Spark session a process."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from headrace.errors import HeadraceError
from headrace.lake.jars import jar_sets
from headrace.progress import Event, Stopwatch, tell
from headrace.settings import Settings, get_settings

if TYPE_CHECKING:
    import pyarrow as pa

TOO_LARGE = "spark.driver.maxResultSize"
LOG4J = Path(__file__).with_name("log4j2.properties")

ALWAYS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.codegen.hugeMethodLimit": "8000",  # Java never compiles a longer one: three times slower
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # INT96 has no room for the year 9999
    "spark.sql.streaming.metricsEnabled": "false",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.databricks.delta.stats.collect.using.tableSchema": "true",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "8",  # VACUUM lists files in so many tasks
    "spark.ui.enabled": "false",
    "spark.ui.retainedJobs": "20",  # what the page that is not shown would tell is kept all the same
    "spark.ui.retainedStages": "40",
    "spark.ui.retainedTasks": "2000",
    "spark.sql.ui.retainedExecutions": "10",
    "spark.ui.showConsoleProgress": "false",
    "spark.scheduler.mode": "FAIR",
    "spark.sql.maxConcurrentOutputFileWriters": "100",  # else each task sorts what it writes by partition
    "spark.memory.fraction": "0.5",  # of Spark's 0.6, files open for writing in many partitions leave too little
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}

SECONDS_TO_END = 5  # in which Java removes its temporary files
PARTITIONS_HERE = 4  # after a shuffle
NOT_OURS_TO_SAY = ("spark.ui.", "spark.scheduler.", "spark.memory.")
DELTA_IS_THERE = ("spark.sql.extensions", "spark.sql.catalog.")

_STARTING = threading.Lock()
_TAKEN_OVER = threading.Event()
_UNWANTED = threading.Event()


class SparkIsNeeded(BaseException):
    """Raised where Spark was not to be started: no failure, so nobody who handles errors handles it."""


@contextmanager
def no_spark() -> Iterator[None]:
    """Lets work go on as long as it needs no Spark; in all threads of this process."""
    _UNWANTED.set()
    try:
        yield
    finally:
        _UNWANTED.clear()


def get_spark(settings: Settings | None = None) -> SparkSession:
    """The session of this process, started on first use; whoever comes while it starts waits for it."""
    if _UNWANTED.is_set():
        raise SparkIsNeeded
    with _STARTING:
        _forget_one_that_ended()
        # Databricks starts a session before us, which knows nothing yet of how we mean SQL.
        is_ours = _TAKEN_OVER.is_set() or (settings or get_settings()).spark != "databricks"
        if SparkContext._active_spark_context is not None and is_ours:
            return SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()
        return _started(settings or get_settings())


def _forget_one_that_ended() -> None:
    """Java that was killed, or whose memory did not suffice: PySpark would ask it for ever."""
    gateway: Any = SparkContext._gateway
    java = getattr(gateway, "proc", None)
    if java is None or java.poll() is None:
        return
    with suppress(Exception):
        gateway.shutdown()
    SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None
    SparkSession._instantiatedSession = None


def end_spark() -> None:
    """Ends this process's Java, whatever it is at, so that it commits nothing more."""
    java = getattr(SparkContext._gateway, "proc", None)
    if java is None:
        return
    java.terminate()
    try:
        java.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        java.kill()
        java.wait()


def _started(settings: Settings) -> SparkSession:
    if settings.spark != "own":
        return _taken_over(settings)
    folders = [jars.folder.absolute() for jars in jar_sets(settings)]
    for folder in folders:
        if not any(folder.glob("*.jar")):
            raise HeadraceError(
                f"Spark's jars are not in {folder}; run `make setup` (or `headrace doctor --fix`)"
            )
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    spill = (settings.home / "spill").absolute()
    spill.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {
        **ALWAYS,
        "spark.driver.extraClassPath": ":".join(f"{folder}/*" for folder in folders),
        "spark.driver.memory": settings.memory,
        "spark.network.timeout": "1d",  # a laptop that slept is no lost executor: its tasks would never end
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": (
            f"-Xms{settings.memory} {settings.java_options} -XX:+UseParallelGC -XX:+ExitOnOutOfMemoryError "
            f'-Duser.timezone=UTC -Dlog4j2.configurationFile={LOG4J.as_uri()} "-Djava.io.tmpdir={spill}"'
        ),
        "spark.sql.shuffle.partitions": str(settings.shuffle_partitions or PARTITIONS_HERE),
        "spark.sql.warehouse.dir": str((settings.home / "warehouse").absolute()),
        "spark.local.dir": str(spill),
        **to_s3(),
    }
    watch = Stopwatch()
    tell(Event("start", "Spark", "started"))
    builder = SparkSession.builder.master(f"local[{settings.cores or '*'}]").appName("headrace")
    session = builder.config(map=options).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    tell(Event("start", "Spark", "done", seconds=watch.seconds))
    return session


def _taken_over(settings: Settings) -> SparkSession:
    """Machines, memory and jars are the cluster's business; how SQL is meant is ours wherever it runs."""
    theirs = NOT_OURS_TO_SAY + (DELTA_IS_THERE if settings.spark == "databricks" else ())
    options: dict[str, Any] = {n: value for n, value in ALWAYS.items() if not n.startswith(theirs)}
    if settings.shuffle_partitions:  # else Spark joins those that are small, however many cores there are
        options["spark.sql.shuffle.partitions"] = str(settings.shuffle_partitions)
    session = SparkSession.builder.appName("headrace").config(map=options).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    _TAKEN_OVER.set()
    return session


def to_s3() -> dict[str, str]:
    """How Spark on this machine reaches S3, or what stands in for it at AWS_ENDPOINT_URL."""
    options = {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.endpoint.region": os.environ.get("AWS_REGION", ""),
    }
    if elsewhere := os.environ.get("AWS_ENDPOINT_URL"):
        options |= {
            "spark.hadoop.fs.s3a.endpoint": elsewhere,
            "spark.hadoop.fs.s3a.path.style.access": "true",
        }
    return {name: value for name, value in options.items() if value}


FEW_ROWS = 300_000
FOR_FEW_ROWS = {  # planning and compiling a query would cost more than running it
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


MOST_VALUES = 15_000_000
"""Rows times columns that fit through the heap of Spark's driver while other tables are on their way through it."""


def fits_in_memory(rows: int, columns: int) -> bool:
    return rows * columns <= MOST_VALUES


def in_memory(rows: DataFrame, count: int) -> "pa.Table | None":
    """All of so many rows in this process; None where they are more than Spark's driver takes."""
    if not fits_in_memory(count, len(rows.columns)):
        return None
    try:
        return rows.toArrow()
    except PySparkException as error:
        if TOO_LARGE in str(error):  # Spark has no code for it
            return None
        raise


def session_for(spark: SparkSession, rows: int) -> SparkSession:
    """A session of its own over the same lake, set for so many rows."""
    session = spark.newSession()
    suit(session, rows)
    return session


def suit(session: SparkSession, rows: int) -> None:
    started_with = session.sparkContext.getConf()
    for name, for_few in FOR_FEW_ROWS.items():
        value = for_few if rows < FEW_ROWS else started_with.get(name)
        if value is None:
            session.conf.unset(name)
        else:  # unset would not be the value it was started with, but Spark's own
            session.conf.set(name, value)
