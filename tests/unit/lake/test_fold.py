"""Many entries of an edge become one without changing what they add up to, however the folding ends."""

import pytest

from headrace.lake import ledger, objects
from headrace.lake.increments import Progress, progress_of, remember
from headrace.lake.ledger import Entry, fold_old_entries
from headrace.lake.paths import Paths


@pytest.fixture
def paths(settings):
    return Paths.of("pumps", settings)


def tells(paths: Paths, *numbers: int, words: str = "") -> None:
    for number in numbers:
        counts = {"written": number, "rejected": 1}
        ledger.record(
            paths, Entry("silver", "strokes", "Append", f"{words}{number:015d}", "r", number + 1, counts)
        )


def sums(paths: Paths) -> dict[str, int]:
    return ledger.totals(ledger.entries(paths, "silver", "strokes"))


def test_what_the_entries_add_up_to_stays_and_the_newest_stay_as_they_are(paths):
    tells(paths, *range(1, 11))
    tells(paths, 1, 2, words="recycled-")
    before = sums(paths)
    assert fold_old_entries(paths, "silver", "strokes", kept=4) == 6
    assert sums(paths) == before == {"rows_in": 70, "written": 58, "rejected": 12}
    assert len(ledger.entries(paths, "silver", "strokes")) == 1 + 4 + 2
    tells(paths, *range(11, 16))
    assert fold_old_entries(paths, "silver", "strokes", kept=4) == 5
    assert sums(paths)["written"] == 58 + sum(range(11, 16))


def test_few_are_left_alone(paths):
    tells(paths, *range(7))
    assert fold_old_entries(paths, "silver", "strokes", kept=4) == 0
    assert len(ledger.entries(paths, "silver", "strokes")) == 7


def test_an_entry_counts_once_though_the_folding_was_killed_before_it_went(paths, monkeypatch):
    tells(paths, *range(1, 11))
    before = sums(paths)
    with monkeypatch.context() as patch:
        patch.setattr(objects, "delete", lambda _: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception):
            fold_old_entries(paths, "silver", "strokes", kept=4)
    assert len(ledger.batch_names(paths, "silver", "strokes")) == 10
    assert sums(paths) == before
    assert fold_old_entries(paths, "silver", "strokes", kept=4) == 6
    assert sums(paths) == before


def test_a_folded_entry_counts_as_recorded(paths):
    tells(paths, *range(1, 11))
    fold_old_entries(paths, "silver", "strokes", kept=4)
    assert [
        ledger.is_recorded(paths, Entry("silver", "strokes", "Append", f"{number:015d}", "", 0, {}))
        for number in (1, 6, 7, 11)
    ] == [True, True, True, False]


def test_how_far_an_edge_has_come_is_told_without_reading_what_its_batches_did(paths, monkeypatch):
    tells(paths, 3_000_000, 4_000_000)
    remember(paths, "strokes", Progress(3_000_000, 0))
    read, get = [], objects.get
    monkeypatch.setattr(objects, "get", lambda url: read.append(url) or get(url))
    assert progress_of(paths, "strokes") == Progress(4_000_000, 0)
    assert [url.rpartition("/")[2] for url in read] == ["strokes.json"]
