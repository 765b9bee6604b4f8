"""Registers count what meters do; of some the head-end holds another unit or multiplier for a time."""

import pandas as pd
import pytest

from tests.unit.grid_world.conftest import Grid


@pytest.fixture(scope="module")
def days(half: Grid) -> pd.DataFrame:
    """What each register counted from one midnight to the next, and the sum of the readings of the day."""
    reads = half.rows("register_reads").sort_values(["meter_id", "read_at"])
    reads["kwh"] = reads.register_value * reads.multiplier
    reads["day"] = (reads.read_at + pd.Timedelta(hours=5.5)).dt.floor("D") - pd.Timedelta(days=1)
    before = reads.groupby("meter_id")
    reads["counted"] = before.kwh.diff().where(before.day.diff() == pd.Timedelta(days=1))
    readings = half.rows("smart_meter_readings")
    readings["day"] = (readings.timestamp + pd.Timedelta(hours=5.4)).dt.floor("D")
    summed = readings.groupby(["meter_id", "day"]).reading_kwh.agg(["sum", "count", "max"]).reset_index()
    both = reads.dropna(subset="counted").merge(summed, on=["meter_id", "day"])
    return both[(both["count"] == 48) & (both["max"] < 50)]


@pytest.fixture(scope="module")
def wrong(half: Grid, days: pd.DataFrame) -> pd.Series:
    """Whether each day lies in a time in which the head-end holds something wrong."""
    errors = half.hidden("register_errors")
    begins = days.day - pd.Timedelta(hours=5.5)
    found = pd.Series(False, index=days.index)
    for error in errors.itertuples():
        found |= (days.meter_id == error.meter_id) & (begins >= error.from_at) & (begins < error.to_at)
    return found


def test_a_register_counts_what_the_readings_of_its_day_add_up_to(half: Grid, days: pd.DataFrame) -> None:
    right = days[~days.meter_id.isin(half.hidden("register_errors").meter_id)]

    assert len(right) > 2000
    assert ((right.counted - right["sum"]).abs() <= 0.05).all()


def test_a_register_of_which_something_wrong_is_held_counts_something_else(
    days: pd.DataFrame, wrong: pd.Series
) -> None:
    used = days[wrong & (days["sum"] > 1)]
    ratio = used.counted / used["sum"]

    assert used.meter_id.nunique() >= 3
    assert ((ratio < 0.5) | (ratio > 2)).mean() > 0.9


def test_registers_behind_transformers_have_a_multiplier_and_one_read_in_a_hundred_is_lost(
    half: Grid,
) -> None:
    reads = half.rows("register_reads")

    assert set(reads.multiplier) >= {1.0, 10.0, 20.0, 40.0}
    assert len(reads) / (reads.meter_id.nunique() * reads.read_at.nunique()) == pytest.approx(0.99, abs=0.004)
