import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from headrace.contracts.model import Contract
from headrace.errors import Busy, UsageError
from headrace.lake import objects
from headrace.lake.lease import Leases, leased
from headrace.lake.paths import Paths
from headrace.progress import Event, listening
from headrace.settings import Settings
from headrace.sources.file_index import FileIndex, Totals
from simulation.generate import run, writers
from simulation.generate.run import make
from tests.spark.simulation.generate.conftest import SOURCES, plan


def files_of(settings: Settings, table: str) -> dict[str, bytes]:
    folder = Path(Paths.of("works", settings).landing(table))
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_files_are_named_by_the_day_they_were_sent(
    spark: SparkSession, contracts: Mapping[str, Contract], settings: Settings
) -> None:
    make("works", contracts, SOURCES, plan(tables=("notes",)), settings)
    assert sorted(files_of(settings, "notes")) == [
        "2024-01-02/notes_20240102T000000_00.json",
        "2024-01-03/notes_20240103T000000_00.json",
    ]


def test_a_second_run_makes_nothing(
    spark: SparkSession, contracts: Mapping[str, Contract], settings: Settings
) -> None:
    heard: list[Event] = []
    first = make("works", contracts, SOURCES, plan(), settings)
    before = files_of(settings, "repairs")
    with listening(heard.append):
        second = make("works", contracts, SOURCES, plan(), settings)
    assert (first.rows > 0, second.rows) == (True, 0)
    assert {event.state for event in heard} == {"skipped"}
    assert files_of(settings, "repairs") == before


