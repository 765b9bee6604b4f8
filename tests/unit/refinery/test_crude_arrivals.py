"""When parcels come and how low a stock falls, in plain NumPy."""

from itertools import pairwise

import numpy as np
import pytest

from domains.refinery.crude_arrivals import (
    DRAWS,
    LATEST_DAYS,
    Parcels,
    cumulated,
    drawn_arrivals,
    stock_paths,
)

LATENESS = np.array([0.7, 0.2, 0.0, 0.1] + [0.0] * (LATEST_DAYS - 3))


def parcels(due: list[float], estimate: float = np.nan) -> Parcels:
    count = len(due)
    return Parcels(
        np.full(count, 100.0), np.array(due), np.full(count, estimate), np.tile(LATENESS, (count, 1))
    )


def come_by(due: float, hours_gone: float = 0.0, estimate: float = np.nan) -> np.ndarray:
    return cumulated(parcels([due], estimate).chances(hours_gone))[0]


def test_a_parcel_comes_as_late_as_its_suppliers_have_come():
    """Due tomorrow: tomorrow in seven cases of ten, a day later in two, three days later in one."""
    assert come_by(1)[:5] == pytest.approx([0, 0.7, 0.9, 0.9, 1])


def test_what_has_not_come_yet_is_later_than_that():
    """Due yesterday and not here: a day late (today) in two cases of three, three days late in one."""
    assert come_by(-1)[:3] == pytest.approx([2 / 3, 2 / 3, 1])


def test_half_of_today_is_left_at_noon():
    """Today's chance is halved, and what remains shares the rest: 0.35 to 0.3."""
    assert come_by(0, hours_gone=12)[:2] == pytest.approx([0.35 / 0.65, 0.55 / 0.65])


def test_an_estimate_is_believed():
    assert come_by(-4, estimate=2)[:3] == pytest.approx([0, 0, 1])


def test_of_one_that_is_later_than_any_ever_was_nothing_is_expected():
    assert np.isnan(come_by(-4)).all()
    assert np.isnan(drawn_arrivals(["S"], come_by(-4)[None, :], 0)).all()


def test_draws_follow_the_chances_and_depend_on_the_parcel_alone():
    chances = cumulated(parcels([1, 1]).chances(0))
    first, other = drawn_arrivals(["A", "B"], chances, 0)
    assert (first >= 24).all()
    assert (first < 48).mean() == pytest.approx(0.7, abs=0.07)
    assert not np.array_equal(first, other)
    assert np.array_equal(first, drawn_arrivals(["A"], chances[:1], 0)[0])


def test_a_stock_falls_by_its_draw_and_rises_by_what_comes():
    arrivals = np.full((1, DRAWS), 2.5)
    paths = stock_paths(100, 10, np.array([50.0]), arrivals, 5)
    assert (paths == [90, 80, 120, 110, 100]).all()


def test_a_chance_of_running_short_is_as_often_true_as_it_says():
    """Of refineries with one to three parcels due and little stock: said and seen within a few per cent,
    whatever the chance."""
    rng = np.random.default_rng(1)
    said, seen = [], []
    for place in range(2000):
        due = rng.integers(0, 4, rng.integers(1, 4)).astype(float)
        stock, hours = rng.uniform(20, 260), 120
        chances = cumulated(parcels(list(due)).chances(0))
        names = [f"{place}-{number}" for number in range(len(due))]
        paths = stock_paths(stock, 2.5, np.full(len(due), 100.0), drawn_arrivals(names, chances, 0), hours)
        said.append((paths < 0).any(axis=1).mean())
        late = rng.choice(LATEST_DAYS + 1, len(due), p=LATENESS)
        comes = 24 * (due + late) + rng.uniform(0, 24, len(due))
        level = [stock - 2.5 * hour + 100 * (comes < hour).sum() for hour in range(1, hours + 1)]
        seen.append(min(level) < 0)
    said, seen = np.array(said), np.array(seen)
    for low, high in pairwise((0.0, 0.1, 0.4, 0.7, 0.9, 1.01)):
        some = (said >= low) & (said < high)
        assert some.sum() >= 40
        assert seen[some].mean() == pytest.approx(said[some].mean(), abs=0.1)
