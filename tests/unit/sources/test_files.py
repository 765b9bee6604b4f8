"""Files on a disk and in a bucket: taken out of reach, looked at, and known by name and content from then on."""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from headrace.contracts.load import load_contracts
from headrace.contracts.model import Contract
from headrace.lake import objects
from headrace.lake.lease import Leases, RunContext
from headrace.lake.objects import Found
from headrace.lake.paths import Paths
from headrace.settings import Settings
from headrace.sources.file_index import File
from headrace.sources.files import (
    BEGUN_SECONDS,
    FileSource,
    Folder,
    drop_folder_of,
    files_now,
    forget_taken,
    instant_in,
    landing_of,
    put_away,
    unknown_in,
)
from headrace.sources.parsing import Claim, name_at, place_for

ALL = 1000
only_on_a_disk = pytest.mark.parametrize("settings", ["disk"], indirect=True)


@pytest.fixture(params=["disk", "bucket"])
def settings(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    if request.param == "disk":
        yield settings
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="files")
        objects._s3.cache_clear()
        urls = {"dropped_url": "s3a://files/dropped", "landing_url": "s3a://files/landing"}
        yield settings.model_copy(update=urls)
    objects._s3.cache_clear()


@pytest.fixture
def paths(settings: Settings) -> Paths:
    return Paths.of("pumps", settings)


@pytest.fixture(params=["landed", "live"])
def folder(request: pytest.FixtureRequest, paths: Paths) -> Folder:
    return (landing_of if request.param == "landed" else drop_folder_of)(paths, "strokes")


def contract(**arrives: Any) -> Contract:
    told = load_contracts("pumps")["strokes"]
    return told.model_copy(update={"arrives": told.arrives.model_copy(update=arrives)})


def source(settings: Settings, folder: Folder, most: int = ALL, **arrives: Any) -> FileSource:
    context = RunContext(Paths.of("pumps", settings), settings, Leases([], "test", 60), "run")
    return FileSource(contract(**arrives), context, [folder], most)


def leave(folder: Folder, name: str, body: bytes, seconds_ago: float = 60) -> str:
    url = f"{folder.home}/{name}"
    objects.put(url, body)
    if "://" not in url:
        os.utime(url, (time.time() - seconds_ago,) * 2)
    return url


def stored(source: FileSource, folder: Folder, number: int = 1) -> list[tuple[str, int]]:
    """Takes what waits, as if bronze had stored it."""
    claims = source.claim(folder)
    source.index.add([replace(each.file, number=number) for each in claims])
    put_away(folder, claims)
    return names(folder, claims)


def names(folder: Folder, claims: list[Claim]) -> list[tuple[str, int]]:
    return [(folder.path_of(each.file.name), each.file.lines) for each in claims]


def set_aside(source: FileSource) -> dict[str, str]:
    return {re.split("[/:]", file.name)[-1]: file.set_aside for file in source.index.set_aside()}


def test_files_are_taken_until_they_hold_enough_and_the_rest_waits(
    settings: Settings, folder: Folder
) -> None:
    leave(folder, "a.json", b"1\n2\n")
    leave(folder, "b.json", b"3", seconds_ago=30)
    leave(folder, "_not_yet.json", b"4\n")
    files = source(settings, folder, most=2)
    assert stored(files, folder) == [("a.json", 2)]
    assert stored(files, folder) == [("b.json", 1)]
    assert not files.waits()
    assert not source(settings, folder).waits()


def test_what_was_taken_and_not_stored_is_taken_again(settings: Settings, folder: Folder) -> None:
    leave(folder, "day=1/odd [name] 50%+ü.json", b"1\n")
    source(settings, folder).claim(folder)
    assert stored(source(settings, folder), folder) == [("day=1/odd [name] 50%+ü.json", 1)]
    assert not source(settings, folder).waits()


def test_the_same_content_again_is_nothing_new(settings: Settings, folder: Folder) -> None:
    leave(folder, "a.json", b"1\n")
    files = source(settings, folder)
    stored(files, folder)
    leave(folder, "a.json", b"1\n", seconds_ago=20)
    assert stored(files, folder) == []
    assert not source(settings, folder).waits()
    assert files.index.totals().lines == 1


