"""Each feature against a reading of its definition that goes through the readings one by one."""

import numpy as np
import pytest

from domains.compressors.features import (
    FEWEST_BEFORE,
    WINDOWS,
    Readings,
    change_over_an_hour,
    damped,
    window_features,
)

TEN_MINUTES = 600


def readings_of(machines=3, count=400, seed=1, missing=0.05):
    """Ten-minute readings, some left out and some of them late by seconds; and values with holes."""
    draws = np.random.default_rng(seed)
    machine = np.repeat(np.arange(machines), count)
    second = np.tile(np.arange(count) * TEN_MINUTES, machines)
    kept = draws.random(len(machine)) > missing
    machine, second = machine[kept], second[kept]
    values = 3.0 + 0.1 * draws.standard_normal(len(machine)) + 0.5 * np.sin(second / 20_000)
    values = values.round(3)  # as instruments tell them
    values[draws.random(len(machine)) < 0.02] = np.nan
    return Readings(machine, second, np.ones(len(machine), bool)), values


def slowly(readings, values, place, seconds):
    """The known values of the last so many seconds, the reading itself among them."""
    inside = (
        (readings.machine == readings.machine[place])
        & (readings.second <= readings.second[place])
        & (readings.second > readings.second[place] - seconds)
    )
    return values[inside & ~np.isnan(values)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("window", "seconds"), WINDOWS.items())
def test_windows_are_what_their_readings_say(window, seconds, seed):
    readings, values = readings_of(seed=seed)
    found = window_features(readings, values)
    for place in np.random.default_rng(seed).integers(0, len(values), 150):
        window_values = slowly(readings, values, place, seconds)
        if len(window_values):
            assert found[f"{window}_mean"][place] == pytest.approx(window_values.mean())
            assert found[f"{window}_max"][place] == window_values.max()
        else:
            assert np.isnan(found[f"{window}_mean"][place])
            assert np.isnan(found[f"{window}_max"][place])
        if len(window_values) > 1:
            assert found[f"{window}_std"][place] == pytest.approx(window_values.std(ddof=1), abs=1e-9)
        else:
            assert np.isnan(found[f"{window}_std"][place])


def test_an_hour_at_ten_minutes_is_six_readings():
    readings = Readings(np.zeros(20, int), np.arange(20) * TEN_MINUTES, np.ones(20, bool))
    found = window_features(readings, np.arange(20.0))
    assert found["1hr_mean"][10] == np.mean([5, 6, 7, 8, 9, 10])


def test_no_feature_sees_what_comes_later_or_another_machine():
    readings, values = readings_of()
    before = readings.second <= 200 * TEN_MINUTES
    known = Readings(readings.machine[before], readings.second[before], readings.is_running[before])
    changed = np.where(before, values, 99.0)
    for make in (window_features, lambda *all_of: {"value": damped(*all_of)[0]}, _delta):
        whole, part, other = make(readings, values), make(known, values[before]), make(readings, changed)
        for name, found in whole.items():
            assert part[name] == pytest.approx(found[before], nan_ok=True, rel=0, abs=0), name
            assert other[name][before] == pytest.approx(found[before], nan_ok=True, rel=0, abs=0), name


def _delta(readings, values):
    return {"delta": change_over_an_hour(readings, values)}


def test_a_change_over_an_hour_is_against_the_reading_of_an_hour_before():
    readings = Readings(
        np.zeros(9, int), np.array([0, 600, 1200, 3600, 4200, 4800, 20_000, 20_600, 23_600]), np.ones(9, bool)
    )
    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0])
    found = change_over_an_hour(readings, values)
    assert found[3:6].tolist() == [7.0, 14.0, 28.0]
    assert np.isnan(found[[0, 1, 2, 6, 7]]).all()
    assert found[8] == 192.0


def test_an_isolated_spike_is_damped_and_flagged_and_nothing_else_is():
    readings, values = readings_of(machines=1, missing=0, count=600, seed=4)
    values = np.where(np.isnan(values), 3.0, values)
    spiked = values.copy()
    spiked[300] = 9.0
    found, is_spike = damped(readings, spiked)
    assert is_spike[300]
    assert is_spike.sum() - damped(readings, values)[1].sum() <= 1
    assert values.min() < found[300] < 6.0
    assert (found[~is_spike] == spiked[~is_spike]).all()


def test_a_run_up_to_a_failure_is_kept():
    readings, values = readings_of(machines=1, missing=0, count=900, seed=5)
    values = np.where(np.isnan(values), 3.0, values)
    run_up = values + 8.0 * np.expm1(3 * np.clip((np.arange(900) - 470) / 430, 0, 1)) / np.expm1(3)
    found, is_spike = damped(readings, run_up)
    assert is_spike[470:].mean() < 0.01
    assert found[880:].mean() == pytest.approx(run_up[880:].mean(), rel=0.01)


def test_a_step_is_believed_from_its_second_reading_on():
    readings, values = readings_of(machines=1, missing=0, count=400, seed=6)
    values = np.where(np.isnan(values), 3.0, values)
    values[300:] += 4.0
    found, is_spike = damped(readings, values)
    assert is_spike[300]
    assert not is_spike[301:].any()
    assert (found[301:] == values[301:]).all()


def test_a_machine_that_stops_or_has_no_past_is_not_judged():
    readings, values = readings_of(machines=1, missing=0, count=300, seed=7)
    values = np.where(np.isnan(values), 3.0, values)
    values[200:210] = 0.1
    running = np.ones(300, bool)
    running[200:210] = False
    values[FEWEST_BEFORE - 10] = 40.0
    _, is_spike = damped(Readings(readings.machine, readings.second, running), values)
    assert not is_spike[: FEWEST_BEFORE - 9].any()
    assert not is_spike[200:211].any()


def test_what_does_not_move_has_no_deviation():
    """Though other readings of the machine lie far away: their squares are in the same sums."""
    values = np.r_[(1300.0 + 10 * np.random.default_rng(1).standard_normal(500)).round(1), np.zeros(60)]
    readings = Readings(np.zeros(560, int), np.arange(560) * TEN_MINUTES, values > 0)
    found = window_features(readings, values)
    assert (found["1hr_std"][510:] == 0).all()
    assert (found["1hr_std"][10:500] > 1).all()


def test_a_machine_has_the_same_features_alone_as_among_others():
    """To the last bit: sums are of whole numbers."""
    readings, values = readings_of(machines=40, seed=3)
    mine = readings.machine == 17
    alone = Readings(readings.machine[mine] * 0, readings.second[mine], readings.is_running[mine])
    for name, found in window_features(readings, values).items():
        assert np.array_equal(found[mine], window_features(alone, values[mine])[name], equal_nan=True), name


def test_a_spike_after_a_missing_value_is_one():
    readings, values = readings_of(machines=1, missing=0, count=300, seed=8)
    values = np.where(np.isnan(values), 3.0, values)
    values[199], values[200] = np.nan, 12.0
    assert damped(readings, values)[1][200]
