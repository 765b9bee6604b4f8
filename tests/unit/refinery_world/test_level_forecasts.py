"""Forecasts of tank levels beside the two naive ones, over generated weeks, from several days on."""

import pandas as pd
import pytest

from benchmarks.figures.forecast import COVERED, backtest


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    return pd.concat([backtest(seed, (14, 42, 49, 56)) for seed in (21, 22)])


@pytest.mark.parametrize("is_crude", [True, False])
@pytest.mark.parametrize("history", [14, 42])
def test_a_forecast_is_better_than_the_level_of_now_and_than_the_mean(
    found: pd.DataFrame, is_crude: bool, history: int
) -> None:
    of_kind = found[(found["is_crude"] == is_crude) & (found["history"].clip(upper=42) == history)]
    assert len(of_kind) > 300
    assert of_kind["error"].mean() < min(of_kind["error_of_now"].mean(), of_kind["error_of_mean"].mean())


@pytest.mark.parametrize("is_crude", [True, False])
@pytest.mark.parametrize("days", [(1, 1), (2, 3), (4, 7), (8, 14)])
def test_neither_naive_guess_is_better_at_any_distance(
    found: pd.DataFrame, is_crude: bool, days: tuple[int, int]
) -> None:
    """But for what a few hundred tank-days tell by chance."""
    known = found[
        (found["is_crude"] == is_crude) & (found["history"] >= 42) & found["days_ahead"].between(*days)
    ]
    assert known["error"].mean() <= 1.02 * min(known["error_of_now"].mean(), known["error_of_mean"].mean())


def test_the_band_covers_what_it_says(found: pd.DataFrame) -> None:
    low, high = COVERED
    assert low <= found[found["history"] >= 42]["within"].mean() <= high