@pytest.mark.parametrize(
    ("again", "taken"), [("refuse", []), ("add", [("a.json", 2)]), ("replace", [("a.json", 2)])]
)
def test_other_content_under_a_known_name_is_taken_as_the_contract_says(
    settings: Settings, folder: Folder, again: str, taken: list[tuple[str, int]]
) -> None:
    leave(folder, "a.json", b"1\n")
    stored(source(settings, folder, again=again), folder)
    leave(folder, "a.json", b"1\n2\n", seconds_ago=20)
    files = source(settings, folder, again=again)
    assert stored(files, folder, 2) == taken
    assert not source(settings, folder, again=again).waits()
    if taken:
        assert (files.index.totals().lines, files.set_aside) == (3, [])
    else:
        assert set_aside(files)["a.json"].startswith("other content than the file that was taken")
        assert objects.get(f"{folder.set_aside}/a.json") == b"1\n2\n"


def test_a_file_that_was_set_aside_can_be_mended_and_left_again(settings: Settings, folder: Folder) -> None:
    for seconds, body in ((60, b"\0\0"), (50, b"\0\1"), (40, b"\0\0")):
        leave(folder, "a.json", body, seconds)
        assert stored(source(settings, folder), folder) == []
    assert set_aside(source(settings, folder)) == {"a.json": "not a text file, but strokes arrives as json"}
    bodies = {url.rsplit("/", 1)[-1]: objects.get(url) for url in objects.list_under(folder.set_aside)}
    assert bodies == {"a.json": b"\0\0", "a.2.json": b"\0\1"}, "the same content is kept once"
    assert source(settings, folder).index.totals().set_aside == len(bodies)
    leave(folder, "a.json", b"1\n")
    assert stored(source(settings, folder), folder) == [("a.json", 1)]


def test_a_file_on_a_disk_is_left_until_nobody_has_written_to_it_for_a_moment(
    settings: Settings, folder: Folder
) -> None:
    url = leave(folder, "a.json", b"1\n", seconds_ago=0)
    files = source(settings, folder)
    if "://" not in url:
        assert stored(files, folder) == []
        assert files.waits()
        os.utime(url, (time.time() - 2,) * 2)
    assert stored(files, folder) == [("a.json", 1)]


def test_who_has_no_spark_touches_nothing_that_is_new(settings: Settings, folder: Folder) -> None:
    def none() -> None:
        raise RuntimeError("no Spark")

    urls = [leave(folder, name, body) for name, body in (("bad.json", b"\0"), ("good.json", b"1\n"))]
    with pytest.raises(RuntimeError):
        source(settings, folder).claim(folder, none)
    assert all(map(objects.exists, urls))
    assert stored(source(settings, folder), folder) == [("good.json", 1)]
    leave(folder, "good.json", b"1\n", seconds_ago=20)
    assert source(settings, folder).claim(folder, none) == []
    assert not source(settings, folder).waits()


