"""The main model on machines that it has not seen: right, honest, explained, and kept to the last bit."""

import json

import numpy as np
import pandas as pd
import pytest

from headrace.errors import UnknownName, UsageError
from headrace.models.boosting import Recipe, fit, fit_and_hold_out
from headrace.models.judgement import judge
from headrace.models.labels import Labels, landmarks
from headrace.models.predictor import Predictor
from headrace.models.survival import SurvivalModel, fit_survival
from tests.unit.models.wearing import CAP, learnable

HORIZONS = (10.0, 20.0)
QUICK = Recipe(folds=4, rounds=60)


@pytest.fixture(scope="module")
def fitted() -> tuple[Predictor, pd.DataFrame]:
    features, life, groups = learnable(60, seed=1)
    return fit_and_hold_out(features, life, groups, HORIZONS, CAP, QUICK)


@pytest.fixture(scope="module")
def unseen() -> tuple[pd.DataFrame, Labels, np.ndarray]:
    """Machines of which all is known."""
    return learnable(150, seed=2, end=250.0)


def test_unseen_machines_are_predicted_better_than_by_the_mean(fitted, unseen):
    features, life, groups = unseen
    figures = judge(fitted[0].predict(features), life, groups, CAP, HORIZONS)
    assert figures["rmse"].high < 0.6 * life.capped(CAP).std()
    for horizon in HORIZONS:
        came = life.within(horizon)
        assert figures[f"brier_within_{horizon:g}"].high < 0.6 * came.mean() * (1 - came.mean())


def test_intervals_hold_on_unseen_machines_what_they_say(fitted, unseen):
    features, life, groups = unseen
    predictions = fitted[0].predict(features)
    held = judge(predictions, life, groups, CAP)["coverage"]
    assert 0.87 < held.value < 0.97
    near = life.remaining < CAP  # where it matters too, not only where everything is well
    assert 0.82 < judge(predictions[near], life[near], groups[near], CAP)["coverage"].value < 0.97
    assert (predictions["low"] <= predictions["remaining"]).all()
    assert (predictions["remaining"] <= predictions["high"]).all()
    assert predictions[["remaining", "low", "high"]].stack().between(0, CAP).all()


def test_probabilities_are_calibrated_on_unseen_machines_and_grow_with_the_horizon(fitted, unseen):
    features, life, groups = unseen
    predictions = fitted[0].predict(features)
    figures = judge(predictions, life, groups, CAP, HORIZONS)
    assert figures["calibration_within_10"].value < 0.03
    assert figures["calibration_within_20"].value < 0.04
    assert (predictions["within_10"] <= predictions["within_20"]).all()


def test_what_is_held_out_is_about_as_good_as_unseen_machines(fitted):
    _, life, groups = learnable(60, seed=1)
    held = judge(fitted[1], life, groups, CAP)["rmse"]
    features, life, groups = learnable(60, seed=4)
    later = judge(fitted[0].predict(features), life, groups, CAP)["rmse"]
    assert held.low < later.high
    assert later.low < held.high


def test_reasons_add_up_and_name_what_wears(fitted, unseen):
    features = unseen[0].iloc[-5:]
    model = fitted[0]
    every = model.reasons(features, count=len(model.features))
    sums = every.groupby("row", sort=False)["contribution"].sum()
    raw = model._mean("remaining", model._numbers(features))
    assert np.ptp(raw - sums.to_numpy()) < 1e-6  # the same mean of training is left of each
    top = model.reasons(features, count=2, of="within_20")
    assert top["rank"].tolist() == [1, 2] * 5
    assert not top["feature"].str.startswith("noise").any()
    with pytest.raises(UnknownName, match="within_11"):
        model.reasons(features, of="within_11")


def test_a_model_read_from_its_text_predicts_the_same_to_the_last_bit(fitted, unseen):
    model, features = fitted[0], unseen[0]
    text = model.to_text()
    again = Predictor.from_text(text)
    assert again == model
    assert again.to_text() == text
    pd.testing.assert_frame_equal(again.predict(features), model.predict(features), check_exact=True)
    shuffled = features[features.columns[::-1]]
    pd.testing.assert_frame_equal(again.predict(shuffled), model.predict(features), check_exact=True)


def test_the_same_seed_makes_the_same_model_on_one_thread_or_two():
    features, life, groups = learnable(24, seed=3)
    quick = {"folds": 3, "rounds": 10}
    one, two, other = (
        json.loads(fit(features, life, groups, (10.0,), CAP, recipe).to_text())
        for recipe in (Recipe(**quick, threads=1), Recipe(**quick, threads=2), Recipe(**quick, seed=1))
    )
    assert one["texts"] == two["texts"]
    assert one["margins"] == two["margins"]
    assert one["texts"] != other["texts"]


def test_what_cannot_be_learned_is_refused_with_the_reason(fitted):
    features, life, groups = learnable(10, seed=1)
    with pytest.raises(UsageError, match="10 machines cannot be split into 20 folds"):
        fit(features, life, groups, (10.0,), CAP, Recipe(folds=20))
    healthy = Labels(np.full(len(features), 99.0), np.ones(len(features), bool))
    with pytest.raises(UsageError, match="nothing can be learned of remaining"):
        fit(features, healthy, groups, (10.0,), CAP, QUICK)
    with pytest.raises(UsageError, match="heat_last"):
        fitted[0].predict(features.drop(columns="heat_last"))
    with pytest.raises(UsageError, match="format 0"):
        Predictor.from_text('{"format": 0}')


def test_the_baseline_predicts_the_same_columns_and_less_well(fitted, unseen):
    features, life, groups = learnable(60, seed=1)
    chosen = landmarks(groups, np.arange(len(groups), dtype=float), every=5)
    model = fit_survival(features.iloc[chosen], life[chosen], HORIZONS, CAP)
    predictions = model.predict(unseen[0])
    assert predictions.columns.tolist() == fitted[0].predict(unseen[0]).columns.tolist()
    pd.testing.assert_frame_equal(
        SurvivalModel.from_text(model.to_text()).predict(unseen[0]), predictions, check_exact=True
    )
    figures = judge(predictions, unseen[1], unseen[2], CAP, HORIZONS)
    assert figures["rmse"].value < 0.8 * unseen[1].capped(CAP).std()
    assert (predictions["low"] <= predictions["remaining"]).all()
    assert (predictions["within_10"] <= predictions["within_20"]).all()
    healthy = Labels(life.remaining, np.ones(len(groups), bool))
    with pytest.raises(UsageError, match="survival"):
        fit_survival(features, healthy, HORIZONS, CAP)
