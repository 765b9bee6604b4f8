"""The forecast of one tank, in plain pandas."""

from datetime import date, timedelta

import pandas as pd
import pytest

from domains.refinery.gold.inventory_forecast import forecast_of_tank

MONDAY = date(2024, 1, 1)


def forecast(levels: list[float], **tank: float) -> pd.DataFrame:
    limits = {"capacity_barrels": 1000.0, "min_barrels": 100.0, "max_barrels": 900.0} | tank
    days = pd.DataFrame(
        {
            "measurement_date": [MONDAY + timedelta(days=place) for place in range(len(levels))],
            "closing_barrels": [float(level) for level in levels],
        }
    ).assign(tank_id="T", refinery_id="R", product_type="Crude Oil", **limits)
    return forecast_of_tank(days.sample(frac=1, random_state=1))


def test_a_tank_that_loses_twenty_a_day_reaches_its_minimum_on_the_sixth():
    """220 on 4 January; 200, 180, … 100 on the 10th; 80, below 100, on the 11th."""
    found = forecast([280, 260, 240, 220])
    assert found["expected_barrels"].tolist()[:3] == pytest.approx([200, 180, 160])
    assert set(found["reaches_min_on"]) == {date(2024, 1, 11)}
    assert set(found["reaches_max_on"]) == {None}


def test_a_tank_never_holds_less_than_nothing_or_more_than_it_can():
    assert forecast([300, 200, 100])["expected_barrels"].min() == 0
    filling = forecast([700, 800, 900])
    assert filling["expected_barrels"].max() == 1000
    assert set(filling["reaches_max_on"]) == {date(2024, 1, 4)}


def test_one_wild_day_moves_neither_the_drift_nor_the_forecast():
    steady = [500, 501, 500, 501, 500, 800, 501, 500, 501, 500, 501]
    assert forecast(steady)["expected_barrels"].iloc[-1] == pytest.approx(501, abs=15)


def test_a_weekday_that_differs_shows_in_the_forecast():
    """Three weeks in which a tank gains 10 a day and loses 60 on Sundays."""
    levels, level = [], 500
    for place in range(21):
        level += -60 if (MONDAY + timedelta(days=place)).weekday() == 6 else 10
        levels.append(level)
    found = forecast(levels)
    steps = found["expected_barrels"].diff()
    sundays = pd.to_datetime(found["forecast_date"]).dt.day_of_week == 6
    assert steps[sundays].max() < -20 < 0 < steps[~sundays].min()


def test_a_tank_that_is_emptied_once_a_week_is_not_expected_to_run_over():
    """It gains 50 a day and loses 300 at once: no day on which it leaves its limits."""
    levels = [400 + 50 * (place % 7) for place in range(28)]
    found = forecast(levels)
    assert set(found["reaches_max_on"]) == {None}
    assert found["expected_barrels"].iloc[-1] == pytest.approx(levels[-1], abs=120)


def test_the_band_widens_and_holds_the_expectation():
    found = forecast([500, 520, 490, 530, 500, 480, 510, 500])
    width = found["high_barrels"] - found["low_barrels"]
    assert width.is_monotonic_increasing
    assert (
        (found["low_barrels"] <= found["expected_barrels"])
        & (found["expected_barrels"] <= found["high_barrels"])
    ).all()


def test_a_tank_with_one_day_of_history_stays_where_it_is():
    found = forecast([500])
    assert found["expected_barrels"].tolist() == [500] * 14
    assert len(found) == 14


def test_from_a_few_days_nobody_can_tell_how_far_levels_stray():
    assert forecast([300, 310])["low_barrels"].isna().all()
    assert forecast([300, 310, 305, 320, 318, 330])["low_barrels"].notna().all()
