"""Figures against numbers counted by hand, alarms within a budget, the champion's rule, and drift."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from headrace.errors import NotReady, UsageError
from headrace.models.drift import DRIFTED, WATCH, bins_of, population_stability
from headrace.models.judgement import (
    Figure,
    calibration_error,
    difference,
    figure,
    judge_alarms,
    mean_of,
    nasa_score,
    raised,
    rmse,
)
from headrace.models.labels import Labels
from headrace.models.tracking import ModelStore

NAN = float("nan")


def test_error_and_score_are_those_of_the_formulas():
    said, truth = np.array([10.0, 30.0, 7.0]), np.array([23.0, 20.0, NAN])
    groups = np.array([1, 2, 3])
    assert figure(groups, rmse(said, truth)).value == pytest.approx(np.sqrt((13**2 + 10**2) / 2))
    assert figure(groups, nasa_score(said, truth)).value == pytest.approx(2 * (np.e - 1))


def test_intervals_come_from_machines_and_not_from_rows():
    random = np.random.default_rng(1)
    of_machine = np.repeat(random.normal(0, 1, 100), 50)
    found = figure(np.repeat(np.arange(100), 50), mean_of(of_machine))
    by_rows = figure(np.arange(5000), mean_of(of_machine))
    assert found.high - found.low == pytest.approx(2 * 1.96 * of_machine.std() / 10, rel=0.15)
    assert by_rows.high - by_rows.low < 0.2 * (found.high - found.low)


def test_calibration_is_the_distance_between_said_and_come():
    chance = np.linspace(0, 1, 10_000)
    came = (np.random.default_rng(2).random(10_000) < chance).astype(float)
    groups = np.arange(10_000) // 10
    assert figure(groups, calibration_error(chance, came)).value < 0.02
    assert figure(groups, calibration_error(chance / 2, came)).value == pytest.approx(0.25, abs=0.02)
    assert figure(groups[:0], calibration_error(chance[:0], came[:0])).text() == "nan (nan to nan)"


def test_an_entity_is_quiet_after_an_alarm():
    entities, times = np.array([1, 1, 1, 1, 2]), np.array([0.0, 1.0, 2.0, 3.0, 3.0])
    assert raised(entities, times, np.array([0.9, 0.9, 0.1, 0.9, 0.9]), 0.5, quiet=2).tolist() == [0, 3, 4]


def test_alarms_keep_to_the_budget_and_are_held_against_failures():
    """Machines a and b fail at 10, c does not and is watched until 20; a is warned of in time, c for nothing."""
    entities = np.repeat(["a", "b", "c"], [10, 10, 20])
    times = np.concatenate([np.arange(10.0), np.arange(10.0), np.arange(20.0)])
    remaining = np.concatenate([10 - np.arange(10.0), 10 - np.arange(10.0), 20 - np.arange(20.0)])
    labels = Labels(remaining, np.repeat([False, False, True], [10, 10, 20]))
    chance = np.full(40, 0.1)
    chance[6:10], chance[25] = 0.9, 0.8
    found = judge_alarms(entities, times, chance, labels, horizon=5, per_entity=0.7, quiet=30)
    assert found.threshold == 0.8
    assert found.places.tolist() == [6, 25]
    assert (found.precision.value, found.recall.value, found.lead.value) == (0.5, 0.5, 4.0)
    none = judge_alarms(entities, times, chance, labels, horizon=5, per_entity=0, quiet=30)
    assert (len(none.places), none.recall.value) == (0, 0.0)
    assert np.isnan(none.precision.value)


def test_only_a_difference_that_is_no_noise_is_below_zero():
    random = np.random.default_rng(3)
    groups, truth = np.repeat(np.arange(40), 20), random.uniform(0, 100, 800)
    old, same, better = (truth + random.normal(0, off, 800) for off in (10, 10, 7))
    assert difference(groups, rmse(same, truth), rmse(old, truth)).high > 0
    assert difference(groups, rmse(better, truth), rmse(old, truth)).high < 0


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> ModelStore:
    return ModelStore.in_folder(tmp_path_factory.mktemp("models"))


def test_a_champion_is_kept_until_a_challenger_is_better_by_more_than_noise(store):
    with pytest.raises(NotReady, match="train one first"):
        store.champion_text("pumps")
    first = store.record("pumps", "one", {"rmse": Figure(9.0, 8.0, 10.0)}, {"rounds": 150}, {"code": "abc"})
    assert store.challenge("pumps", first)
    second = store.record("pumps", "two", {"rmse": 8.5, "recall": NAN})
    with pytest.raises(UsageError, match="needs the difference"):
        store.challenge("pumps", second)
    assert not store.challenge("pumps", second, Figure(-0.5, -1.2, 0.2))
    assert (store.champion("pumps"), store.champion_text("pumps")) == (first, "one")
    assert store.challenge("pumps", second, Figure(-0.5, -0.9, -0.1))
    assert (store.champion("pumps"), store.champion_text("pumps")) == (second, "two")
    assert ModelStore(store.tracking).champion("pumps") == second
    assert store.text(first) == "one"
    kept = store._client.get_run(first).data
    assert (kept.params["rounds"], kept.metrics["rmse_high"], kept.tags["code"]) == ("150", 10.0, "abc")


def test_artifacts_lie_on_s3_when_the_store_says_so(tmp_path, monkeypatch):
    import boto3
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="models")
        store = ModelStore.in_folder(tmp_path, artifacts="s3://models/headrace")
        run = store.record("pumps", "on S3", {})
        assert store.text(run) == "on S3"
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket="models")["Contents"]]
        assert keys == [f"headrace/pumps/{run}/artifacts/model.json"]


def test_importing_the_package_loads_none_of_the_slow_libraries():
    code = (
        "import json, sys, headrace.models.boosting, headrace.models.survival, headrace.models.tracking; "
        "print(json.dumps([m for m in ('mlflow', 'lightgbm', 'sksurv', 'sklearn', 'scipy') if m in sys.modules]))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == []


def test_drift_is_seen_where_a_feature_moved():
    random = np.random.default_rng(4)
    before = pd.DataFrame({name: random.normal(0, 1, 5000) for name in ("same", "moved", "gone", "new")})
    before["new"] = NAN
    now = pd.DataFrame({name: random.normal(0, 1, 3000) for name in before})
    now["moved"] += 0.8
    now.loc[:600, "gone"] = NAN
    found = population_stability(bins_of(before), now)
    assert found["same"] < 0.02 < WATCH
    assert found["moved"] > DRIFTED
    assert found["gone"] > DRIFTED
    assert found.index[0] == "new"
    assert population_stability(bins_of(before), before).max() == 0
    with pytest.raises(UsageError, match="moved"):
        population_stability(bins_of(before), now.drop(columns="moved"))
