"""Values beyond limits: deadband, delays, escalation."""

import numpy as np
import pytest

from headrace.alarms.processor import Clock
from tests.unit.alarms.conftest import Plant, course, plant, rows


def test_a_value_beyond_its_limit_for_the_delay_raises_and_within_it_again_clears(pumps: Plant) -> None:
    said = pumps.says(course("P0", "0s", 10, [5, 9.5, 9.5, 9.5, 9.5, 9.5, 5, 5, 5, 5, 5, 5, 5, 5]))
    assert said == [("00:00:40", "raised", "P0"), ("00:02:00", "cleared", "P0")]


def test_a_single_reading_beyond_is_no_alarm_however_long_until_the_next(pumps: Plant) -> None:
    assert pumps.says(course("P0", "0s", 3600, [5, 9.5, 5, 9.5, 5])) == []
    assert pumps.says(course("P1", "0s", 3600, [5, 9.5, 9.5])) == [("02:00:00", "raised", "P1")]


def test_an_alarm_waits_for_its_delay_from_batch_to_batch(pumps: Plant) -> None:
    assert pumps.says(rows(("P0", "0s", 0.5), ("P0", "20s", 0.5))) == []
    assert pumps.says(rows(("P0", "30s", 0.5))) == [("00:00:30", "raised", "P0")]
    assert pumps.told[0]["value"] == 0.5
    assert pumps.told[0]["limit_value"] == 1.0


def test_a_value_inside_the_deadband_does_not_clear(pumps: Plant) -> None:
    pumps.reads(course("P0", "0s", 30, [9.5, 9.5]))
    assert pumps.says(course("P0", "60s", 60, [8.95, 8.95, 8.95])) == []
    assert pumps.says(course("P0", "240s", 60, [8.91, 8.91])) == [("00:05:00", "cleared", "P0")]


def test_from_warning_to_critical_is_one_alarm_that_escalates(pumps: Plant) -> None:
    said = pumps.says(course("P0", "0s", 30, [9.5, 9.5, 10.5, 10.5]))
    assert said == [("00:00:30", "raised", "P0"), ("00:01:30", "escalated", "P0")]
    assert [each["severity"] for each in pumps.told] == ["warning", "critical"]
    assert pumps.told[0]["alarm_id"] == pumps.told[1]["alarm_id"]


def test_limits_that_are_not_there_are_never_passed() -> None:
    pump = plant(2, limits={"high": "high"})
    assert pump.says(course("P0", "0s", 60, [-5, -5, 20, 20])) == [("00:03:00", "raised", "P0")]


def test_a_limit_may_be_a_number_for_all_and_its_deadband_is_a_share_of_itself() -> None:
    pump = plant(2, limits={"high": 60, "high_high": 75}, defaults={"limit": {"deadband": 0.05}})
    assert pump.says(course("P1", "0s", 60, [10, 61, 61, 61])) == [("00:02:00", "raised", "P1")]
    assert pump.says(course("P1", "4m", 60, [57.5, 57.5, 57.5])) == []
    assert pump.says(course("P1", "7m", 60, [56.5, 56.5])) == [("00:08:00", "cleared", "P1")]
    assert pump.says(course("P0", "9m", 60, [76, 76])) == [("00:10:00", "raised", "P0")]
    assert [each["severity"] for each in pump.told] == ["warning", "warning", "critical"]


def test_a_kind_of_sender_may_have_rules_of_its_own() -> None:
    pump = plant(2, by_kind={"plain": {"limit": {"on_delay": "5 minutes"}}})
    assert pump.says(course("P0", "0s", 60, [9.5] * 6)) == [("00:05:00", "raised", "P0")]


def test_late_rows_and_second_ones_of_an_instant_are_counted_and_change_nothing(pumps: Plant) -> None:
    pumps.reads(rows(("P0", "1m", 5)))
    readings = pumps.engine.readings(
        rows(("P0", "30s", 20), ("P0", "40s", 20), ("P0", "2m", 5), ("P0", "2m", 20))
    )
    assert (readings.late, readings.values.tolist()) == (3, [5])


@pytest.mark.parametrize("finest", [1_000_000, 1_000, 1])
def test_readings_are_put_in_order_by_sender_and_time_whatever_the_finest_step(finest: int) -> None:
    luck = np.random.default_rng(finest)
    codes, at = luck.integers(0, 50, 500).astype(np.int32), luck.integers(0, 10**6, 500) * finest
    found = Clock().readings(codes, at, at.astype(float), senders=50)
    expected = sorted({(int(code), int(instant)) for code, instant in zip(codes, at, strict=True)})
    assert list(zip(found.codes.tolist(), found.at.tolist(), strict=True)) == expected
    assert (found.values == found.at).all()
