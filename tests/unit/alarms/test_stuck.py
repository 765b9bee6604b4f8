"""Instruments that show one value for too long, by how often each repeats itself in quiet times."""

from itertools import cycle, islice

from headrace.alarms.detectors.stuck import Stuck
from tests.unit.alarms.conftest import Plant, course
from tests.unit.alarms.conftest import plant as any_plant


def plant(**rules: object) -> Plant:
    made = any_plant(**rules)
    made.engine.detectors = [Stuck(made.engine.senders)]
    return made


LIVELY = [5.0, 5.1, 4.9, 5.2, 4.8]


def lively(count: int) -> list[float]:
    return list(islice(cycle(LIVELY), count))


def test_one_value_for_many_readings_and_an_hour_is_stuck_until_another_is_shown() -> None:
    pump = plant()
    pump.reads(course("P0", "0s", 600, lively(60)))
    assert pump.says(course("P0", "10h", 600, [7.0] * 10)) == [("11:00:00", "raised", "P0")]
    assert pump.told[0]["since"].hour == 10
    assert pump.says(course("P0", "12h", 600, [7.0, 7.1])) == [("12:10:00", "cleared", "P0")]


def test_begun_and_ended_in_one_batch_is_told_as_both() -> None:
    pump = plant()
    said = pump.says(course("P0", "0s", 600, [*lively(60), *[7.0] * 8, 7.1]))
    assert said == [("11:00:00", "raised", "P0"), ("11:20:00", "cleared", "P0")]


def test_a_run_is_counted_from_batch_to_batch() -> None:
    pump = plant()
    pump.reads(course("P0", "0s", 600, lively(60)))
    said = [pump.says(course("P0", f"{600 * (60 + number)}s", 600, [7.0])) for number in range(8)]
    assert [bool(each) for each in said] == [False] * 6 + [True, False]


def test_few_equal_readings_are_none_however_long_they_took() -> None:
    pump = plant()
    pump.reads(course("P0", "0s", 3600, lively(20)))
    assert pump.says(course("P0", "20h", 3600, [7.0] * 4)) == []


def test_many_equal_readings_in_a_short_time_are_none() -> None:
    pump = plant()
    pump.reads(course("P0", "0s", 10, lively(60)))
    assert pump.says(course("P0", "600s", 10, [7.0] * 300)) == []


def test_a_sender_that_often_repeats_itself_is_given_longer() -> None:
    pump = plant()
    coarse = [float(value) for value in (5, 5, 6, 6, 5, 6, 6, 6, 5, 5, 6, 5) for _ in range(1)] * 10
    pump.reads(course("P0", "0s", 600, coarse), course("P1", "0s", 600, lively(120)))
    said = pump.says(course("P0", "20h", 600, [7.0] * 12), course("P1", "20h", 600, [7.0] * 12))
    assert said == [("21:00:00", "raised", "P1")]
    assert [event[2] for event in pump.says(course("P0", "22h", 600, [7.0] * 20))] == ["P0"]
