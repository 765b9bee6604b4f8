from cli.clock import StageClock
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
