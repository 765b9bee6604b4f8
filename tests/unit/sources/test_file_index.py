"""The index of files: many records in few objects, the latest of a name and content alone."""

from dataclasses import replace

import pytest

from headrace.errors import UsageError
from headrace.lake import objects
from headrace.lake.paths import Paths
from headrace.settings import Settings
from headrace.sources import file_index
from headrace.sources.file_index import MERGED, File, FileIndex

RECORDS = MERGED * MERGED + 3


@pytest.fixture
def paths(settings: Settings) -> Paths:
    return Paths.of("pumps", settings)


def file(number: int) -> File:
    return File(f"pumps/strokes/{number}.json", f"d{number}", 10, "s", 2, "2024-01-01T00:00:00", "", number)


def test_thousands_of_files_are_a_handful_of_objects(paths: Paths) -> None:
    index = FileIndex(paths, "strokes")
    for number in range(RECORDS):
        index.add([file(number)])
    assert len(objects.list_under(paths.files("strokes"))) == 1 + 3
    file_index._SEEN.clear()
    again = FileIndex(paths, "strokes")
    assert (again.totals().lines, again.through) == (2 * RECORDS, RECORDS - 1)
    assert again.of([file(7).name, "unheard of"]) == {file(7).name: [file(7)]}


def test_a_later_record_of_a_name_and_content_stands_for_the_earlier_one(paths: Paths) -> None:
    index = FileIndex(paths, "strokes")
    index.add([replace(file(1), set_aside="empty file", number=-1), file(2)])
    index.add([file(1), replace(file(2), digest="other")])
    for found in (index, FileIndex(paths, "strokes")):
        assert (found.totals().taken, found.totals().set_aside) == (3, 0)
        assert [each.digest for each in found.of([file(2).name])[file(2).name]] == ["d2", "other"]


def test_objects_that_were_joined_and_not_removed_yet_count_once(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = FileIndex(paths, "strokes")
    with monkeypatch.context() as patch:
        patch.setattr(objects, "delete", lambda _: None)
        for number in range(MERGED + 1):
            index.add([file(number)])
    assert len(objects.list_under(paths.files("strokes"))) == MERGED + 2
    file_index._SEEN.clear()
    assert FileIndex(paths, "strokes").totals().taken == MERGED + 1


def test_a_lake_of_an_earlier_version_is_refused(paths: Paths) -> None:
    objects.put_json(f"{paths.files('strokes')}/0123.json", [])
    with pytest.raises(UsageError, match="earlier version of Headrace"):
        FileIndex(paths, "strokes")
