from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domains.grid.local_intervals import clock_minutes, local_day_numbers, slots_between, slots_of_day


@pytest.mark.parametrize(
    ("zone", "day", "half_hours"),
    [
        ("Asia/Kolkata", date(2026, 3, 29), 48),
        ("Europe/London", date(2026, 3, 28), 48),
        ("Europe/London", date(2026, 3, 29), 46),
        ("Europe/London", date(2026, 10, 25), 50),
        ("America/St_Johns", date(2026, 3, 8), 46),
        ("America/St_Johns", date(2026, 11, 1), 50),
        ("Australia/Lord_Howe", date(2026, 4, 5), 49),
        ("Australia/Lord_Howe", date(2026, 10, 4), 47),
    ],
)
def test_a_day_has_as_many_half_hours_as_its_clock_gives_it(zone, day, half_hours):
    slots = slots_of_day(day, zone)
    assert len(slots) == half_hours
    assert set(np.diff(slots)) == {1800}
    assert datetime.fromtimestamp(int(slots[0]), ZoneInfo(zone)).isoformat()[:16] == f"{day}T00:00"
    ends = datetime.fromtimestamp(int(slots[-1]) + 1800, UTC).astimezone(ZoneInfo(zone))
    assert (ends.date() - day).days == 1
    assert (ends.hour, ends.minute) == (0, 0)


def test_a_day_in_kolkata_begins_at_half_past_six_in_the_evening_before():
    (first, *_) = slots_of_day(date(2026, 3, 29), "Asia/Kolkata")
    assert datetime.fromtimestamp(int(first), UTC) == datetime(2026, 3, 28, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "missing", "doubled"),
    [
        ("Europe/London", date(2026, 3, 29), {60, 90}, set()),
        ("Europe/London", date(2026, 10, 25), set(), {60, 90}),
        ("Australia/Lord_Howe", date(2026, 10, 4), {120}, set()),
        ("Australia/Lord_Howe", date(2026, 4, 5), set(), {90}),
        ("Asia/Kolkata", date(2026, 10, 25), set(), set()),
    ],
)
def test_the_clock_leaves_out_what_summer_time_takes_and_shows_twice_what_it_gives_back(
    zone, day, missing, doubled
):
    minutes, times = np.unique(clock_minutes(slots_of_day(day, zone), zone), return_counts=True)
    assert set(range(0, 24 * 60, 30)) - set(minutes) == missing
    assert set(minutes[times == 2]) == doubled


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Europe/London", "Australia/Lord_Howe", "America/St_Johns"])
def test_the_days_of_a_year_follow_each_other_without_a_hole(zone):
    begin, day = slots_between(date(2026, 1, 1), date(2026, 12, 31), zone)
    assert set(np.diff(begin)) == {1800}
    assert (local_day_numbers(begin, zone) == day).all()
    assert len(begin) == 365 * 48


def test_quarters_of_an_hour_are_twice_as_many():
    assert len(slots_of_day(date(2026, 10, 25), "Europe/London", 15)) == 100
