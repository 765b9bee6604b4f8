"""A drop folder, on a disk and in a bucket: files are taken out of reach, looked at, and known from then on."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from headrace.contracts.load import load_contracts
from headrace.lake import objects
from headrace.lake.paths import Paths
from headrace.refine.dropped import DropFolder, Dropped, forget_taken, known_drops
from headrace.settings import Settings


@pytest.fixture(params=["disk", "bucket"])
def paths(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Paths]:
    if request.param == "disk":
        yield Paths.of("pumps", settings)
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="landing")
        objects._s3.cache_clear()
        yield Paths.of("pumps", settings.model_copy(update={"dropped_url": "s3a://landing/dropped"}))
    objects._s3.cache_clear()


@pytest.fixture
def folder(paths: Paths) -> DropFolder:
    return DropFolder(paths, load_contracts("pumps")["strokes"])


def drop(paths: Paths, name: str, body: bytes, seconds_ago: float = 60) -> None:
    url = f"{paths.dropped('strokes')}/{name}"
    objects.put(url, body)
    if "://" not in url:
        os.utime(url, (time.time() - seconds_ago,) * 2)


def names(files: list[Dropped]) -> list[tuple[str, int]]:
    return [(file.name, file.lines) for file in files]


def read(folder: DropFolder, most_lines: int = 100) -> list[tuple[str, int]]:
    files = folder.next_batch(most_lines)
    folder.record(files)
    folder.put_away(files)
    return names(files)


def test_files_are_taken_until_they_hold_enough_and_the_rest_waits(paths: Paths, folder: DropFolder) -> None:
    drop(paths, "a.json", b"1\n2\n")
    drop(paths, "b.json", b"3\n")
    drop(paths, "_not_yet.json", b"4\n")
    assert folder.waiting() == 2
    assert read(folder, most_lines=2) == [("a.json", 2)]
    assert read(folder, most_lines=2) == [("b.json", 1)]
    assert read(folder) == []
    assert folder.waiting() == 0


def test_what_was_taken_and_not_stored_is_taken_again(paths: Paths, folder: DropFolder) -> None:
    drop(paths, "a.json", b"1\n")
    folder.next_batch(100)
    drop(paths, "a.json", b"another\n2\n")
    assert read(folder) == [("a.json", 1)]
    assert read(folder) == [("a.2.json", 2)]


def test_a_file_that_comes_again_is_put_away_unread_and_other_content_goes_by_a_new_name(
    paths: Paths, folder: DropFolder
) -> None:
    drop(paths, "a.json", b"1\n")
    assert read(folder) == [("a.json", 1)]
    drop(paths, "a.json", b"1\n")
    assert read(folder) == []
    drop(paths, "a.json", b"1\n2\n")
    assert read(folder) == [("a.2.json", 2)]
    assert folder.waiting() == 0


def test_a_file_that_was_set_aside_can_be_mended_and_dropped_again(paths: Paths, folder: DropFolder) -> None:
    drop(paths, "a.json", b"\0\0")
    assert read(folder) == []
    (aside,) = known_drops(paths, "strokes")
    assert aside.set_aside == "not a text file, but strokes arrives as json"
    assert objects.get(f"{paths.dropped_aside('strokes')}/a.json") == b"\0\0"
    drop(paths, "a.json", b"1\n")
    assert read(folder) == [("a.2.json", 1)]


def test_files_that_were_taken_are_kept_for_a_while(paths: Paths, folder: DropFolder) -> None:
    drop(paths, "a.json", b"1\n")
    read(folder)
    objects.put(f"{paths.taken('strokes')}/2024-01-01/old.json", b"0\n")
    assert forget_taken(paths, "strokes", hours=168) == 1
    (kept,) = objects.list_under(paths.taken("strokes"))
    assert kept.endswith("/a.json")


def test_a_file_on_a_disk_is_left_until_nobody_has_written_to_it_for_a_moment(settings: Settings) -> None:
    paths = Paths.of("pumps", settings)
    folder = DropFolder(paths, load_contracts("pumps")["strokes"])
    drop(paths, "a.json", b"1\n", seconds_ago=0)
    assert read(folder) == []
    assert folder.waiting() == 1
    os.utime(Path(paths.dropped("strokes")) / "a.json", (time.time() - 2,) * 2)
    assert read(folder) == [("a.json", 1)]