@pytest.mark.parametrize("large", [False, True])
def test_a_landed_file_that_changes_while_it_is_taken_is_taken_whole_the_next_time(
    settings: Settings, paths: Paths, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    folder = landing_of(paths, "strokes")
    monkeypatch.setattr("headrace.sources.files.SMALL", 0 if large else 1 << 20)
    leave(folder, "a.json", b"1\n")
    verb = "copy" if large else "read"
    take = getattr(objects, verb)

    def grown_meanwhile(found: Found, *to: str) -> Any:
        leave(folder, "a.json", b"1\n2\n", seconds_ago=20)
        return take(found, *to)

    files = source(settings, folder)
    with monkeypatch.context() as patch:
        patch.setattr(objects, verb, grown_meanwhile)
        assert stored(files, folder) == []
    assert stored(files, folder) == [("a.json", 2)]
    assert objects.list_under(folder.taking) == []


def test_the_lines_of_landed_files_are_those_that_lie_there_now(settings: Settings, paths: Paths) -> None:
    folder = landing_of(paths, "strokes")
    for name in ("grows", "goes", "stays"):
        leave(folder, f"{name}.json", b"1\n2\n")
    stored(source(settings, folder), folder)
    leave(folder, "grows.json", b"1\n2\n3\n", seconds_ago=20)
    leave(folder, "new.json", b"4\n")
    objects.delete(f"{folder.home}/goes.json")
    now = files_now(paths, contract())
    assert (now.lines, now.waiting, now.replaced, now.gone, now.rows) == (6, 4, 2, 2, 6)
    stored(source(settings, folder, again="add"), folder, 2)
    now = files_now(paths, contract())
    assert (now.lines, now.waiting, now.replaced, now.gone, now.rows) == (6, 0, 2, 2, 10)


def test_live_files_that_were_taken_are_kept_for_a_while(settings: Settings, paths: Paths) -> None:
    folder = drop_folder_of(paths, "strokes")
    leave(folder, "a.json", b"1\n")
    stored(source(settings, folder), folder)
    objects.put(f"{folder.taken}/2024-01-01/old.json", b"0\n")
    assert forget_taken(paths, "strokes", hours=168) == 1
    (kept,) = objects.list_under(str(folder.taken))
    assert kept.endswith("/a.json")


def test_the_instant_a_file_was_sent_is_its_own_or_that_of_its_name(settings: Settings, paths: Paths) -> None:
    folder = landing_of(paths, "strokes")
    leave(folder, "strokes_20240103T060000_00.json", b"1\n")
    leave(folder, "strokes.json", b"2\n")

    def sent(**arrives: Any) -> dict[str, str]:
        claims = source(settings, folder, **arrives).claim(folder)
        return {Path(each.file.name).name: each.file.sent_at for each in claims}

    named = sent(sent_at="file name")
    assert named["strokes_20240103T060000_00.json"] == "2024-01-03T06:00:00"
    assert named["strokes.json"] > "2025"
    assert all(instant > "2025" for instant in sent(sent_at="file time").values())


@pytest.mark.parametrize(
    ("name", "instant"),
    [
        ("orders_20240103T060000_00.csv", datetime(2024, 1, 3, 6)),
        ("a/b/20240103T060000_x.json", datetime(2024, 1, 3, 6)),
        ("orders_20240103_00.csv", None),
        ("orders.csv", None),
    ],
)
def test_a_name_tells_its_instant_between_its_last_underscores(name: str, instant: datetime | None) -> None:
    assert instant_in(name) == instant


def test_files_that_were_known_by_one_name_and_content_count_once(settings: Settings, paths: Paths) -> None:
    folder = landing_of(paths, "strokes")
    leave(folder, "a.json", b"1\n")
    files = source(settings, folder)
    stored(files, folder)
    (known,) = files.index.taken(folder.prefix)
    files.index.add([replace(known, stamp="later")])
    assert files.index.totals().taken == 1
    assert isinstance(known, File)


@only_on_a_disk
def test_what_is_written_to_an_open_file_after_it_was_moved_is_there(
    settings: Settings, folder: Folder
) -> None:
    leave(folder, "a.json", b"1\n")
    stored(source(settings, folder), folder)
    url = leave(folder, "a.json", b"1\n2\n", seconds_ago=20)
    with Path(url).open("ab") as writer:
        assert stored(source(settings, folder), folder) == []
        writer.write(b"3\n")
    assert objects.get(f"{folder.set_aside}/a.json") == b"1\n2\n3\n"


@only_on_a_disk
@pytest.mark.parametrize("large", [False, True])
def test_a_file_that_is_only_begun_waits_and_is_taken_when_it_is_written(
    settings: Settings, folder: Folder, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    monkeypatch.setattr("headrace.sources.files.SMALL", 0 if large else 1 << 20)
    with Path(leave(folder, "a.json", b"", seconds_ago=2)).open("ab", buffering=0) as writer:
        files = source(settings, folder)
        assert (stored(files, folder), files.set_aside, files.waits()) == ([], [], True)
        writer.write(b"1\n")
        os.utime(writer.fileno(), (time.time() - 2,) * 2)
    assert stored(files, folder) == [("a.json", 1)]
    leave(folder, "b.json", b"", seconds_ago=BEGUN_SECONDS + 1)
    stored(files, folder)
    assert set_aside(files) == {"b.json": "empty file"}


@only_on_a_disk
def test_a_live_file_that_grows_after_it_was_taken_is_other_content(settings: Settings, paths: Paths) -> None:
    folder = drop_folder_of(paths, "strokes")
    for body in (b"1\n", b"1\n2\n"):
        leave(folder, "a.json", body)
        stored(source(settings, folder, again="add"), folder)
    assert forget_taken(paths, "strokes", hours=168) == 0
    assert not source(settings, folder).waits()
    (_, second) = sorted(objects.list_under(str(folder.taken)), key=lambda url: Path(url).stat().st_size)
    Path(second).write_bytes(b"1\n2\n3\n")
    os.utime(second, (time.time() - 20,) * 2)
    forget_taken(paths, "strokes", hours=168)
    files = source(settings, folder)
    assert stored(files, folder) == []
    assert set_aside(files)["a.json"].startswith("other content than the file that was taken")
    assert objects.get(f"{folder.set_aside}/a.json") == b"1\n2\n3\n"


@only_on_a_disk
def test_a_live_file_that_grows_while_its_batch_is_stored_is_other_content_then(
    settings: Settings, paths: Paths
) -> None:
    folder = drop_folder_of(paths, "strokes")
    leave(folder, "a.json", b"1\n")
    files = source(settings, folder)
    (claim,) = files.claim(folder)
    Path(claim.url).write_bytes(b"1\n2\n")
    os.utime(claim.url, (time.time() - 20,) * 2)
    files.index.add([replace(claim.file, number=1)])
    put_away(folder, [claim])
    assert stored(files, folder) == []
    assert set_aside(files)["a.json"].startswith("other content than the file that was taken")
    assert objects.get(f"{folder.set_aside}/a.json") == b"1\n2\n"


def test_content_that_replaces_was_sent_later_whatever_its_time_says_and_can_come_back(
    settings: Settings, paths: Paths, folder: Folder
) -> None:
    a, b = b"1\n2\n", b"3\n"
    for number, body in enumerate((a, b, b, a), 1):
        leave(folder, "strokes_29990103T060000_00.json", body, seconds_ago=60 * number)
        files = source(settings, folder, again="replace", sent_at="file name")
        taken = stored(files, folder, number)
        assert [lines for _, lines in taken] == ([] if number == 3 else [body.count(b"\n")])
        assert not source(settings, folder, again="replace").waits()
    known = files.index.taken(folder.prefix)
    assert [file.content for file in known] == [known[0].content, known[1].content, known[0].content]
    assert [file.sent_at for file in known] == [
        "2999-01-03T06:00:00",
        "2999-01-03T06:00:00.001000",
        "2999-01-03T06:00:00.002000",
    ]
    if folder.is_landing:
        now = files_now(paths, contract())
        assert (now.lines, now.waiting, now.replaced, now.rows) == (5 - 3, 0, 3, 5)


@only_on_a_disk
def test_other_content_of_the_same_size_and_time_is_seen(settings: Settings, paths: Paths) -> None:
    folder = landing_of(paths, "strokes")
    url = leave(folder, "a.json", b"1\n")
    stored(source(settings, folder), folder)
    at = Path(url).stat().st_mtime_ns
    leave(folder, "a.json", b"2\n")
    os.utime(url, ns=(at, at))
    files = source(settings, folder)
    assert files.waits()
    stored(files, folder)
    assert set_aside(files)["a.json"].startswith("other content than the file that was taken")


@only_on_a_disk
def test_names_that_are_long_or_no_utf_8_are_taken(
    settings: Settings, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headrace.sources.files.SMALL", 0)
    long = "day=1/" + "я" * 125 + ".json"
    leave(folder, long, b"1\n")
    leave(folder, os.fsdecode(b"b\xff.json"), b"1\n")
    assert sorted(stored(source(settings, folder), folder)) == [("b\\xff.json", 1), (long, 1)]
    assert not source(settings, folder).waits()


@pytest.mark.parametrize("name", ["a/b.json", "a%/b=c/%.json", "я" * 100, "%" * 201 + "/x", "x" * 200 + "/y"])
def test_the_place_of_a_copy_tells_its_name(name: str) -> None:
    place = place_for("home", name, datetime(2024, 1, 1)).removeprefix("home/")
    assert name_at(place) == name
    assert max(map(len, place.split("/"))) <= 255


def test_what_belongs_to_no_table_is_known(paths: Paths) -> None:
    for url in (f"{paths.landing('itms')}/a.csv", f"{paths.landing('_made')}/a", paths.dropped("b.csv")):
        objects.put(url, b"1\n")
    objects.put(f"{paths.landing('strokes')}/a.json", b"1\n")
    assert unknown_in(paths, ["strokes"]) == [paths.landing("itms"), paths.dropped("b.csv")]
