"""Each rule against a series in which one thing is wrong."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from domains.grid.validation import (
    NOT_BELIEVED,
    RULES,
    Series,
    cleaned,
    medians,
    run_lengths,
    unbelieved,
    validate,
)
from tests.unit.grid_validation.population import population, series_of

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 20)
DAY = 48


@pytest.fixture
def sound() -> Series:
    """Two meters over twenty days that nothing is wrong with: 0.4 and 0.6 kWh by turns, a little more each day."""
    series = series_of(FIRST, LAST, meters=2)
    slots = np.arange(len(series.begin))
    kwh = np.where(slots % 2, 0.4, 0.6) * (1 + slots / 10_000)
    return replace(series, kwh=np.stack([kwh, 2 * kwh]), is_expected=np.ones((2, len(slots)), bool))


def failing(rule: str, series: Series) -> list[tuple[int, int]]:
    return [(int(meter), int(slot)) for meter, slot in np.argwhere(RULES[rule](series))]


def with_values(series: Series, at: slice | int, value: float) -> Series:
    kwh = series.kwh.copy()
    kwh[0, at] = value
    return replace(series, kwh=kwh)


def test_nothing_fails_where_nothing_is_wrong(sound):
    assert {name: int(mask.sum()) for name, mask in validate(sound).items()} == dict.fromkeys(RULES, 0)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_says_of_one_meter_alone_what_it_says_of_it_among_others(rule):
    series, _ = population(6, FIRST, LAST, seed=3)
    kwh = series.kwh.copy()
    kwh[2, 700:720], kwh[3, 600:660], kwh[4, 500], kwh[5, 400:448] = np.nan, 0.7, -1.0, 0.0
    series = replace(series, kwh=kwh)
    together = RULES[rule](series)
    for meter in range(6):
        alone = replace(
            series,
            **{name: getattr(series, name)[meter] for name in ("kwh", "peers_kwh", "peers", "may_draw_kwh")},
        )
        assert (RULES[rule](alone) == together[meter]).all()


def test_a_read_is_missing_where_the_meter_is_in_service(sound):
    series = with_values(sound, slice(100, 103), np.nan)
    assert failing("missing", series) == [(0, 100), (0, 101), (0, 102)]
    assert failing("missing", replace(series, is_expected=np.zeros(series.kwh.shape, bool))) == []


def test_two_reads_of_an_interval_fail_where_they_differ(sound):
    reads, apart = np.ones(sound.kwh.shape, int), np.zeros(sound.kwh.shape)
    reads[0, 5:7] = 2
    apart[0, 5] = 0.5
    assert failing("duplicate", replace(sound, reads=reads, apart_kwh=apart)) == [(0, 5)]


def test_a_day_of_zeros_fails_and_half_a_day_does_not(sound):
    assert failing("zero", with_values(sound, slice(960 - 24, 960), 0.0)) == []
    found = failing("zero", with_values(sound, slice(960 - 48, 960), 0.0))
    assert found == [(0, slot) for slot in range(960 - 48, 960)]


def test_a_meter_that_never_used_anything_may_show_zeros(sound):
    assert failing("zero", replace(sound, kwh=np.zeros(sound.kwh.shape))) == []


def test_below_zero_fails(sound):
    assert failing("negative", with_values(sound, 7, -0.001)) == [(0, 7)]


def test_a_spike_is_many_times_the_usual_and_more_than_the_connection_may_draw(sound):
    series = with_values(sound, 500, 60.0)
    assert failing("spike", series) == [(0, 500)]
    assert failing("spike", replace(series, may_draw_kwh=np.array([[40.0], [5.0]]))) == [(0, 500)]
    assert failing("spike", replace(series, may_draw_kwh=np.array([[51.0], [5.0]]))) == []
    assert failing("spike", with_values(sound, 500, 4.9)) == []


def test_a_spike_among_few_reads_has_to_be_larger(sound):
    few = with_values(sound, slice(480, 528), np.nan)
    assert failing("spike", with_values(few, 500, 49.0)) == []
    assert failing("spike", with_values(few, 500, 51.0)) == [(0, 500)]


def test_a_day_of_three_times_the_days_before_is_high_and_of_a_quarter_is_low(sound):
    last = slice(19 * DAY, 20 * DAY)
    assert failing("high", with_values(sound, last, 1.6)) == [(0, slot) for slot in range(19 * DAY, 20 * DAY)]
    assert failing("high", with_values(sound, last, 1.4)) == []
    assert failing("low", with_values(sound, last, 0.1)) == [(0, slot) for slot in range(19 * DAY, 20 * DAY)]
    assert failing("low", with_values(sound, last, 0.2)) == []


def test_the_first_days_are_neither_high_nor_low(sound):
    assert failing("high", with_values(sound, slice(3 * DAY, 4 * DAY), 9.0)) == []


def test_the_same_value_for_six_hours_fails_from_its_first_interval_on(sound):
    assert failing("consecutive", with_values(sound, slice(100, 112), 0.7)) == [
        (0, slot) for slot in range(100, 112)
    ]
    assert failing("consecutive", with_values(sound, slice(100, 111), 0.7)) == []
    assert failing("consecutive", with_values(sound, slice(100, 130), 0.0)) == []


def test_what_comes_on_the_next_day_makes_no_run_of_the_day_before(sound):
    stuck = with_values(sound, slice(9 * DAY + 44, 10 * DAY + 20), 0.7)
    assert failing("consecutive", stuck) == [(0, slot) for slot in range(10 * DAY, 10 * DAY + 20)]
    cut = replace(
        stuck, **{name: getattr(stuck, name)[..., : 10 * DAY] for name in ("begin", "day", "clock", "kwh")}
    )
    assert failing("consecutive", cut) == []


def test_a_read_of_an_hour_and_one_that_ends_elsewhere_fail(sound):
    minutes, off = np.full(sound.kwh.shape, 30), np.zeros(sound.kwh.shape)
    minutes[0, 3], off[1, 4], off[1, 5] = 60, -300, 60
    assert failing("interval_size", replace(sound, sent_minutes=minutes, off_seconds=off)) == [(0, 3), (1, 4)]


def test_another_unit_or_multiplier_fails_all_of_the_meters_reads(sound):
    series = replace(
        sound,
        unit=np.array([["Wh"], ["kWh"]]),
        right_unit=np.array([["kWh"], ["kWh"]]),
        multiplier=np.array([[1.0], [40.0]]),
        right_multiplier=np.array([[1.0], [1.0]]),
    )
    assert {meter for meter, _ in failing("unit", series)} == {0}
    assert {meter for meter, _ in failing("multiplier", series)} == {1}
    assert len(failing("unit", series)) == len(series.begin)


def test_energy_behind_an_account_that_is_not_active_fails(sound):
    active = np.ones(sound.kwh.shape, bool)
    active[0, 10:12] = False
    series = with_values(replace(sound, is_active=active), 11, 0.05)
    assert failing("inactive_meter", series) == [(0, 10)]


def test_intervals_fail_that_do_not_make_up_what_the_register_says(sound):
    register = np.full(sound.kwh.shape, np.nan)
    register[0, [9, 19, 29]] = 100.0, 100.0 + sound.kwh[0, 10:20].sum(), 200.0
    series = replace(sound, register=register)
    assert failing("sum_check", series) == [(0, slot) for slot in range(20, 30)]
    assert failing("sum_check", with_values(series, 25, np.nan)) == []


def test_intervals_fail_that_do_not_make_up_the_total_of_their_day(sound):
    total = sound.by_day(sound.kwh)
    total[1, 4] *= 1.05
    found = failing("sum_check", replace(sound, day_kwh=total))
    assert found == [(1, slot) for slot in range(4 * DAY, 5 * DAY)]


def test_a_meter_fails_that_leaves_its_peers(sound):
    peers = np.broadcast_to(sound.kwh[0], sound.kwh.shape)
    series = replace(sound, peers_kwh=peers, peers=np.full(sound.kwh.shape, 9))
    kwh = sound.kwh.copy()
    kwh[1, 15 * DAY : 16 * DAY] /= 6
    left = replace(series, kwh=kwh)
    assert failing("sibling", left) == [(1, slot) for slot in range(15 * DAY, 16 * DAY)]
    all_less = peers * np.where(series.day == series.day[15 * DAY], 1 / 6, 1)
    assert not RULES["sibling"](replace(left, peers_kwh=all_less))[1].any()
    assert failing("sibling", replace(left, peers=np.full(sound.kwh.shape, 4))) == []


def test_a_week_without_a_read_is_prolonged(sound):
    series = with_values(sound, slice(100, 100 + 7 * DAY + 3), np.nan)
    assert failing("prolonged_estimation", series) == [
        (0, slot) for slot in range(99 + 7 * DAY, 100 + 7 * DAY + 3)
    ]


def test_a_read_far_from_the_estimate_that_it_replaces_fails(sound):
    before = np.full(sound.kwh.shape, np.nan)
    before[0, 3:6] = sound.kwh[0, 3:6] + [0.4, 0.6, 3.0]
    assert failing("final_replaces_estimate", replace(sound, estimate_before=before)) == [(0, 4), (0, 5)]


def test_totals_are_held_against_the_reads_that_are_believed(sound):
    """A spike alone makes no day high."""
    fails = validate(with_values(sound, 19 * DAY, 500.0))
    assert fails["spike"].sum() == 1
    assert fails["high"].sum() == 0


def test_what_is_not_believed_is_gone_afterwards(sound):
    series = with_values(with_values(sound, 5, -1.0), 600, 80.0)
    left = cleaned(series, unbelieved(series))
    assert [tuple(each) for each in np.argwhere(np.isnan(left.kwh)).tolist()] == [(0, 5), (0, 600)]
    assert set(NOT_BELIEVED) <= set(RULES)


@pytest.mark.parametrize(
    ("zone", "day", "slots"),
    [("Europe/London", date(2026, 3, 29), 46), ("Europe/London", date(2026, 10, 25), 50)],
)
def test_a_days_total_is_that_of_its_own_intervals(zone, day, slots):
    series = series_of(date.fromordinal(day.toordinal() - 6), day, zone)
    assert series.by_day(series.kwh)[0].tolist() == [48.0] * 6 + [float(slots)]
    rows = series.in_days(series.kwh)
    assert np.nansum(rows, axis=-1)[0].tolist() == [48.0] * 6 + [float(slots)]


def test_runs_are_counted_to_the_end_of_their_day():
    series = series_of(date(2026, 3, 1), date(2026, 3, 2))
    mask = np.zeros((1, 96), bool)
    mask[0, 2:5] = mask[0, 46:50] = True
    lengths = run_lengths(mask, series)[0]
    assert lengths[2:5].tolist() == [3, 3, 3]
    assert lengths[46:50].tolist() == [2, 2, 4, 4]


def test_medians_leave_out_what_is_unknown():
    rows = np.array([[3.0, np.nan, 1.0, 2.0], [4.0, 1.0, np.nan, np.nan], [np.nan] * 4])
    middle, count = medians(rows)
    assert middle[:2].tolist() == [2.0, 2.5]
    assert np.isnan(middle[2])
    assert count.tolist() == [3, 2, 0]
