"""A session starts with the classes that another one had loaded."""

import subprocess

import pytest
from pyspark.sql import SparkSession

from headrace.lake import class_archive
from headrace.lake.class_archive import archive_of, make_archive, to_start_with
from headrace.lake.java import java_program
from headrace.settings import Settings


def test_the_session_takes_the_archive_that_was_set_up(spark: SparkSession, settings: Settings) -> None:
    archive = make_archive(settings)  # there is one after `make setup`
    assert spark._jvm is not None
    given = spark._jvm.java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments()
    assert f"-XX:SharedArchiveFile={archive}" in list(given)
    assert archive.stat().st_size > 100 << 20


def test_java_takes_it_with_the_jars_of_a_session_and_no_others(
    spark: SparkSession, settings: Settings
) -> None:
    archive = make_archive(settings)
    assert spark._jvm is not None
    jars = str(spark._jvm.java.lang.System.getProperty("java.class.path"))
    assert answers(f"-XX:SharedArchiveFile={archive}", jars)
    assert not answers(f"-XX:SharedArchiveFile={archive}", jars.split(":", 1)[1])


def answers(archive: str, classes: str) -> bool:
    """Whether Java runs where it may not do without the archive."""
    words = [str(java_program()), "-Xshare:on", archive, "-XX:+UseParallelGC", "-cp", classes, "-version"]
    return subprocess.run(words, capture_output=True).returncode == 0


def test_with_other_jars_there_is_none(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = archive_of(settings)
    monkeypatch.setattr(class_archive, "_java", lambda: "another Java")
    assert archive_of(settings) != before
    assert to_start_with(settings) == ""
