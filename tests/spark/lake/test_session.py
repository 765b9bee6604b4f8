import subprocess
from types import SimpleNamespace

import pytest
from pyspark import SparkContext
from pyspark.sql import SparkSession

from headrace.lake import session
from headrace.lake.session import FEW_ROWS, get_spark, session_for

PARTITIONS = "spark.sql.shuffle.partitions"


def test_a_session_for_many_rows_shuffles_as_the_settings_say_and_not_as_spark_would(
    spark: SparkSession,
) -> None:
    assert spark.sparkContext.getConf().get(PARTITIONS) == "2"
    assert session_for(spark, FEW_ROWS).conf.get(PARTITIONS) == "2"
    assert session_for(spark, FEW_ROWS - 1).conf.get(PARTITIONS) == "1"
    assert session_for(spark, FEW_ROWS).conf.get("spark.sql.adaptive.enabled") == "true"


def test_a_java_that_was_killed_is_forgotten_and_another_one_is_started(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[object] = []
    monkeypatch.setattr(session, "_started", lambda *_: began.append(SparkContext._gateway) or spark)
    java = subprocess.Popen(["sleep", "60"])
    for name in ("_gateway", "_jvm", "_active_spark_context"):
        monkeypatch.setattr(SparkContext, name, getattr(SparkContext, name))
    monkeypatch.setattr(SparkSession, "_instantiatedSession", SparkSession._instantiatedSession)
    monkeypatch.setattr(SparkContext, "_gateway", SimpleNamespace(proc=java))
    get_spark()
    assert began == []
    java.kill()
    java.wait()
    get_spark()
    assert began == [None]
