"""One warm Spark session a process."""

import os
import sys
from pathlib import Path

from pyspark import SparkContext
from pyspark.sql import SparkSession

from headrace.errors import HeadraceError
from headrace.lake.jars import jars_folder
from headrace.progress import Event, Stopwatch, tell
from headrace.settings import Settings, get_settings

ALWAYS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # INT96 has no room for the year 9999
    "spark.sql.streaming.metricsEnabled": "false",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.databricks.delta.stats.collect.using.tableSchema": "true",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.scheduler.mode": "FAIR",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}


def get_spark(settings: Settings | None = None) -> SparkSession:
    """The session of this process, started on first use."""
    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    settings = settings or get_settings()
    jars = jars_folder(settings)
    if not any(jars.glob("*.jar")):
        raise HeadraceError(f"Spark's jars are not in {jars}; run `make setup` (or `headrace doctor --fix`)")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    cores = settings.cores or "*"
    builder = (
        SparkSession.builder.master(f"local[{cores}]")
        .appName("headrace")
        .config("spark.driver.extraClassPath", f"{jars.absolute()}/*")
        .config("spark.driver.memory", settings.memory)
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.extraJavaOptions", java_options(settings))
        .config("spark.sql.shuffle.partitions", settings.shuffle_partitions)
        .config("spark.sql.warehouse.dir", str((settings.home / "warehouse").absolute()))
        .config("spark.local.dir", str((settings.home / "spill").absolute()))
    )
    for name, value in ALWAYS.items():
        builder = builder.config(name, value)
    if SparkContext._active_spark_context is not None:
        return builder.getOrCreate()
    watch = Stopwatch()
    tell(Event("start", "Spark", "started"))
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    tell(Event("start", "Spark", "done", seconds=watch.seconds))
    return session


def java_options(settings: Settings) -> str:
    log4j = Path(__file__).with_name("log4j2.properties")
    return (
        f"-Xms{settings.memory} {settings.java_options} -XX:+UseParallelGC -Duser.timezone=UTC "
        f"-Dlog4j2.configurationFile={log4j.as_uri()}"
    )
