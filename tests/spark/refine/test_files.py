"""Landed and live files on their way into bronze: each content once, whoever is killed when, and wherever home is."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from headrace.lake import log, objects
from headrace.operate.receipt import Line, receipt
from headrace.progress import Event, listening
from headrace.refine.catalog import load_tables
from headrace.refine.run import RefineResult
from headrace.sources.file_index import FileIndex
from headrace.sources.files import folders_of, waiting_in
from tests.spark.refine.conftest import PumpStation, written_a_while_ago

NAME = "stations_20240102T000000_00.json"
Leaves = Callable[[str, Sequence[str]], Path]
Says = Callable[[str], None]


class Killed(Exception):
    pass


@pytest.fixture(params=["landed", "live"])
def leaves(request: pytest.FixtureRequest, station: PumpStation) -> Leaves:
    """Leaves stations in one of the two folders that are looked into."""

    def leave(name: str, ids: Sequence[str]) -> Path:
        rows = [{"station_id": each, "station_name": each, "is_open": True} for each in ids]
        if request.param == "live":
            return station.drops("stations", name, rows)
        file = Path(station.paths.landing("stations")) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return written_a_while_ago(file)

    return leave


@pytest.fixture
def again(monkeypatch: pytest.MonkeyPatch) -> Says:
    """Changes what the contract says of other content under a known name."""

    def say(what: str) -> None:
        catalog = load_tables("pumps")
        told = catalog.contracts["stations"]
        changed = told.model_copy(update={"arrives": told.arrives.model_copy(update={"again": what})})
        contracts = {**catalog.contracts, "stations": changed}
        for user in ("headrace.refine.run", "headrace.operate.receipt"):
            monkeypatch.setattr(f"{user}.load_tables", lambda _: replace(catalog, contracts=contracts))

    return say


def refined(station: PumpStation) -> RefineResult:
    return station.refine(layers=["bronze"], tables=["stations"])


def ids(station: PumpStation) -> list[str]:
    return sorted(row.station_id for row in station.table("bronze", "stations").collect())


def waits(station: PumpStation) -> bool:
    index, contract = FileIndex(station.paths, "stations"), load_tables("pumps").contracts["stations"]
    return any(waiting_in(folder, index, contract) for folder in folders_of(station.paths, "stations"))


def line_of_files(station: PumpStation) -> Line:
    found = receipt("pumps", station.settings).check()
    (line,) = [each for each in found.lines if "its files" in each.says]
    return line


@pytest.mark.parametrize(
    "place",
    [
        "headrace.sources.files.read_files",
        "headrace.sources.bronze_table.ledger.record",
        "headrace.sources.file_index.FileIndex.add",
        "headrace.sources.files.put_away",
    ],
)
def test_a_run_killed_at_any_moment_takes_each_file_once(
    station: PumpStation, leaves: Leaves, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    leaves("a.json", ["S1", "S2"])
    with monkeypatch.context() as patch:
        patch.setattr(place, killed)
        with pytest.raises(Killed):
            refined(station)
    line_of_files(station)
    leaves("b.json", ["S3"])
    refined(station)
    assert ids(station) == ["S1", "S2", "S3"]
    assert not waits(station)
    assert "lines waiting" not in line_of_files(station).terms


@pytest.mark.parametrize(
    ("what", "stored"),
    [
        ("refuse", ["S1", "S2"]),
        ("add", ["S1", "S1", "S2", "S2", "S3"]),
        ("replace", ["S1", "S1", "S2", "S2", "S3"]),
    ],
)
def test_a_file_that_grows_is_set_aside_or_taken_as_the_contract_says(
    station: PumpStation, leaves: Leaves, again: Says, what: str, stored: list[str]
) -> None:
    again(what)
    is_landed = leaves(NAME, ["S1", "S2"]).is_relative_to(station.paths.landing("stations"))
    refined(station)
    leaves(NAME, ["S1", "S2", "S3"])
    assert line_of_files(station).terms.get("lines waiting") == (3 if is_landed else None)
    events: list[Event] = []
    with listening(events.append):
        done = refined(station)
    assert ids(station) == stored
    line = line_of_files(station)
    assert [NAME in event.item for event in events if event.note.startswith("set aside: ")] == (
        [True] if what == "refuse" else []
    )
    if what == "refuse":
        (aside,) = done.set_aside
        assert (aside.table, "again: refuse" in aside.reason) == ("stations", True)
        assert line.terms["files set aside"] == 1
        assert line.terms.get("lines of files that left") == (2 if is_landed else None)
        (folder,) = [
            each for each in folders_of(station.paths, "stations") if (each.taken is None) is is_landed
        ]
        assert len((Path(folder.set_aside) / NAME).read_text().splitlines()) == 3
    else:
        assert done.set_aside == []
        assert line.terms.get("lines of earlier content") == (2 if is_landed else None)
        sent = {row["_sent_at"] for row in station.table("bronze", "stations").collect()}
        assert len(sent) == 2, "the later delivery was sent later"
    leaves(NAME, ["S1", "S2"] if what == "refuse" else ["S1", "S2", "S3"])
    assert refined(station).tables[0].rows_in == 0
    line_of_files(station)


def test_content_that_comes_back_replaces_what_replaced_it(station: PumpStation, again: Says) -> None:
    again("replace")
    for name in ("North", "South", "North"):
        station.drops("stations", NAME, [{"station_id": "S1", "station_name": name, "is_open": True}])
        station.refine(layers=["bronze", "silver"], tables=["stations"])
    names = {row.station_name for row in station.table("silver", "stations").collect()}
    assert names == {"North"}
    assert station.table("bronze", "stations").count() == 3
    line_of_files(station)


def test_a_folder_of_no_table_is_told_once(station: PumpStation) -> None:
    objects.put(f"{station.paths.landing('staitons')}/a.json", b"{}\n")
    events: list[Event] = []
    with listening(events.append):
        station.refine(layers=["bronze", "silver"], tables=["stations"])
    (note,) = [each.note for each in events if each.item == "staitons"]
    assert note == f"{station.paths.landing('staitons')} belongs to no table of pumps"


def test_a_home_that_moved_goes_on(station: PumpStation, leaves: Leaves) -> None:
    leaves("a.json", ["S1"])
    station.refine(layers=["bronze", "silver"], tables=["stations"])
    home = station.settings.home
    moved = home.with_name("moved")
    shutil.copytree(home, moved, copy_function=shutil.copyfile)  # copies have other times
    shutil.rmtree(home)
    station.settings = station.settings.model_copy(update={"home": moved})
    again = station.refine(layers=["bronze", "silver"], tables=["stations"])
    assert all(each.rows_in == 0 and not any(each.counts.values()) for each in again.tables)
    leaves("b.json", ["S2"])
    station.refine(layers=["bronze", "silver"], tables=["stations"])
    assert {row.station_id for row in station.table("silver", "stations").collect()} == {"S1", "S2"}
    receipt("pumps", station.settings).check()


def test_many_small_files_cost_few_objects(station: PumpStation, leaves: Leaves) -> None:
    for number in range(60):
        leaves(f"s{number}.json", [f"S{number}"])
    refined(station)
    assert len(ids(station)) == 60
    assert len(list(Path(station.paths.files("stations")).iterdir())) == 1
    commits = log.backwards(station.paths.table("bronze", "stations"))
    assert sum(each.changes_rows for each in commits) == 1
    assert FileIndex(station.paths, "stations").totals().taken == 60


def test_a_large_batch_is_read_from_a_copy_and_written_by_spark(
    station: PumpStation, leaves: Leaves, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SMALL", "MOST_HELD"):
        monkeypatch.setattr(f"headrace.sources.files.{name}", 0)
    home = station.settings.home.with_name("my home [1] {a,b} 100% + é")
    station.settings = station.settings.model_copy(update={"home": home})
    name = f"day=1/odd [name] 50%+{'ü' * 100}.json"
    leaves(name, ["S1", "S2"])
    refined(station)
    (row,) = station.table("bronze", "stations").select("_source").distinct().collect()
    (file,) = FileIndex(station.paths, "stations").taken()
    assert row["_source"] == file.name
    assert file.name.endswith(name)
    assert ids(station) == ["S1", "S2"]
    line_of_files(station)
