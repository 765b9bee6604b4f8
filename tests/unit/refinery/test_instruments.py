"""A day of readings, in plain NumPy: no Spark."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from domains.refinery.instruments import days_of

NOISE = [0.0, 0.3, -0.2, 0.1, -0.3, 0.2, 0.0, -0.1, 0.25, -0.25, 0.15, -0.15]


def day(
    values: list[float], *, sensor: str = "S", unit: str = "Fahrenheit", minutes: int = 60, **flags: Any
) -> pa.Table:
    count = len(values)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    told = {
        "is_critical": [],
        "is_warning": [],
        "is_high": [],
        "is_interpolated": [],
        "is_out_of_range": [],
        "is_uncertain": [],
        "is_bad": [],
        "is_standing": [],
    } | flags
    marks = {name: [place in found for place in range(count)] for name, found in told.items()}
    return pa.table(
        {
            "reading_date": [date(2024, 1, 1)] * count,
            "sensor_id": [sensor] * count,
            "reading_id": [f"{sensor}{place}" for place in range(count)],
            "reading_timestamp": pa.array(
                [start + timedelta(minutes=minutes * place) for place in range(count)],
                pa.timestamp("us", "UTC"),
            ),
            "reading_value": pa.array(values, pa.float64()),
            "measurement_unit": [unit] * count,
            **marks,
        }
    )


def found(readings: pa.Table) -> dict[str, Any]:
    (row,) = days_of(readings).to_pylist()
    return row


def suspects(readings: pa.Table) -> list[tuple[str, str]]:
    return [(each["reading_id"], each["kind"]) for each in found(readings)["suspects"]]


def test_a_day_has_its_counts_and_its_figures():
    row = found(day([1.0, 2.0, 6.0], is_critical=[2], is_warning=[0, 1], is_bad=[1]))
    assert (row["reading_count"], row["critical_count"], row["warning_count"], row["bad_count"]) == (
        3,
        1,
        2,
        1,
    )
    assert (row["min_value"], row["max_value"], row["avg_value"], row["level"]) == (1, 6, 3, 2)
    assert row["stddev_value"] == pytest.approx(np.std([1, 2, 6], ddof=1))


def test_the_longest_run_of_equal_values_is_found():
    row = found(day([1, 1, 2, 3, 3, 3, 3, 1]))
    assert (row["longest_stuck_readings"], row["longest_stuck_hours"]) == (4, 3.0)


def test_the_longest_silence_is_found():
    readings = day([1, 2, 3, 4, 5, 6]).take([0, 1, 5])
    assert found(readings)["longest_gap_hours"] == 4.0


def test_sensors_do_not_mix_and_readings_need_not_be_sorted():
    both = pa.concat_tables([day([5, 5, 5], sensor="A"), day([1, 2, 3], sensor="B")]).take([4, 0, 5, 2, 3, 1])
    a, b = sorted(days_of(both).to_pylist(), key=lambda row: row["sensor_id"])
    assert (a["longest_stuck_readings"], a["level"]) == (3, 5)
    assert (b["longest_stuck_readings"], b["level"], b["longest_gap_hours"]) == (1, 2, 1.0)


def test_celsius_in_a_fahrenheit_column_is_told_from_a_spike():
    values = [550 + noise for noise in NOISE]
    values[4], values[8] = (550 - 32) / 1.8, 640
    assert suspects(day(values)) == [
        ("S4", "wrong_unit"),
        ("S8", "spike"),
    ]


def test_a_step_to_another_level_is_no_spike():
    assert found(day([550 + noise for noise in NOISE] + [300 + noise for noise in NOISE]))["suspects"] == []


def test_a_kind_without_another_unit_only_spikes():
    values = [7 + noise / 10 for noise in NOISE]
    values[5] = 12.9
    assert suspects(day(values, unit="pH")) == [("S5", "spike")]


def test_a_sensor_with_one_reading_is_beyond_suspicion():
    assert found(day([550.0]))["suspects"] == []


def excursions(values: list[float], **flags: Any) -> list[tuple[int, int, bool, bool, float]]:
    """First and last hour, side, whether critical, and the worst value of each."""
    return [
        (each["from_at"].hour, each["to_at"].hour, each["is_high"], each["is_critical"], each["worst_value"])
        for each in found(day(values, **flags))["excursions"]
    ]


RISE = [500.0, 500.3, 520.0, 540.0, 541.0, 520.0, 500.2, 499.8, 500.1, 499.9]


def test_what_stays_beyond_a_limit_is_an_excursion_with_its_worst_value():
    assert excursions(RISE, is_warning=[2, 5], is_critical=[3, 4], is_high=[2, 3, 4, 5]) == [
        (2, 5, True, True, 541.0)
    ]


def test_one_reading_beyond_a_limit_is_none():
    assert excursions(RISE, is_warning=[4], is_high=[4]) == []


def test_two_readings_within_a_moment_are_none():
    seconds = day(RISE, is_warning=[3, 4], is_high=[3, 4], minutes=0)
    assert found(seconds)["excursions"] == []


def test_readings_that_are_not_believed_neither_make_nor_end_an_excursion():
    flags = {"is_warning": [2, 3, 4, 5], "is_high": [2, 3, 4, 5]}
    assert excursions(RISE, **flags, is_bad=[3]) == [(2, 5, True, False, 541.0)]
    assert excursions(RISE, **flags, is_bad=[2, 3], is_uncertain=[4]) == []


def test_a_jump_is_left_out_of_an_excursion():
    calm = [520.0 + noise for noise in NOISE]
    calm[5] = 900.0
    assert excursions(calm, is_warning=list(range(12)), is_high=list(range(12)))[0][4] < 521


def test_what_a_standing_unit_passes_is_no_excursion():
    flags = {"is_warning": [2, 3, 4, 5], "is_high": [2, 3, 4, 5]}
    assert excursions(RISE, **flags, is_standing=[1, 2, 3, 4, 5, 6]) == []
    assert [each[:2] for each in excursions(RISE, **flags, is_standing=[4, 5])] == [(2, 3)]


def test_a_stand_parts_what_is_beyond_before_and_after_it():
    beyond = list(range(10))
    assert [each[:2] for each in excursions(RISE, is_warning=beyond, is_high=beyond, is_standing=[4, 5])] == [
        (0, 3),
        (6, 9),
    ]


def test_an_excursion_says_whether_it_reaches_the_ends_of_its_day():
    rows = found(day(RISE, is_warning=[0, 1, 4, 5, 8, 9], is_high=[0, 1, 4, 5, 8, 9]))["excursions"]
    assert [(each["is_from_start"], each["is_to_end"]) for each in rows] == [
        (True, False),
        (False, False),
        (False, True),
    ]


def test_figures_while_running_leave_a_stand_out():
    readings = [500.0, 502.0, 0.0, 0.0, 501.0, 499.0]
    row = found(day(readings, is_critical=[2, 3], is_warning=[1], is_standing=[2, 3]))
    assert (row["running_count"], row["running_beyond_count"], row["running_level"]) == (4, 1, 500.5)
    assert row["running_stddev"] == pytest.approx(np.std([500, 502, 501, 499], ddof=1))
    assert (row["critical_count"], row["reading_count"]) == (2, 6)


def test_without_a_stand_the_figures_while_running_are_those_of_the_day():
    row = found(day(RISE, is_warning=[2]))
    assert (row["running_count"], row["running_beyond_count"]) == (10, 1)
    assert (row["running_level"], row["running_stddev"]) == (row["level"], row["stddev_value"])


def test_a_sensor_of_a_unit_that_stood_all_day_has_no_level_while_running():
    both = pa.concat_tables(
        [day([0.0, 0.1], sensor="A", is_standing=[0, 1]), day([5.0, 7.0], sensor="B", is_standing=[0])]
    )
    a, b = sorted(days_of(both).to_pylist(), key=lambda row: row["sensor_id"])
    assert (a["running_count"], a["running_level"], a["running_stddev"]) == (0, None, None)
    assert (b["running_count"], b["running_level"], b["level"]) == (1, 7, 6)


def test_above_and_below_are_apart():
    swing = [500.0, 600.0, 601.0, 400.0, 399.0, 500.0]
    assert excursions(swing, is_warning=[1, 2, 3, 4], is_high=[1, 2]) == [
        (1, 2, True, False, 601.0),
        (3, 4, False, False, 399.0),
    ]


def test_a_value_in_another_unit_is_converted_and_stays_beside():
    """260 °C in a column of °F is 500 °F."""
    values = [500.0 + noise for noise in NOISE]
    values[6] = 260.0
    (suspect,) = found(day(values))["suspects"]
    assert (suspect["kind"], suspect["sent_value"], suspect["converted_value"]) == ("wrong_unit", 260, 500)