def test_room_is_asked_for_only_what_is_missing(
    spark: SparkSession,
    contracts: Mapping[str, Contract],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make("works", contracts, SOURCES, plan(tables=("notes",)), settings)
    asked: list[int] = []
    monkeypatch.setattr(run, "check_room", lambda _, said, __: asked.append(said.total))
    make("works", contracts, SOURCES, plan(tables=("notes",)), settings)
    assert asked == [0]


def test_a_run_killed_while_moving_files_is_finished_by_the_next(
    spark: SparkSession,
    contracts: Mapping[str, Contract],
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = Settings(home=tmp_path / "other")
    make("works", contracts, SOURCES, plan(tables=("repairs",)), other)
    with monkeypatch.context() as patched:
        patched.setattr(writers, "_rows_in", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            make("works", contracts, SOURCES, plan(tables=("repairs",)), settings)
    assert files_of(settings, "repairs") == {}
    result = make("works", contracts, SOURCES, plan(tables=("repairs",)), settings)
    assert files_of(settings, "repairs") == files_of(other, "repairs")
    assert result.rows == sum(text.count(b"\n") - 1 for text in files_of(settings, "repairs").values())
    assert not list(Path(Paths.of("works", settings).making("repairs")).iterdir())


def test_a_run_killed_before_it_remembers_doubles_nothing(
    spark: SparkSession,
    contracts: Mapping[str, Contract],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(run, "record_chunk", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            make("works", contracts, SOURCES, plan(tables=("notes",)), settings)
    landed = files_of(settings, "notes")
    assert len(landed) == 2
    assert make("works", contracts, SOURCES, plan(tables=("notes",)), settings).rows == 100
    assert files_of(settings, "notes") == landed
    assert not list(Path(Paths.of("works", settings).making("notes")).iterdir())


@pytest.mark.parametrize("into", ["landing", "bronze"])
def test_a_run_that_lost_its_lease_writes_nothing(
    spark: SparkSession,
    contracts: Mapping[str, Contract],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    into: str,
) -> None:
    def lost(self: Leases) -> None:
        raise Busy("lost")

    monkeypatch.setattr(Leases, "check", lost)
    with pytest.raises(Busy, match="lost"):
        make("works", contracts, SOURCES, plan(tables=("notes",), into=into), settings)
    assert files_of(settings, "notes") == {}
    assert not Path(Paths.of("works", settings).table("bronze", "notes")).exists()


def test_a_chunk_whose_memory_was_lost_is_not_loaded_twice(
    spark: SparkSession, contracts: Mapping[str, Contract], settings: Settings
) -> None:
    straight = plan(into="bronze", tables=("levels",))
    first = make("works", contracts, SOURCES, straight, settings)
    paths = Paths.of("works", settings)
    for name in objects.list_under(paths.made("bronze", "levels")):
        objects.delete(name)
    make("works", contracts, SOURCES, straight, settings)
    bronze = spark.read.format("delta").load(paths.table("bronze", "levels"))
    assert bronze.count() == first.rows > 0


def test_what_goes_straight_into_bronze_is_what_would_have_landed(
    spark: SparkSession, contracts: Mapping[str, Contract], settings: Settings, tmp_path: Path
) -> None:
    other = Settings(home=tmp_path / "other")
    landed = make("works", contracts, SOURCES, plan(tables=("repairs",)), settings)
    loaded = make("works", contracts, SOURCES, plan(tables=("repairs",), into="bronze"), other)
    bronze = spark.read.format("delta").load(Paths.of("works", other).table("bronze", "repairs"))
    text = b"".join(files_of(settings, "repairs").values()).decode()
    raw = [row._raw for row in bronze.where("_raw is not null").collect()]
    assert landed.rows == loaded.rows == bronze.count()
    assert raw
    assert all(line in text for line in raw)
    assert {row.repair_id for row in bronze.where("_raw is null").collect()} <= {
        line.split(",")[0] for line in text.splitlines()
    }


def test_the_receipt_finds_each_generated_chunk(
    spark: SparkSession, contracts: Mapping[str, Contract], settings: Settings
) -> None:
    made = make("works", contracts, SOURCES, plan(into="bronze", tables=("levels",)), settings)
    index = FileIndex(Paths.of("works", settings), "levels")
    assert index.totals() == Totals(lines=made.rows, taken=1, set_aside=0)
    (chunk,) = index.taken("generated:")
    assert chunk.name.startswith("generated:20240101T000000-20240103T000000")


def test_another_world_is_not_mixed_in(
    spark: SparkSession, contracts: Mapping[str, Contract], settings: Settings
) -> None:
    make("works", contracts, SOURCES, plan(tables=("notes",)), settings)
    with pytest.raises(UsageError, match="another world: seed 7"):
        make("works", contracts, SOURCES, plan(seed=8, tables=("repairs",)), settings)


def test_another_stride_is_not_taken_for_all_there(
    spark: SparkSession, contracts: Mapping[str, Contract], settings: Settings
) -> None:
    make("works", contracts, SOURCES, plan(stride=timedelta(hours=6), tables=("levels",)), settings)
    finer = plan(stride=timedelta(hours=1))
    with pytest.raises(UsageError, match="at a stride of 6:00:00, not at a stride of 1:00:00"):
        make("works", contracts, SOURCES, finer, settings)
    make("works", contracts, SOURCES, finer.but(tables=("notes",)), settings)


def test_two_runs_do_not_make_one_table_at_once(
    spark: SparkSession, contracts: Mapping[str, Contract], settings: Settings
) -> None:
    lease = Paths.of("works", settings).lease("landing", "notes")
    with leased([lease], job="generate works", seconds=60), pytest.raises(Busy, match="is being written"):
        make("works", contracts, SOURCES, plan(tables=("notes",)), settings)


def test_broken_json_is_no_json(
    spark: SparkSession, contracts: Mapping[str, Contract], settings: Settings
) -> None:
    make("works", contracts, SOURCES, plan(days=4, tables=("notes",)), settings)
    lines = b"".join(files_of(settings, "notes").values()).decode().splitlines()
    unread = [line for line in lines if not is_sound(line)]
    assert len(lines) == 200
    assert 8 < len(unread) < 40


def is_sound(line: str) -> bool:
    try:
        return isinstance(json.loads(line)["weight"], float)
    except (json.JSONDecodeError, KeyError):
        return False


def test_a_stride_of_a_day_is_still_a_plan(
    spark: SparkSession, contracts: Mapping[str, Contract], settings: Settings
) -> None:
    made = make("works", contracts, SOURCES, plan(stride=timedelta(days=1), tables=("levels",)), settings)
    assert 5 <= made.rows <= 15
