import pytest

from cli.clock import StageClock, in_words, seconds_since_start, time_taken
from headrace.progress import Event, held_back, listening, tell


def test_items_side_by_side_count_once():
    seen = StageClock()

    seen(Event("silver", "a", "started", at=10))
    seen(Event("silver", "b", "started", at=12))
    seen(Event("silver", "a", "done", at=13))
    seen(Event("silver", "b", "failed", at=16))

    assert seen.seconds == {"silver": 6.0}


def test_what_was_skipped_took_no_time():
    seen = StageClock()

    seen(Event("gold", "a", "skipped"))

    assert seen.seconds == {"gold": 0.0}


def test_what_is_told_later_counts_by_when_it_was():
    seen = StageClock()
    with listening(seen), held_back():
        tell(Event("bronze", "a", "started", at=10))
        tell(Event("bronze", "a", "done", at=11))
        assert not seen.seconds

    assert seen.seconds == {"bronze": 1.0}


def test_each_second_is_spent_once_and_the_parts_are_all_of_it():
    seen = StageClock()
    for stage, item, since, until in (
        ("start", "Spark", 12, 18),
        ("bronze", "a", 16, 20),
        ("bronze", "b", 19, 25),
        ("silver", "a", 25, 30),
        ("scan", "silver", 31, 33),
    ):
        seen(Event(stage, item, "started", at=since))
        seen(Event(stage, item, "done", at=until))

    parts = seen.spent(10, 40)

    assert parts == {"start": 8, "bronze": 7, "silver": 5, "scan": 2, "rest": 8}
    assert sum(parts.values()) == 30


def test_what_told_of_no_stage_was_start_alone():
    assert StageClock().spent(10, 12) == {"start": 2, "rest": 0}


def test_the_time_told_begins_with_the_process():
    parts = time_taken(StageClock())

    assert sum(parts.values()) == pytest.approx(seconds_since_start(), abs=0.3)
    assert in_words({"start": 38.0, "scan": 83.0}) == "2 min 01 s: start 38.0 s, scans 1 min 23 s"
