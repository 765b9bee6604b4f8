"""What forecasts of tank levels are made of, in plain NumPy."""

import numpy as np
import pytest

from domains.refinery.crude_levels import Deliveries
from domains.refinery.level_forecasts import BAND, FEWEST, fitted, guesses_of
from domains.refinery.lifting_cycles import levels_ahead, turns_of

HOURS = np.arange(-28 * 24, 1.0)


def sawtooth(hours: np.ndarray, length: float, low: float = 0.2, rise: float = 0.5) -> np.ndarray:
    """Rises for four fifths of a cycle, and is lifted in the last."""
    part = hours / length % 1
    return low + rise * np.where(part < 0.8, part / 0.8, (1 - part) / 0.2)


def test_turns_are_lows_and_highs_in_turn_and_not_every_wiggle():
    levels = np.array([0.5, 0.3, 0.6, 0.58, 0.9, 0.2, 0.22, 0.21, 0.8])
    assert turns_of(levels) == [(0, True), (1, False), (4, True), (5, False)]


@pytest.mark.parametrize(("length", "off"), [(11.0, 0.1), (30.0, 0.05), (100.0, 0.02)])
def test_a_tank_that_is_lifted_by_the_clock_is_foreseen(length, off):
    """As well as an hour between two levels allows; the mean is off by an eighth."""
    ahead = 24.0 * np.arange(1, 15)
    found = levels_ahead(HOURS, sawtooth(HOURS, length), ahead)
    assert np.abs(found - sawtooth(ahead, length)).mean() < off


def test_within_its_cycle_a_tank_goes_on_from_where_it_is():
    """The last lifting left a tenth more than usual; until the next one that is still in the tank."""
    levels = sawtooth(HOURS + 40, 100.0) + np.where(HOURS >= -40, 0.1, 0.0)
    later = levels_ahead(HOURS, levels, np.array([10.0]))
    assert later == pytest.approx(sawtooth(np.array([50.0]), 100.0) + 0.1, abs=0.01)


def test_without_a_cycle_the_mean_is_what_is_known():
    rising = np.linspace(0.2, 0.6, 100)
    assert levels_ahead(np.arange(-99.0, 1), rising, np.array([24.0])) == pytest.approx([0.4])
    assert levels_ahead(np.array([0.0]), np.array([0.3]), np.array([24.0])) == pytest.approx([0.3])


def deliveries(**told: list[float]) -> Deliveries:
    count = len(told["due"])
    known = {"barrels": [0.1], "scheduled": [-20.0], "estimate": [np.nan], "arrived": [np.nan]}
    columns = {
        name: np.array(value * count if len(value) < count else value) for name, value in known.items()
    }
    columns |= {name: np.array(value, dtype=float) for name, value in told.items()}
    return Deliveries(**columns, late_weights=np.array([[1.0] + [0.0] * 21] * count))


def test_a_crude_tank_gains_what_comes_and_loses_what_is_drawn():
    """It lost 0.28 in a fortnight, beside 0.1 that came: 0.38 in 14 days. Tomorrow comes another parcel."""
    levels = np.linspace(0.8, 0.52, 14 * 24 + 1)
    hours = np.arange(-14 * 24.0, 1)
    found = deliveries(due=[-5.0, 1.0, 30.0], arrived=[-5.0, np.nan, np.nan])
    ahead = 24.0 * np.arange(1, 4)
    expected = 0.52 + 0.1 - 0.38 / 14 * np.arange(1, 4)
    assert found.levels_ahead(hours, levels, ahead, 0, 23.9) == pytest.approx(expected)


def test_days_ago_a_parcel_that_came_since_was_still_under_way():
    levels, hours = np.full(14 * 24 + 1, 0.5), np.arange(-14 * 24.0, 1)
    found = deliveries(due=[-3.0], arrived=[-3.0])
    assert found.levels_ahead(hours, levels, np.array([24.0]), 4, 23.9) == pytest.approx([0.6])
    unheard = deliveries(due=[-3.0], arrived=[-3.0], scheduled=[-3.5])
    assert unheard.levels_ahead(hours, levels, np.array([24.0]), 4, 23.9) == pytest.approx([0.5])


def random_guesses(come_true: float, count: int = 4000) -> dict[str, np.ndarray]:
    """Levels that go so much of the way that is promised, and all the rest of the way to the mean; and a little by
    themselves."""
    draws = np.random.default_rng(1)
    mean, deviation = np.full(count, 0.5), np.full(count, 0.1)
    now, promise, own = (0.5 + 0.1 * draws.standard_normal(count) for _ in range(3))
    came = mean + come_true * (promise - mean) + 0.2 * (own - 0.5)
    return {"now": now, "mean": mean, "deviation": deviation, "promise": promise, "came": came}


@pytest.mark.parametrize("come_true", [0.0, 0.4, 0.9])
def test_what_is_promised_counts_as_far_as_it_came_true(come_true):
    found = fitted(random_guesses(come_true), (0.5, 0.5))
    assert found.promised == pytest.approx(come_true, abs=0.03)
    assert found.returns == pytest.approx(1 - come_true, abs=0.03)


def test_the_band_holds_what_it_says():
    guesses, others = random_guesses(0.5), random_guesses(0.5, 9000)
    found = fitted(guesses, (0.0, 1.0))
    off = np.abs(found.expected(others) - others["came"])
    assert (off <= found.strays * others["deviation"]).mean() == pytest.approx(BAND, abs=0.02)


def test_where_nothing_came_yet_it_is_taken_as_it_is_beforehand():
    guesses = random_guesses(0.5, FEWEST - 1)
    assert (fitted(guesses, (0.0, 1.0)).promised, fitted(guesses, (0.5, 0.5)).returns) == (0.0, 0.5)


def as_now(_: np.ndarray, known: np.ndarray, ahead: np.ndarray, __: int) -> np.ndarray:
    return np.full(len(ahead), known[-1])


def test_guesses_of_days_past_know_nothing_of_what_came_after():
    levels = np.where(HOURS > -48, 0.9, 0.5)
    found = guesses_of(HOURS, levels, 0.0, as_now)
    two_days_before = (found["days_ago"] == 3) & (found["days_ahead"] == 2)
    assert (found["now"][two_days_before], found["came"][two_days_before]) == (0.5, 0.9)
    assert found["mean"][two_days_before] == 0.5
    today = found["days_ago"] == 0
    assert np.isnan(found["came"][today]).all()
    assert list(found["days_ahead"][today]) == list(range(1, 15))


def test_a_tank_that_is_hardly_known_tells_of_no_band():
    found = guesses_of(HOURS[-48:], np.full(48, 0.5), 0.0, as_now)
    assert np.isnan(found["deviation"]).all()
