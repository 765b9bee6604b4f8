"""What is said of a value that was looked at for a while."""

import pytest

from benchmarks.steady import slope_of


def test_the_first_fifth_does_not_count_and_the_slope_is_by_the_hour():
    seen = [(0.0, 900.0), (300.0, 500.0), *((float(at), 100.0 + at / 360) for at in range(720, 3601, 360))]
    found = slope_of(seen)
    assert found.per_hour == pytest.approx(10)
    assert (found.mean, found.most) == (pytest.approx(106), pytest.approx(110))
    assert found.rises


def test_a_rise_within_its_scatter_is_a_rise_all_the_same_and_no_rise_is_none():
    up = slope_of([(float(at), 100.0 + at + 20 * (at % 2)) for at in range(11)])
    assert 0 < up.per_hour < 2 * up.error
    assert up.rises
    assert not slope_of([(float(at), 100.0 - at) for at in range(11)]).rises
