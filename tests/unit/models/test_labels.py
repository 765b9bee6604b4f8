"""Remaining life and horizons with censoring, splits that keep machines apart and the future out."""

import numpy as np
import pandas as pd

from headrace.models.labels import (
    Labels,
    group_folds,
    group_time_split,
    labels,
    landmarks,
    random_cuts,
)
from tests.unit.models.wearing import machines

NAN = float("nan")


def test_life_is_counted_to_the_next_failure_and_censored_after_the_last():
    failures = pd.DataFrame({"entity": ["a", "a", "c"], "time": [3.0, 5.0, 9.0]})
    entities = np.array(["a"] * 4 + ["b"] * 2)
    found = labels(entities, np.array([1.0, 3.0, 4.0, 6.0, 1.0, 7.0]), failures)
    assert found.remaining.tolist() == [2, 0, 1, 0, 6, 0]
    assert found.is_censored.tolist() == [False, False, False, True, True, True]
    later = labels(entities, np.array([1.0, 3.0, 4.0, 6.0, 1.0, 7.0]), failures, end=10.0)
    assert later.remaining.tolist() == [2, 0, 1, 4, 9, 3]


def test_a_horizon_is_unknown_where_watching_ended_before_it():
    life = Labels(np.array([5.0, 20.0, 5.0, 20.0, 10.0]), np.array([False, False, True, True, True]))
    np.testing.assert_array_equal(life.within(10), [1, 0, NAN, 0, 0])
    np.testing.assert_array_equal(life.capped(10), [5, 10, NAN, 10, 10])


def test_weights_make_known_rows_stand_for_all():
    random = np.random.default_rng(1)
    life, watched = random.exponential(30, 200_000), random.uniform(0, 60, 200_000)
    seen = Labels(np.minimum(life, watched), watched < life)
    weights, known = seen.weights(25), ~np.isnan(seen.capped(25))
    assert (weights[~known] == 0).all()
    by_known = np.average(seen.capped(25)[known], weights=weights[known])
    naive = seen.capped(25)[known].mean()
    assert abs(by_known - np.minimum(life, 25).mean()) < 0.15 < abs(naive - np.minimum(life, 25).mean())
    share = np.average(
        seen.within(10)[known_ := ~np.isnan(seen.within(10))], weights=seen.weights(10)[known_]
    )
    assert abs(share - (life <= 10).mean()) < 0.005


def test_without_censoring_all_rows_weigh_the_same():
    life = Labels(np.array([3.0, 1.0, 2.0]), np.zeros(3, bool))
    assert life.weights(2).tolist() == [1, 1, 1]


def test_a_cut_hides_the_failures_that_come_after_it():
    life = Labels(np.array([2.0, 9.0, 9.0]), np.array([False, False, True])).known_at(
        np.array([1.0, 1.0, 4.0]), 5.0
    )
    assert life.remaining.tolist() == [2, 4, 1]
    assert life.is_censored.tolist() == [False, True, True]


def test_each_machine_is_held_out_once_and_whole():
    groups = np.repeat(np.arange(23), 7)
    folds = list(group_folds(groups, 5, seed=2))
    assert sorted(np.concatenate([held for _, held in folds])) == list(range(len(groups)))
    for train, held in folds:
        assert not set(groups[train]) & set(groups[held])
        assert len(train) + len(held) == len(groups)
    assert len(list(group_folds(np.array([1, 2]), 5))) == 2


def test_a_split_in_time_shares_neither_machines_nor_days():
    rows, _ = machines(30, 1)
    groups, times = rows["machine"].to_numpy(), rows["time"].to_numpy()
    train, held = group_time_split(groups, times, cut=60, gap=5)
    assert not set(groups[train]) & set(groups[held])
    assert times[train].max() <= 60
    assert times[held].min() > 65


def test_landmarks_are_one_row_of_each_stretch():
    rows, _ = machines(5, 1)
    times = rows["time"].to_numpy()
    found = rows.iloc[landmarks(rows["machine"].to_numpy(), times, 10, seed=4)]
    stretch = ((found["time"] - times.min()) // 10).astype(int)
    assert not pd.DataFrame({"machine": found["machine"], "stretch": stretch}).duplicated().any()
    assert len(found) == len(rows.groupby(["machine", (rows["time"] - times.min()) // 10]))


def test_cuts_have_enough_history_and_a_known_life():
    rows, failures = machines(12, 1)
    entities = rows["machine"].to_numpy()
    life = labels(entities, rows["time"].to_numpy(), failures)
    cuts = random_cuts(entities, life, least=30, per_entity=3)
    assert (rows["time"].to_numpy()[cuts] > 30).all()
    assert not life.is_censored[cuts].any()
    assert set(entities[cuts]) == set(entities[~life.is_censored])
