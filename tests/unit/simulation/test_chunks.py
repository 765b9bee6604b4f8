from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from headrace.contracts.model import Contract
from headrace.errors import UsageError
from simulation.generate.chunks import (
    ChunkRecord,
    check_same_stride,
    check_same_world,
    chunks_to_make,
    missing_spans,
    pieces,
)
from simulation.generate.plan import Plan, world_of
from simulation.generate.row_index import Piece, ordinals, snapshots

DAY = timedelta(days=1)
START = datetime(2024, 1, 1)
METERS = Contract(table="meters", type="dimension", num_rows=100, columns={"meter_id": "string"})
LEVELS = Contract.model_validate(
    {
        "table": "levels",
        "type": "fact",
        "columns": {"level_id": "string", "meter_id": "string"},
        "arrives": {"every": "1 second", "per": "meters"},
    }
)
PLAN = Plan(scale=1, start=START, end=START + 3 * DAY)
WORLD = world_of(PLAN, {"meters": METERS, "levels": LEVELS})


def made(first: int, last: int, *, low: int = 0, high: int = 100, seed: int = 7) -> ChunkRecord:
    start, end = ((START + day * DAY).isoformat() for day in (first, last))
    return ChunkRecord("levels", start, end, low, high, "landing", seed, 1, None, 1, 1, 1.0)


def days_of(pieces: list[Piece]) -> list[tuple[int, int, int, int]]:
    return [((p.start - START).days, (p.end - START).days, p.low, p.high) for p in pieces]


def test_a_day_too_large_for_one_chunk_is_cut_by_senders() -> None:
    found = list(pieces(LEVELS, WORLD, PLAN, START, START + DAY))
    assert days_of(found) == [(0, 1, 0, 25), (0, 1, 25, 50), (0, 1, 50, 75), (0, 1, 75, 100)]


def test_a_short_span_is_not_parted_by_its_senders_for_they_would_be_sent_one_after_the_other() -> None:
    found = list(pieces(LEVELS, WORLD, PLAN, START, START + timedelta(minutes=1)))
    assert [(piece.low, piece.high) for piece in found] == [(0, 100)]


def test_a_done_span_is_not_made_again() -> None:
    assert list(missing_spans(PLAN, [made(1, 2)], 100)) == [(START, START + DAY), (START + 2 * DAY, PLAN.end)]


def test_a_done_chunk_of_some_senders_is_not_made_again() -> None:
    chunks = chunks_to_make(PLAN, LEVELS, WORLD, [made(0, 1, high=25)])
    assert days_of([chunk.piece for chunk in chunks])[:4] == [
        (0, 1, 25, 50),
        (0, 1, 50, 75),
        (0, 1, 75, 100),
        (1, 2, 0, 25),
    ]


def test_nothing_is_left_of_a_plan_that_is_done() -> None:
    assert chunks_to_make(PLAN, LEVELS, WORLD, [made(0, 3)]) == []


def test_only_the_first_chunk_ever_is_first() -> None:
    fresh = chunks_to_make(PLAN, METERS, WORLD, [])
    later = chunks_to_make(PLAN, METERS, WORLD, [made(-2, 0)])
    assert [chunk.is_first for chunk in (*fresh, *later)] == [True, False]


def test_another_seed_may_not_go_on_where_this_one_was() -> None:
    with pytest.raises(UsageError, match="holds another world: seed 3"):
        check_same_world(PLAN, [made(0, 1, seed=3)])


PACED = LEVELS.model_copy(update={"arrives": LEVELS.arrives.model_copy(update={"cadence": "pace"})})
HOURLY = replace(made(0, 2), stride=3600.0)


@pytest.mark.parametrize("stride", [None, timedelta(minutes=15)])
def test_a_span_is_not_thinned_in_two_ways(stride: timedelta | None) -> None:
    with pytest.raises(UsageError, match=r"levels already holds 2024-01-01.* at a stride of 1:00:00, not at"):
        check_same_stride(replace(PLAN, stride=stride), PACED, [HOURLY])


def test_the_same_stride_another_span_and_tables_without_a_pace_go_on() -> None:
    other = replace(PLAN, stride=timedelta(minutes=15))
    check_same_stride(replace(PLAN, stride=timedelta(hours=1)), PACED, [HOURLY])
    check_same_stride(replace(other, start=START + 2 * DAY), PACED, [HOURLY])
    check_same_stride(other, LEVELS, [HOURLY])


@pytest.mark.parametrize("times", [1.0, 11.0, 10 / 3])
def test_rows_of_two_days_are_those_of_each_day(times: float) -> None:
    hourly = LEVELS.model_copy(update={"arrives": LEVELS.arrives.model_copy(update={"every": DAY / 24})})
    cut = START + timedelta(hours=13, minutes=7)
    whole, left, right = (
        ordinals(hourly, Piece(start, end, 0, 1, times))
        for start, end in ((START, PLAN.end), (START, cut), (cut, PLAN.end))
    )
    assert (left[0], right[1]) == whole
    assert left[1] == right[0]


def test_weekly_snapshots_come_on_mondays() -> None:
    weekly = METERS.model_copy(update={"arrives": METERS.arrives.model_copy(update={"every": 7 * DAY})})
    assert snapshots(weekly, START, START + 14 * DAY) == [START, START + 7 * DAY]
    assert snapshots(weekly, START + DAY, START + 7 * DAY) == []
