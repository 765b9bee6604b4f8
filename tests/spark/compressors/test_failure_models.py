"""A small fleet over some weeks: a model is trained, lands, and predicts; a later one leaves earlier days alone."""

import base64
import json
import os
import zlib
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from pyspark.sql import SparkSession

from headrace.contracts.load import load_contracts
from headrace.lake import objects
from headrace.lake.paths import Paths
from headrace.models.boosting import Recipe
from headrace.models.files import TrainedModel, as_file, id_of, model_in
from headrace.operate import training
from headrace.operate.receipt import receipt
from headrace.refine.run import RefineResult, refine
from headrace.serve.query import run_query
from headrace.settings import Settings
from simulation.generate.plan import Plan
from simulation.generate.run import make
from simulation.generate.sources import load_sources
from tests.spark.answers import asked_of

DOMAIN = "compressors"
START, DAYS, MACHINES = datetime(2024, 2, 1), 30, 40
asked = partial(asked_of, DOMAIN)
SMALL = Recipe(folds=2, rounds=20)
TABLES = (
    *("sensor_readings", "station_locations", "compressor_metadata", "maintenance_logs", "trained_models"),
    *("alarms", "alert_history", "sensor_features", "wear_features", "ml_predictions"),
)
PREDICTED = """select compressor_id, predicted_at, failure_within_24h, failure_within_48h, failure_within_168h,
    remaining_hours, remaining_hours_low, remaining_hours_high, reason_1, model_id, is_hindsight
    from gold.ml_predictions order by compressor_id, predicted_at"""


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("models"), cores=2, shuffle_partitions=2, workers=2)
    plan = Plan(scale=MACHINES / 4500, start=START, end=START + timedelta(days=DAYS), into="bronze")
    make(DOMAIN, load_contracts(DOMAIN), load_sources(DOMAIN), plan, settings)
    refine(DOMAIN, tables=TABLES, settings=settings)
    return settings


@pytest.fixture(scope="module")
def first(lake: Settings) -> dict[str, Any]:
    """Trained on the little that is there, and refined."""
    before = asked(PREDICTED, lake)
    assert before == [], "without a model nothing is predicted, and refining passes"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "FEWEST_FAILURES", 3)
        done = training.train(DOMAIN, settings=lake, recipe=SMALL)
    refine(DOMAIN, tables=TABLES, settings=lake)
    return done


def land(model: TrainedModel, lake: Settings) -> None:
    place = f"{Paths.of(DOMAIN, lake).landing('trained_models')}/{model.model_id}.json"
    objects.put(place, as_file(model))


def test_the_first_model_predicts_every_hour_of_every_machine_that_ran(
    first: dict[str, Any], lake: Settings
) -> None:
    rows = asked(PREDICTED, lake)
    (features,) = asked("select count(*) as hours from gold.wear_features", lake)
    assert len(rows) == features["hours"] > 20_000
    assert {row["model_id"] for row in rows} == {first["model_id"]}
    for row in rows[:: len(rows) // 500]:
        assert 0 < row["failure_within_24h"] <= row["failure_within_48h"] <= row["failure_within_168h"] < 1
        assert 0 <= row["remaining_hours_low"] <= row["remaining_hours"] <= row["remaining_hours_high"] <= 336
        assert (row["reason_1"] is not None) == (row["failure_within_168h"] >= 0.05)
    assert {row["is_hindsight"] for row in rows} == {True, False}
    assert receipt(DOMAIN, lake).check().balanced
    assert run_query(f"{DOMAIN}/failure-predictions", settings=lake).as_dicts()


def test_a_second_run_predicts_nothing_again(first: dict[str, Any], lake: Settings) -> None:
    again = {
        each.table: each
        for each in refine(DOMAIN, tables=TABLES, settings=lake).tables
        if each.layer == "gold"
    }
    assert again["ml_predictions"].counts.get("written", 0) == 0


def test_a_new_model_leaves_earlier_days_alone(first: dict[str, Any], lake: Settings) -> None:
    champion = model_in(objects.get(first["file"]) or b"")
    before = asked(PREDICTED, lake)
    since = date(2024, 2, 29)
    plain = zlib.decompress(base64.b64decode(champion.model_text))
    text = base64.b64encode(zlib.compress(plain, 1)).decode()  # the same model under another name
    challenger = replace(
        champion,
        model_id=id_of(champion.model_name, text),
        model_text=text,
        in_force_from=since,
        generation=2,
        replaces=champion.model_id,
    )
    land(challenger, lake)
    done = refine(DOMAIN, tables=TABLES, settings=lake)
    after = asked(PREDICTED, lake)
    assert partitions_of(done) == 2, "the two last days alone"
    for row, then in zip(after, before, strict=True):
        if row["predicted_at"].date() < since:
            assert row == then
        else:
            assert row["model_id"] == challenger.model_id


def partitions_of(done: RefineResult) -> int:
    (found,) = [each for each in done.tables if each.table == "ml_predictions"]
    return found.counts["partitions"]


def test_a_damaged_model_is_set_aside_with_the_reason(first: dict[str, Any], lake: Settings) -> None:
    champion = model_in(objects.get(first["file"]) or b"")
    land(replace(champion, model_text=champion.model_text[:-9]), lake)
    broken = f"{Paths.of(DOMAIN, lake).landing('trained_models')}/broken.json"
    objects.put(broken, json.dumps({"model_id": "x"}).encode())
    for name in (broken, first["file"]):  # a file without rows is left alone for ten seconds: it may be begun
        os.utime(name, (1e9, 1e9))
    done = refine(DOMAIN, settings=lake, layers=["bronze"])
    reasons = {each.name.rpartition("/")[2]: each.reason for each in done.set_aside}
    assert "digest is another one" in reasons[f"{champion.model_id}.json"]
    assert "a model has" in reasons["broken.json"]
