"""What a table means, in its own log."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from headrace.errors import Busy
from headrace.lake import objects
from headrace.lake.delta_rs import describe, overwrite


@pytest.fixture
def place(tmp_path: Path) -> str:
    place = str(tmp_path / "pump_days")
    rows = pa.table({"pump_id": ["P1", "P2"], "day": ["1", "2"], "litres": [1.5, 2.5]})
    write_deltalake(place, rows, partition_by=["day"], configuration={"delta.checkpointInterval": "7"})
    return place


def comments(place: str) -> dict[str, str]:
    fields = json.loads(DeltaTable(place).schema().to_json())["fields"]
    return {field["name"]: field["metadata"].get("comment", "") for field in fields}


def test_one_commit_describes_the_table_and_its_columns_and_changes_nothing_else(place: str) -> None:
    before = DeltaTable(place)
    assert describe(place, "A pump's day", {"litres": "What it moved [l]", "pump_id": "Which pump"})
    after = DeltaTable(place)
    assert after.version() == before.version() + 1
    assert after.metadata().description == "A pump's day"
    assert comments(place) == {"pump_id": "Which pump", "day": "", "litres": "What it moved [l]"}
    assert after.metadata().id == before.metadata().id
    assert after.metadata().partition_columns == ["day"]
    assert after.metadata().configuration == before.metadata().configuration
    assert after.to_pyarrow_table().sort_by("day") == before.to_pyarrow_table().sort_by("day")


def test_the_same_words_make_no_commit(place: str) -> None:
    said = {"litres": "What it moved [l]"}
    describe(place, "A pump's day", said)
    assert not describe(place, "A pump's day", said)
    assert DeltaTable(place).version() == 1


def test_a_table_that_is_made_again_keeps_what_was_said_of_its_columns(place: str) -> None:
    describe(place, "A pump's day", {"litres": "What it moved [l]"})
    again = pa.table({"day": ["3"], "litres": [3.5], "strokes": [7]})
    overwrite(place, again, note={}, partition="day", only=None)
    assert comments(place) == {"day": "", "litres": "What it moved [l]", "strokes": ""}
    assert DeltaTable(place).metadata().description == "A pump's day"


def test_whoever_wrote_the_table_meanwhile_is_not_overwritten(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = objects.put_new

    def first_another(url: str, body: bytes) -> bool:
        write_deltalake(place, pa.table({"pump_id": ["P3"], "day": ["3"], "litres": [0.5]}), mode="append")
        return commit(url, body)

    monkeypatch.setattr(objects, "put_new", first_another)
    with pytest.raises(Busy, match="somebody else wrote it"):
        describe(place, "A pump's day", {})
    assert len(DeltaTable(place).to_pyarrow_table()) == 3
