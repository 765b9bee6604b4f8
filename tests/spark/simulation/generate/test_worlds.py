"""The same seed is the same world, however it is cut and whoever makes it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.lake.paths import Paths
from headrace.settings import Settings
from simulation.generate import row_index
from simulation.generate import rows as rows_module
from simulation.generate.chunks import chunks_to_make
from simulation.generate.plan import Plan, world_of
from simulation.generate.rows import RowFactory
from simulation.generate.run import make
from tests.spark.simulation.generate.conftest import DAY, SOURCES, START, plan

TABLES = ("levels", "repairs", "notes")


def sent(spark: SparkSession, contracts: Mapping[str, Contract], table: str, made: Plan) -> list[str]:
    """The rows of a table as sent, each with its instant of sending, sorted."""
    factory = RowFactory(spark, contracts, SOURCES, world_of(made, contracts))
    lines: list[str] = []
    for chunk in chunks_to_make(made, contracts[table], factory.world, []):
        rows = factory.rows(chunk)
        shown = rows.select(F.to_json(F.struct(*contracts[table].columns, "_sent_at", "_raw")))
        lines += [line for (line,) in shown.collect()]
    return sorted(lines)


@pytest.mark.parametrize("table", TABLES)
def test_two_halves_are_the_whole(spark: SparkSession, contracts: Mapping[str, Contract], table: str) -> None:
    whole = plan(days=2)
    halves = [replace(whole, end=START + DAY / 2), replace(whole, start=START + DAY / 2)]
    joined = sorted(line for half in halves for line in sent(spark, contracts, table, half))
    assert sent(spark, contracts, table, whole) == joined
    assert joined


@pytest.mark.parametrize("table", TABLES)
def test_rows_do_not_depend_on_how_many_tasks_make_them(
    spark: SparkSession, contracts: Mapping[str, Contract], table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = sent(spark, contracts, table, plan(days=1))
    monkeypatch.setattr(rows_module, "TASKS_PER_CHUNK", 1)
    monkeypatch.setattr(rows_module, "ROWS_AT_ONCE", 50)
    monkeypatch.setattr(row_index, "ROWS_PER_TASK", 7)
    monkeypatch.setattr(row_index, "ROWS_PER_PART", 11)
    assert sent(spark, contracts, table, plan(days=1)) == few


def test_another_seed_is_another_world(spark: SparkSession, contracts: Mapping[str, Contract]) -> None:
    assert sent(spark, contracts, "levels", plan(seed=7)) != sent(spark, contracts, "levels", plan(seed=8))


def test_a_stride_thins_readings_and_leaves_the_rest_as_they_are(
    spark: SparkSession, contracts: Mapping[str, Contract]
) -> None:
    thinned = plan(days=1, stride=DAY / 4)
    every = set(sent(spark, contracts, "levels", plan(days=1)))
    assert len(sent(spark, contracts, "levels", thinned)) < len(every) / 10
    assert sent(spark, contracts, "repairs", thinned) == sent(spark, contracts, "repairs", plan(days=1))


def test_a_dimension_is_sent_whole_once_and_then_what_changed(
    spark: SparkSession, contracts: Mapping[str, Contract], settings: Settings
) -> None:
    make("works", contracts, SOURCES, plan(days=2, tables=("gauges",)), settings)
    make("works", contracts, SOURCES, plan(days=5, tables=("gauges",)), settings)
    rows = (
        landed(spark, settings, "gauges").select("gauge_id", F.col("calibrated_on").cast("string")).collect()
    )
    assert sorted(map(tuple, rows)) == [
        ("G-000", "2023-12-01"),
        ("G-000", "2024-01-03"),
        *((f"G-00{number}", "2023-12-01") for number in range(1, 5)),
    ]


def landed(spark: SparkSession, settings: Settings, table: str) -> DataFrame:
    files = Path(Paths.of("works", settings).landing(table)).rglob("*.parquet")
    return spark.read.parquet(*map(str, files))
