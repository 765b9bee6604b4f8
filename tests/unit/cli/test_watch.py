"""What a log gets of progress: each thing that is done, and of what goes on a line a minute."""

from io import StringIO

import pytest
from rich.console import Console

from cli import watch
from headrace.progress import Event


def test_what_goes_on_says_so_each_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    said, now = StringIO(), [0.0]
    monkeypatch.setattr(watch, "monotonic", lambda: now[0])
    plain = watch.Plain(Console(file=said, width=200))
    plain(Event("stream", "readings", "started"))
    for second in range(150):
        now[0] = float(second)
        plain(Event("stream", "readings", "going", rows=second))
    assert len(said.getvalue().splitlines()) == 2
    plain(Event("stream", "readings", "done", rows=150))
    assert said.getvalue().splitlines()[-1].split()[:3] == ["stream", "readings", "done"]


def test_a_note_that_does_not_fit_the_screen_stands_below_its_line() -> None:
    event = Event("silver", "strokes", "done", rows=5, seconds=1.5, note="12 rejected, 3 duplicates")
    narrow, wide = watch._finished(event, 80), watch._finished(event, 120)
    assert [len(narrow), len(wide)] == [2, 1]
    assert all(line.cell_len <= 80 for line in narrow)
    assert narrow[1].plain.strip() == event.note
    assert wide[0].plain.endswith(event.note)
