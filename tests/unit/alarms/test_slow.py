"""What takes days: instruments that drift, groups on their way to failure. Two halls of two makes, three pumps each."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from headrace.alarms.groups import pair_medians
from tests.unit.alarms.conftest import DAY, plant, senders

COUNT = 12
HOUR = 3_600_000_000
START = int(DAY.timestamp() * 1e6)
Change = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From the hours since the start and the values of all pumps (a column each) to other values."""


def pumps() -> pa.Table:
    places = np.arange(COUNT)
    return senders(
        COUNT,
        hall=[f"H{place // 6}" for place in places],
        make=["red" if place % 6 < 3 else "blue" for place in places],
    )


def course(days: float, change: Change | None = None, every_hours: float = 1, seed: int = 0) -> pa.Table:
    """Values about 5 with a daily cycle, some wander and noise; all pumps are read at the same instants."""
    rng = np.random.default_rng(seed)
    hours = np.arange(0, days * 24, every_hours)
    knots = rng.uniform(-0.15, 0.15, (int(days) + 2, COUNT))
    wander = np.stack(
        [np.interp(hours / 24, np.arange(len(knots)), knots[:, place]) for place in range(COUNT)], 1
    )
    values = 5 + 0.05 * np.sin(hours / 24 * 2 * np.pi)[:, None] + wander
    values += rng.normal(0, 0.02, values.shape)
    if change is not None:
        values = change(hours, values)
    at = np.repeat(START + (hours * HOUR).astype(np.int64), COUNT)
    return pa.table(
        {
            "pump": np.tile([f"P{place}" for place in range(COUNT)], len(hours)),
            "stroke_at": pa.array(at).cast(pa.timestamp("us", "UTC")),
            "bar": values.ravel(),
        }
    )


