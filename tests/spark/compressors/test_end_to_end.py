"""The week of the ten machines from landing to gold, the same again and one day more; gold said once more in DuckDB."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from headrace.contracts.load import load_contracts
from headrace.operate.receipt import receipt
from headrace.refine.run import TableResult, refine
from headrace.serve.named_queries import list_queries
from headrace.serve.query import run_query
from headrace.settings import Settings
from rehearsal.postgres import Postgres
from simulation.generate.plan import Plan
from simulation.generate.run import make
from simulation.generate.sources import load_sources
from tests.spark.answers import answers_of_athena, asked_as_of, asked_of, compare
from tests.spark.compressors.recomputed import SQL
from tests.spark.refined import Refined, refined
from tests.spark.served import check_served

DOMAIN = "compressors"
START = datetime(2024, 2, 1)
asked = partial(asked_of, DOMAIN)
QUERIES = sorted(name for name in list_queries() if name.startswith(f"{DOMAIN}/"))
PREDICTED = f"{DOMAIN}/failure-predictions"  # without a model there are none, see test_failure_models


@dataclass(frozen=True)
class Week:
    first: Refined
    again: list[TableResult]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("compressors"), cores=2, shuffle_partitions=2, workers=3)


def lands(days: int, lake: Settings) -> None:
    plan = Plan(scale=0.002, seed=7, start=START, end=START + timedelta(days=days))
    make(DOMAIN, load_contracts(DOMAIN), load_sources(DOMAIN), plan, lake)


@pytest.fixture(scope="module")
def week(spark: SparkSession, lake: Settings) -> Week:
    lands(7, lake)
    return Week(refined(DOMAIN, lake), list(refine(DOMAIN, settings=lake).tables))


def test_the_receipt_balances_and_a_second_run_writes_nothing(week: Week, lake: Settings) -> None:
    assert receipt(DOMAIN, lake).check().balanced
    assert all(each.rows_in == 0 for each in week.again)
    assert [each.version for each in week.again] == [each.version for each in week.first.tables]


def test_no_check_fails(week: Week) -> None:
    assert [each.name for each in week.first.checks if each.outcome == "fail"] == []


@pytest.mark.parametrize("name", SQL)
def test_a_gold_table_is_what_another_engine_makes_of_its_definition(
    name: str, week: Week, lake: Settings
) -> None:
    rows = asked(f"select * from gold.{name}", lake)
    assert len(rows) >= 3
    compare(DOMAIN, name, rows, asked_as_of(DOMAIN, SQL[name], lake, week.first.as_of))


def test_features_hold_what_was_said_but_for_damped_spikes(week: Week, lake: Settings) -> None:
    (found,) = asked(
        """select count(*) as readings, count(*) filter (vibration_is_spike) as spikes,
            count(*) filter (not vibration_is_spike and coalesce(
                abs(f.vibration_mms - s.vibration_mms) > 0.0006,
                (f.vibration_mms is null) != (s.vibration_mms is null))) as otherwise,
            count(*) filter (vibration_is_spike and f.vibration_mms != s.vibration_mms) as damped
        from gold.sensor_features f join silver.sensor_readings s using (compressor_id, timestamp)""",
        lake,
    )
    assert found["readings"] > 9_900
    assert found["otherwise"] == 0
    assert 3 < found["damped"] == found["spikes"] < 60


def test_the_run_up_to_the_failure_is_kept_and_alarmed_before_it(week: Week, lake: Settings) -> None:
    (alert,) = asked(
        "select * from gold.alert_history where compressor_id = 'COMP-003' and kind = 'limit'", lake
    )
    assert (alert["signal"], alert["severity"]) == ("vibration", "critical")
    fails_at = datetime(2024, 2, 7, tzinfo=UTC)
    assert fails_at - timedelta(days=2) < alert["raised_at"] < fails_at - timedelta(hours=12)
    (spikes,) = asked(
        """select count(*) filter (vibration_is_spike) as flagged, count(*) as readings from gold.sensor_features
        where compressor_id = 'COMP-003' and timestamp between '2024-02-05 00:00+00' and '2024-02-06 23:50+00'""",
        lake,
    )
    assert spikes["flagged"] < 0.02 * spikes["readings"]


def test_an_operator_is_told_of_two_machines_in_the_week_and_of_no_sound_one(
    week: Week, lake: Settings
) -> None:
    told = asked(
        "select group_id, count(*) as times from silver.alarms where is_annunciated group by 1", lake
    )
    assert {row["group_id"] for row in told} == {"COMP-003", "COMP-007"}
    assert sum(row["times"] for row in told) <= 4


@pytest.mark.parametrize("query", [each for each in QUERIES if each != PREDICTED])
def test_a_query_answers(query: str, week: Week, lake: Settings) -> None:
    assert run_query(query, settings=lake).as_dicts()


def test_athena_is_asked_the_same(week: Week, lake: Settings) -> None:
    theirs = answers_of_athena(DOMAIN, lake)
    for name in QUERIES:
        assert theirs[name] == run_query(name, settings=lake).as_dicts()


def test_a_database_holds_what_the_lake_holds(week: Week, lake: Settings, postgres: Postgres) -> None:
    check_served(DOMAIN, lake, postgres)


def test_one_more_day_makes_that_day_and_what_its_windows_touch(week: Week, lake: Settings) -> None:
    before = stored(lake)
    lands(8, lake)
    done = {each.table: each for each in refine(DOMAIN, settings=lake).tables}
    assert done["sensor_features"].counts["partitions"] == 1
    assert receipt(DOMAIN, lake).check().balanced
    daily = stored(lake)
    assert daily[: len(before)] == before
    assert len(daily) > len(before) + 1_400
    for folder in (
        f"{lake.lake}/{DOMAIN}/gold/sensor_features",
        f"{lake.lake}/_ledger/{DOMAIN}/gold/sensor_features",
    ):
        shutil.rmtree(folder)
    refine(DOMAIN, layers=["gold"], tables=["sensor_features"], settings=lake)
    assert stored(lake) == daily, "days made one by one are the days made together"


def stored(lake: Settings) -> list[dict[str, Any]]:
    """All rows of the features in order of time, whether they were scanned or not."""
    rows = DeltaTable(f"{lake.lake}/{DOMAIN}/gold/sensor_features").to_pyarrow_table()
    in_order = rows.sort_by([("timestamp", "ascending"), ("compressor_id", "ascending")])
    return in_order.drop_columns(["_processed_at", "_run"]).to_pylist()
