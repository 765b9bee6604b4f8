"""The files that the author of the source document made: they land as they are, and what is wrong in them is told."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from headrace.lake.paths import Paths
from headrace.operate.receipt import receipt
from headrace.refine.run import refine
from headrace.settings import Settings
from tests.real_files import real_files
from tests.spark.answers import asked_of

DOMAIN = "grid"
asked = partial(asked_of, DOMAIN)
FOLDERS = {
    "smart_meter_kafka/smart_meter_stream.json": "smart_meter_readings",
    "substation_iot/substation_telemetry_stream.json": "substation_telemetry",
    "billing_cdc/billing_cdc_feed.json": "billing_transactions",
    "maintenance_csv/*.csv": "maintenance_logs",
    "transformer_parquet/transformer_*.parquet": "transformer_master",
    "transformer_parquet/customer_*.parquet": "customer_master",
    "renewable_autoloader/*.json": "renewable_production",
}


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = real_files("sparkwars")
    settings = Settings(home=tmp_path_factory.mktemp("author"), cores=2, shuffle_partitions=2, workers=3)
    paths = Paths.of(DOMAIN, settings)
    for pattern, table in FOLDERS.items():
        found = sorted((home / "data_sources").glob(pattern))
        assert found
        landing = Path(paths.landing(table))
        landing.mkdir(parents=True, exist_ok=True)
        for file in found:
            shutil.copyfile(file, landing / file.name)
    refine(DOMAIN, settings=settings)
    return settings


def one(sql: str, lake: Settings) -> Any:
    (row,) = asked(sql, lake)
    (value,) = row.values()
    return value


def test_nothing_is_lost(lake: Settings) -> None:
    receipt(DOMAIN, lake).check()
    for table, rows in {
        "smart_meter_readings": 500,
        "substation_telemetry": 300,
        "billing_transactions": 400,
        "maintenance_logs": 198,
        "transformer_master": 530,
        "customer_master": 1000,
        "renewable_production": 300,
    }.items():
        assert one(f"select count(*) from bronze.{table}", lake) == rows, table


def test_changes_to_what_was_never_inserted_are_set_aside(lake: Settings) -> None:
    found = asked(
        """select operation, count(*) as rows from silver.billing_transactions__rejected
        where list_contains(_reasons, 'its key was never inserted') group by all order by all""",
        lake,
    )
    assert found == [{"operation": 1, "rows": 19}, {"operation": 4, "rows": 62}]
    assert one("select count(*) from silver.billing_transactions", lake) == 319


def test_no_reading_names_the_customer_of_its_meter(lake: Settings) -> None:
    assert one("select count(*) from silver.smart_meter_readings", lake) == 500
    assert one("select count(*) from silver.smart_meter_readings where is_customers_meter", lake) <= 5
    conflicts = asked("select conflict, count(*) as meters from gold.meter_conflicts group by all", lake)
    assert {row["conflict"] for row in conflicts} == {"ANOTHERS_METER", "SEVERAL_OWNERS"}


def test_the_changed_transformers_have_two_versions_of_which_the_first_ends(lake: Settings) -> None:
    assert one("select count(*) from silver.transformer_master", lake) == 530
    assert one("select count(*) from silver.transformer_master where not is_current", lake) == 30
    ends = asked(
        "select distinct record_end_date::text as until from silver.transformer_master where not is_current",
        lake,
    )
    assert ends == [{"until": "2025-06-01"}]


def test_fields_that_the_contract_does_not_name_are_kept(lake: Settings) -> None:
    kept = one("select count(*) from bronze.smart_meter_readings where _extra like '%kafka_offset%'", lake)
    assert kept == 500


def test_new_columns_are_null_before_their_file(lake: Settings) -> None:
    found = asked(
        """select hour(timestamp) as hour, count(curtailment_mw) as told from bronze.renewable_production
        group by all order by all""",
        lake,
    )
    assert [row["hour"] for row in found if row["told"]] == [9, 10]


def test_near_zero_meters_are_suspects_without_much_confidence(lake: Settings) -> None:
    found = asked(
        "select kind, max(confidence) as surest, count(*) as meters from gold.meter_suspects group by kind",
        lake,
    )
    by_kind = {row["kind"]: row for row in found}
    assert by_kind["THEFT_NEAR_ZERO"]["surest"] == pytest.approx(0.3)
    assert by_kind["THEFT_NEAR_ZERO"]["meters"] >= 15
    assert by_kind["SINGLE_SPIKES"]["meters"] >= 10