def told(
    rows: pa.Table, batches: int = 30, restarts: bool = False, **rules: Any
) -> list[tuple[str, str, str, float]]:
    """Drift and failing events: kind, event, subject, and the day."""
    pump, found = plant(table=pumps(), **rules), []
    size = -(-len(rows) // batches)
    for begin in range(0, len(rows), size):
        found += pump.engine.step(rows.slice(begin, size)).to_pylist()
        if restarts:
            kept, pump = pump.engine.state(), plant(table=pumps(), **rules)
            pump.engine.restore(kept)
    return [
        (each["kind"], each["event"], each["subject"], (each["event_at"] - DAY).total_seconds() / 86_400)
        for each in found
        if each["kind"] in ("drift", "failing") and each["event"] in ("raised", "cleared")
    ]


def grows(first: int, last: int, by: float, since: float = 20, until: float = 25, power: int = 1) -> Change:
    """Pumps from `first` to `last` move by so much within these days, and are as before afterwards."""

    def change(hours: np.ndarray, values: np.ndarray) -> np.ndarray:
        part = (hours / 24 - since) / (until - since)
        inside = (part >= 0) & (part < 1)
        values[inside, first:last] += by * part[inside, None] ** power
        return values

    return change


def test_nothing_is_told_of_pumps_that_keep_their_levels():
    assert told(course(60)) == []


@pytest.mark.parametrize("every_hours", [0.05, 0.5, 2])
def test_a_pump_that_leaves_its_level_alone_drifts_and_comes_back(every_hours):
    said = told(course(28, grows(0, 1, 2.0), every_hours))

    assert [each[:3] for each in said] == [("drift", "raised", "P0"), ("drift", "cleared", "P0")]
    assert 21 < said[0][3] < 24
    assert 25 < said[1][3] < 26.5


def test_a_pump_whose_neighbours_go_the_same_way_does_not_drift():
    assert "drift" not in {kind for kind, *_ in told(course(28, grows(0, 3, 2.0)))}


def test_a_pump_that_leaps_and_returns_does_not_drift():
    assert told(course(28, grows(0, 1, 3.0, since=20, until=20.4, power=0))) == []


def test_a_new_level_is_learned_after_a_week():
    steps_and_drifts = [grows(0, 1, 1.5, since=20, until=60, power=0), grows(0, 1, 2.0, since=45, until=50)]

    said = told(
        course(60, lambda hours, values: steps_and_drifts[1](hours, steps_and_drifts[0](hours, values)))
    )
    assert [each[:2] for each in said] == [("drift", "raised"), ("drift", "cleared")]
    assert 46 < said[0][3] < 49


def test_a_hall_whose_makes_move_together_is_failing_days_before_the_end():
    rows = course(30, grows(0, 6, 3.0, until=26, power=2))
    said = told(rows, defaults={"failing": {"blocks": 2}})

    assert [each[:3] for each in said] == [("failing", "raised", "H0"), ("failing", "cleared", "H0")]
    assert said[0][3] < 24
    later = told(rows)  # by the default of three
    assert later[0][:3] == said[0][:3]
    assert later[0][3] == pytest.approx(said[0][3] + 0.25)


def test_a_hall_that_went_to_a_new_level_and_stays_there_is_failing_for_days_only():
    """As one that gets another feed. It may fail from there, and is told of again."""

    def steps(hours: np.ndarray, values: np.ndarray) -> np.ndarray:
        values[:, :6] += 3 * np.clip((hours / 24 - 20) / 2, 0, 1)[:, None]
        return grows(0, 6, 3.0, since=35, until=41, power=2)(hours, values)

    said = told(course(45, steps))
    assert [each[:3] for each in said] == [("failing", event, "H0") for event in ("raised", "cleared") * 2]
    assert said[0][3] < 22
    assert 24 < said[1][3] < 26
    assert 35 < said[2][3] < 40


def test_a_hall_that_goes_back_to_the_level_it_had_before_is_not_failing():
    def steps(hours: np.ndarray, values: np.ndarray) -> np.ndarray:
        values[:, :6] += 3 * np.interp(hours / 24, [20, 22, 35, 37], [0, 1, 1, 0])[:, None]
        return values

    said = told(course(45, steps))
    assert [each[:3] for each in said] == [("failing", "raised", "H0"), ("failing", "cleared", "H0")]
    assert said[1][3] < 26


def test_a_hall_is_failing_that_was_so_from_its_first_day():
    """The other three tell where its pumps ought to be."""
    pump = plant(table=senders(COUNT, hall=[f"H{place // 3}" for place in range(COUNT)]))
    found = pump.engine.step(course(8, grows(3, 6, 4.0, since=-4, until=7))).to_pylist()

    raised = [
        (each["kind"], each["subject"], each["event_at"].day) for each in found if each["event"] == "raised"
    ]
    assert raised[0][:2] == ("failing", "H1")
    assert raised[0][2] <= 3


def test_makes_that_go_different_ways_are_failing_as_well():
    def parts(hours: np.ndarray, values: np.ndarray) -> np.ndarray:
        return grows(9, 12, -1.5, power=2)(hours, grows(6, 9, 3.0, power=2)(hours, values))

    assert next(each[:3] for each in told(course(30, parts))) == ("failing", "raised", "H1")


def test_one_pump_alone_is_no_failure_and_a_make_that_moves_is():
    def says(last: int) -> list[tuple[str, str, str]]:
        return [each[:3] for each in told(course(30, grows(0, last, 3.0, power=2))) if each[0] == "failing"]

    assert says(1) == []
    assert says(3) == [("failing", "raised", "H0"), ("failing", "cleared", "H0")]


def test_what_repeats_does_not_drift():
    """A pump that shows one value again and again says nothing of where it is."""

    def stands(hours: np.ndarray, values: np.ndarray) -> np.ndarray:
        values[(hours >= 20 * 24) & (hours < 23 * 24), 0] = 6.0
        return values

    assert told(course(28, stands)) == []


@pytest.mark.parametrize("limits", [{}, {"low": [None] * COUNT, "high": [None] * COUNT}])
def test_pumps_of_no_hall_or_without_limits_drift_as_well(limits):
    names = [f"P{place}" for place in range(COUNT)]
    pump = plant(
        table=senders(COUNT, hall=pa.nulls(COUNT, pa.string()) if not limits else ["H0"] * COUNT, **limits)
    )
    found = pump.engine.step(course(28, grows(0, 1, 3.0))).to_pylist()
    assert {(each["kind"], each["subject"]) for each in found if each["event"] == "raised"} == {
        ("drift", names[0])
    }


def test_a_hall_that_is_switched_off_and_on_is_not_failing():
    assert told(course(40, grows(0, 6, -4.5, since=20, until=22, power=0))) == []


@pytest.mark.parametrize(("batches", "restarts"), [(3, False), (97, False), (40, True)])
def test_any_batches_tell_the_same(batches, restarts):
    rows = course(30, grows(0, 6, 3.0, power=2, until=26), every_hours=0.5)
    rows = pa.concat_tables([rows, course(8, grows(7, 8, 1.0, since=0, until=5))]).sort_by("stroke_at")

    assert told(rows, batches, restarts) == told(rows)


def test_medians_are_those_of_each_group_and_kind():
    medians, counts = pair_medians(np.array([2, 1, 2, 2, 1]), np.array([3.0, 5.0, 1.0, 9.0, 6.0]), (2, 2))
    assert medians.tolist() == [[0.0, 5.5], [3.0, 0.0]]
    assert counts.tolist() == [[0, 2], [3, 0]]
