"""Features: against pandas and NumPy on plain windows, and blind to the future."""

import math
import time

import numpy as np
import pandas as pd
import pytest

from headrace.errors import UsageError
from headrace.models.histories import STATISTICS, Windows, history_features
from tests.unit.models.wearing import SIGNALS, machines

ALL = Windows(lengths=(10.0, math.inf), half_lives=(5.0,), baseline=12.0, statistics=STATISTICS)


def with_gaps(seed: int = 3) -> pd.DataFrame:
    """Readings at uneven instants, some of them missing."""
    rows, _ = machines(6, seed)
    random = np.random.default_rng(seed)
    rows = rows[random.random(len(rows)) > 0.2].reset_index(drop=True)
    rows["time"] = rows["time"] + random.uniform(0, 0.5, len(rows)).round(3)
    rows.loc[random.random(len(rows)) < 0.1, "heat"] = np.nan
    return rows


def features(rows: pd.DataFrame, windows: Windows = ALL) -> pd.DataFrame:
    return history_features(rows, "machine", "time", SIGNALS, windows)


def test_no_feature_sees_the_future():
    rows = with_gaps()
    now = rows["time"] <= 40
    changed = rows.assign(**{name: rows[name].where(now, 1e6) for name in SIGNALS})
    pd.testing.assert_frame_equal(features(changed)[now], features(rows)[now], check_exact=True)
    pd.testing.assert_frame_equal(
        features(rows[now].reset_index(drop=True)),
        features(rows)[now].reset_index(drop=True),
        check_exact=True,
    )


def test_an_entity_has_the_same_features_alone_as_among_others():
    rows = with_gaps()
    alone = rows[rows["machine"] == 3]
    pd.testing.assert_frame_equal(features(alone), features(rows).loc[alone.index], check_exact=True)


def test_windows_are_those_that_a_loop_finds():
    rows = with_gaps()
    made = features(rows)
    for place in range(0, len(rows), 37):
        row = rows.loc[place]
        past = rows[(rows["machine"] == row["machine"]) & (rows.index <= place)]
        near = past[past["time"] > row["time"] - 10]
        normal = past.loc[past["time"] <= past["time"].iloc[0] + 12, "heat"].mean()
        known = near.dropna(subset="heat")
        expected = {
            "heat_last": row["heat"],
            "heat_mean_10": known["heat"].mean(),
            "heat_std_10": known["heat"].std(),
            "heat_min_10": known["heat"].min(),
            "heat_max_10": known["heat"].max(),
            "heat_mean_all": past["heat"].mean(),
            "heat_max_all": past["heat"].max(),
            "heat_mean_10_from_baseline": known["heat"].mean() - normal,
        }
        if len(known) > 2:
            expected["heat_slope_10"] = np.polyfit(known["time"], known["heat"], 1)[0]
        weights = np.where(past["heat"].isna(), 0, 0.5 ** ((row["time"] - past["time"]) / 5))
        expected["heat_ewma_5"] = (weights * past["heat"].fillna(0)).sum() / weights.sum()
        found = made.loc[place, list(expected)].to_numpy(float)
        np.testing.assert_allclose(found, np.array(list(expected.values()), float), rtol=2e-4, atol=2e-4)


def test_a_window_that_knows_too_little_says_nothing():
    rows = pd.DataFrame({"machine": 1, "time": [0.0, 1.0, 2.0], "heat": [np.nan, 3.0, 5.0]})
    made = history_features(rows, "machine", "time", ["heat"], Windows(lengths=(10.0,), baseline=5.0))
    assert made["heat_mean_10"].isna().tolist() == [True, False, False]
    assert made["heat_std_10"].isna().tolist() == [True, True, False]
    assert made["heat_slope_10"].isna().all()
    assert made["heat_mean_10_from_baseline"].tolist()[1:] == [0.0, 0.0]


def test_large_values_keep_their_small_changes():
    rows = pd.DataFrame({"machine": 1, "time": np.arange(2000.0), "heat": 1e6 + np.arange(2000.0) * 1e-3})
    made = history_features(rows, "machine", "time", ["heat"], Windows(lengths=(24.0,)))
    np.testing.assert_allclose(made["heat_slope_24"][5:], 1e-3, rtol=1e-4)


@pytest.mark.parametrize("order", [[0, 2, 1, 3], [0, 1, 3, 2], [2, 0, 1, 3]])
def test_rows_that_are_not_sorted_are_refused(order):
    rows = pd.DataFrame({"machine": [1, 1, 1, 2], "time": [0.0, 1.0, 2.0, 0.0], "heat": 1.0})
    with pytest.raises(UsageError, match="sorted"):
        history_features(rows.iloc[order], "machine", "time", ["heat"], ALL)


def test_an_unknown_statistic_is_refused_and_no_rows_have_no_features():
    with pytest.raises(UsageError, match="known: mean"):
        Windows(lengths=(1.0,), statistics=("median",))
    assert features(with_gaps().head(0)).columns.tolist() == ALL.names(SIGNALS)


def test_half_a_year_of_a_machine_by_the_hour_takes_milliseconds():
    hours = np.arange(4320.0)
    rows = pd.DataFrame({"machine": 1, "time": hours, **{name: np.sin(hours) for name in SIGNALS}})
    began = time.process_time()
    history_features(rows, "machine", "time", SIGNALS, Windows(lengths=(24.0, 168.0), half_lives=(24.0,)))
    assert time.process_time() - began < 1
