from cli import clock
from cli.clock import StageClock
from headrace.progress import Event


def test_items_side_by_side_count_once(monkeypatch):
    now = iter([10.0, 16.0])
    monkeypatch.setattr(clock, "monotonic", lambda: next(now))
    seen = StageClock()

    seen(Event("silver", "a", "started"))
    seen(Event("silver", "b", "started"))
    seen(Event("silver", "a", "done"))
    seen(Event("silver", "b", "failed"))

    assert seen.seconds == {"silver": 6.0}


def test_what_was_skipped_took_no_time():
    seen = StageClock()

    seen(Event("gold", "a", "skipped"))

    assert seen.seconds == {"gold": 0.0}
