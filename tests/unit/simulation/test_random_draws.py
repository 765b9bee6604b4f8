from datetime import datetime, timedelta

import numpy as np
import pytest

from simulation.random_draws import World

WORLD = World(seed=7, start=datetime(2024, 1, 1), end=datetime(2024, 1, 2))
MANY = 20_000
IDS = np.arange(MANY)


def test_even_draws_fill_their_bounds_evenly() -> None:
    values = WORLD.uniform("x", IDS, low=2, high=4)
    assert 2 <= values.min() < 2.01 < 3.99 < values.max() < 4
    assert values.mean() == pytest.approx(3, abs=0.02)


def test_normal_draws_have_their_mean_and_spread() -> None:
    values = WORLD.normal("x", IDS, mean=10, sd=2)
    assert values.mean() == pytest.approx(10, abs=0.06)
    assert values.std() == pytest.approx(2, abs=0.05)


def test_draws_of_neighbours_have_nothing_in_common() -> None:
    values = WORLD.uniform("x", IDS[:, None][:200], IDS[:100])
    assert abs(np.corrcoef(values[:-1].ravel(), values[1:].ravel())[0, 1]) < 0.03
    assert abs(np.corrcoef(values[:, :-1].ravel(), values[:, 1:].ravel())[0, 1]) < 0.03


def test_values_are_drawn_by_their_weights() -> None:
    values = WORLD.choice("x", IDS, values=("GOOD", "UNCERTAIN", "BAD"), weights=(0.97, 0.025, 0.005))
    assert (values == "GOOD").mean() == pytest.approx(0.97, abs=0.005)
    assert (values == "BAD").mean() == pytest.approx(0.005, abs=0.002)


def test_whole_numbers_include_both_bounds() -> None:
    assert set(WORLD.integer("x", IDS[:200], low=1, high=3).tolist()) == {1, 2, 3}


def test_salts_seeds_and_keys_draw_apart() -> None:
    other = World(seed=8, start=WORLD.start, end=WORLD.end)
    few = IDS[:50]
    draws = (
        WORLD.uniform("x", few),
        WORLD.uniform("y", few),
        other.uniform("x", few),
        WORLD.uniform("x", few, few),
    )
    assert len(np.unique(np.concatenate(draws))) == 200


def test_a_draw_is_the_same_alone_and_among_others() -> None:
    assert WORLD.uniform("x", 7, 9) == WORLD.uniform("x", IDS[:20, None], IDS[:20])[7, 9]


def test_a_wander_moves_slowly_and_reaches_far() -> None:
    values = WORLD.smooth("x", 1, at=IDS[:2000] * 600 + 1_704_067_200, every=timedelta(hours=6))
    assert np.abs(np.diff(values)).max() < 0.1
    assert -1 <= values.min() < -0.6 < 0.6 < values.max() <= 1
