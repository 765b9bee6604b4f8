"""Each method against values that were counted by hand, and the measure of how far each errs."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from domains.grid import estimation
from domains.grid.estimation import (
    BEFOREHAND,
    BY_TOTAL,
    FUNCTIONS,
    HIDDEN_MINUTES,
    METHODS,
    SUBTRACTIVE,
    Errors,
    backtest,
    estimate,
    hide,
)
from domains.grid.validation import Series
from tests.unit.grid_validation.population import population, series_of

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 22)  # three weeks from a Monday on
DAY = 48
FOUR_HOURS = HIDDEN_MINUTES.index(240)


def by_days(values: list[float], first: date = FIRST) -> Series:
    """One meter whose intervals have the same value all day."""
    series = series_of(first, first + timedelta(days=len(values) - 1))
    return replace(series, kwh=np.repeat(np.array(values), DAY)[None, :])


def without(series: Series, at: slice) -> Series:
    kwh = series.kwh.copy()
    kwh[..., at] = np.nan
    return replace(series, kwh=kwh)


def test_a_gap_of_two_hours_is_interpolated_and_a_longer_one_is_not():
    series = by_days([1.0, 2.0])
    kwh = series.kwh.copy()
    kwh[0, 9:16] = 1.0, *[np.nan] * 4, 3.5, 3.5
    series = replace(series, kwh=kwh)
    assert estimation.interpolation(series)[0, 10:14].tolist() == pytest.approx([1.5, 2.0, 2.5, 3.0])
    assert np.isnan(estimation.interpolation(without(series, slice(10, 15)))[0, 10:15]).all()


def test_nothing_is_interpolated_towards_the_day_after():
    """That day may come later, and would change this one."""
    said = estimation.interpolation(without(by_days([1.0, 2.0]), slice(46, 48)))
    assert np.isnan(said[0, 46:48]).all()
    said = estimation.interpolation(without(by_days([1.0, 2.0]), slice(48, 50)))
    assert said[0, 48:50].tolist() == pytest.approx([1 + 1 / 3, 1 + 2 / 3])


def test_a_like_day_is_that_of_the_week_before_else_of_two_weeks_before():
    series = by_days([float(each) for each in range(21)])
    assert estimation.like_day(series)[0, 20 * DAY] == 13
    assert estimation.like_day(without(series, slice(13 * DAY, 14 * DAY)))[0, 20 * DAY] == 6
    assert np.isnan(estimation.like_day(series)[0, 6 * DAY])


def test_the_average_is_of_workdays_for_a_workday_and_of_weekends_for_a_weekend():
    series = by_days([float(each) for each in range(21)])
    friday, sunday = 18, 20
    workdays = [each for each in range(4, 18) if each % 7 < 5]
    assert estimation.averaging(series)[0, friday * DAY] == pytest.approx(np.mean(workdays))
    assert estimation.averaging(series)[0, sunday * DAY] == pytest.approx(np.mean([6, 12, 13, 19]))


def test_a_proxy_day_is_the_one_that_is_nearest_to_what_is_known_of_the_day():
    series = by_days([1.0, 5.0, 9.0, 5.2])
    series = without(series, slice(3 * DAY + 20, 3 * DAY + 40))
    assert set(estimation.proxy_day(series)[0, 3 * DAY + 20 : 3 * DAY + 40]) == {5.0}
    assert np.isnan(estimation.proxy_day(without(series, slice(3 * DAY, None)))[0, -1])


def test_a_profile_is_as_large_as_the_meter_was_beside_its_peers():
    series = by_days([3.0, 3.0, 3.0])
    peers = np.tile(np.linspace(0.5, 1.5, DAY), 3)[None, :]
    series = without(replace(series, peers_kwh=peers), slice(2 * DAY, None))
    assert estimation.profile(series)[0, 2 * DAY :] == pytest.approx(3 * peers[0, 2 * DAY :])


def test_what_the_meter_above_shows_less_the_siblings_is_left_for_this_one():
    series = by_days([1.0])
    series = replace(series, parent_kwh=np.full((1, DAY), 5.0), siblings_kwh=np.full((1, DAY), 3.5))
    assert set(estimation.subtractive(series)[0]) == {1.5}
    assert set(estimation.subtractive(replace(series, siblings_kwh=np.full((1, DAY), 6.0)))[0]) == {0.0}


def test_the_register_is_spread_evenly_over_a_gap():
    series = without(by_days([1.0, 2.0]), slice(50, 60))
    register = np.full((1, 2 * DAY), np.nan)
    register[0, [47, 69]] = 1000.0, 1050.0  # 50 kWh, of which 12 intervals of 2 kWh are known
    said = estimation.proration(replace(series, register=register))
    assert said[0, 50:60].tolist() == pytest.approx([2.6] * 10)


def test_without_a_register_the_usual_day_is_spread_evenly():
    series = without(by_days([1.0, 2.0, 3.0, 2.0, 0.0]), slice(4 * DAY, None))
    assert set(estimation.proration(series)[0, 4 * DAY :]) == {2.0}


@pytest.mark.parametrize("method", BY_TOTAL)
def test_a_shape_is_made_as_large_as_the_register_says(method):
    series, _ = population(8, FIRST, LAST, seed=1)
    register = 500 + np.cumsum(series.kwh, axis=-1)
    gap = slice(19 * DAY + 10, 19 * DAY + 40)
    register[:, [each for each in range(register.shape[1]) if each not in (19 * DAY + 4, 19 * DAY + 45)]] = (
        np.nan
    )
    said = FUNCTIONS[method](replace(without(series, gap), register=register))[:, gap]
    assert said.sum(axis=1) == pytest.approx(series.kwh[:, gap].sum(axis=1))
    assert (said.std(axis=1) > 0.01).all()


@pytest.mark.parametrize("method", BY_TOTAL)
def test_a_shape_is_made_as_large_as_the_total_of_the_day_leaves(method):
    series, _ = population(8, FIRST, LAST, seed=1)
    gap = slice(19 * DAY + 10, 19 * DAY + 40)
    blind = replace(without(series, gap), day_kwh=series.by_day(series.kwh))
    assert FUNCTIONS[method](blind)[:, gap].sum(axis=1) == pytest.approx(series.kwh[:, gap].sum(axis=1))
    too_small = replace(blind, day_kwh=0.1 * blind.day_kwh)
    assert np.isnan(FUNCTIONS[method](too_small)[:, gap]).all()


def test_all_that_a_day_misses_of_its_total_is_of_one_shape():
    """Though one method errs less in short gaps and the other in long ones: shapes of two add up to no total."""
    series, _ = population(8, FIRST, LAST, seed=1)
    gaps = [slice(19 * DAY + 5, 19 * DAY + 6), slice(19 * DAY + 10, 19 * DAY + 40)]
    blind = without(without(series, gaps[0]), gaps[1])
    shape = (len(METHODS), len(HIDDEN_MINUTES), len(series.starts))
    errors = Errors(np.full(shape, 0.5), np.full(shape, 1e6))
    first, second = (METHODS.index(name) for name in BY_TOTAL)
    errors.share[first, 0], errors.share[second, 1:] = 0.01, 0.01
    blind = replace(blind, day_kwh=series.by_day(series.kwh))
    found = estimate(blind, ~blind.is_known, errors)
    said = series.kwh.copy()
    said[found.at] = found.kwh
    assert set(found.method.tolist()) == {second}
    assert series.by_day(said) == pytest.approx(blind.day_kwh)


@pytest.mark.parametrize(
    ("day", "missing_at"), [(date(2026, 3, 29), None), (date(2026, 10, 25), 2), (date(2026, 10, 26), 2)]
)
def test_a_like_day_goes_by_the_clock_on_the_wall_when_summer_time_changes(day, missing_at):
    """Half past seven in London is half past seven a week before, too, whatever UTC says."""
    series = series_of(day - timedelta(days=8), day, "Europe/London")
    series = replace(series, kwh=(series.clock / 60.0)[None, :])
    said, today = estimation.like_day(series)[0], series.day == series.day[-1]
    assert said[today] == pytest.approx(series.clock[today] / 60.0)


def test_a_known_total_goes_before_a_method_that_errs_less():
    series, _ = population(30, FIRST, LAST, seed=2)
    gap = slice(20 * DAY + 10, 20 * DAY + 12)
    blind = replace(without(series, gap), day_kwh=series.by_day(series.kwh))
    found = estimate(blind, ~blind.is_known)
    assert {METHODS[each] for each in found.method} <= set(BY_TOTAL)
    sums = np.zeros(30)
    np.add.at(sums, found.at[0], found.kwh)
    assert sums == pytest.approx(series.kwh[:, gap].sum(axis=1))


def test_the_method_is_taken_that_errs_least_for_gaps_of_the_length():
    series, _ = population(60, FIRST, LAST, seed=4)
    errors = backtest(series)
    blind = without(series, slice(20 * DAY + 4, 20 * DAY + 34))
    found = estimate(blind, ~blind.is_known, errors)
    assert len(found.kwh) == 60 * 30
    assert set(found.gap_minutes) == {900}
    trusted = estimation._trusted(errors)[:, 3, 20]
    possible = [each for each in METHODS if each not in (*BY_TOTAL, SUBTRACTIVE, "interpolation")]
    best = min(possible, key=lambda each: trusted[METHODS.index(each)])
    assert {METHODS[each] for each in found.method} == {best}
    assert found.confidence == pytest.approx(1 - trusted[METHODS.index(best)])


def test_a_meter_without_a_past_and_without_peers_is_not_estimated():
    series = without(by_days([1.0]), slice(0, None))
    assert len(estimate(series, ~series.is_known).kwh) == 0


def test_the_confidence_is_what_the_estimates_of_other_gaps_turn_out_to_deserve():
    """Gaps that the backtest did not hide are off by what it says, within a tenth of its error."""
    series, _ = population(1_000, FIRST, LAST, seed=5)
    gone = (hide(series, seed=99) == FOUR_HOURS) & (series.day >= series.day[14 * DAY])
    blind = replace(series, kwh=np.where(gone, np.nan, series.kwh))
    found = estimate(blind, gone)
    size = series.to_intervals(series.by_day(series.kwh) / series.sizes)[found.at]
    error = np.mean(np.abs(found.kwh - series.kwh[found.at]) / size)
    assert len(found.kwh) == gone.sum() > 5_000
    assert error == pytest.approx(np.mean(1 - found.confidence), rel=0.1)


def test_the_error_of_a_method_that_is_always_off_by_a_half_is_a_half(monkeypatch):
    series, _ = population(20, FIRST, LAST, seed=6)
    series = replace(series, kwh=np.ones(series.kwh.shape))
    monkeypatch.setitem(FUNCTIONS, "like_day", lambda each: np.full(each.kwh.shape, 1.5))
    errors = backtest(series)
    place = METHODS.index("like_day")
    assert errors.share[place][errors.hidden[place] > 0] == pytest.approx(0.5)
    assert errors.hidden[METHODS.index("like_day")].sum(axis=1) == pytest.approx(
        [(hide(series, 0) == place).sum() for place in range(len(HIDDEN_MINUTES))]
    )


def test_no_method_reads_what_is_hidden():
    series, _ = population(20, FIRST, LAST, seed=7)
    gone = hide(series, seed=3) >= 0
    blind = replace(series, kwh=np.where(gone, np.nan, series.kwh))
    for name in METHODS:
        before = FUNCTIONS[name](blind)[gone]
        changed = np.where(gone, 99.0, series.kwh)
        other = replace(blind, kwh=np.where(gone, np.nan, changed))
        assert np.array_equal(before, FUNCTIONS[name](other)[gone], equal_nan=True)


def test_what_was_measured_beforehand_is_what_the_backtest_measures():
    series, _ = population(300, date(2026, 3, 1), date(2026, 3, 30), seed=8)
    errors = backtest(series)
    weight = errors.hidden.sum(axis=2)
    mean = np.nansum(errors.share * errors.hidden, axis=2) / np.maximum(weight, 1)
    for place, name in enumerate(METHODS):
        measured = weight[place] > 1000
        assert mean[place][measured] == pytest.approx(np.array(BEFOREHAND[name])[measured], abs=0.08), name
    assert (weight.sum(axis=1) > 1000).sum() == len(METHODS) - 1  # of all but the subtractive


def test_what_is_hidden_is_the_same_whatever_other_days_and_meters_there_are():
    series, _ = population(9, FIRST, LAST, seed=9)
    series = replace(series, meter=np.arange(9)[:, None])
    cut = slice(10 * DAY, None)
    part = replace(
        series,
        meter=series.meter[3:5],
        kwh=series.kwh[3:5, cut],
        **{name: getattr(series, name)[cut] for name in ("begin", "day", "clock")},
    )
    assert (hide(part, 1) == hide(series, 1)[3:5, cut]).all()
    assert (hide(part, 1) >= 0).any()
