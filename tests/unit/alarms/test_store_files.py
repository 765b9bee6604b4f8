"""Files of the lake are read by their place as everybody but Spark spells it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.alarms.events import SCHEMA
from headrace.alarms.store import NAMES, Store
from headrace.lake.delta_rs import read_file


def test_events_of_a_commit_in_s3_are_asked_for_by_a_place_that_arrow_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def read_table(place: str, columns: list[str], **_: Any) -> pa.Table:
        asked.append(place)
        return SCHEMA.empty_table().select(columns)

    monkeypatch.setattr(pq, "read_table", read_table)
    monkeypatch.setattr(
        "headrace.alarms.store.version_files", lambda *_: ["s3a://lake/grid/silver/alarms/a.parquet"]
    )
    found = Store.events(SimpleNamespace(path="s3a://lake/grid/silver/alarms"), 3)  # type: ignore[arg-type]
    assert asked == ["s3://lake/grid/silver/alarms/a.parquet"]
    assert found.column_names == NAMES


def test_a_file_on_a_disk_is_read_as_it_lies(tmp_path: Path) -> None:
    place = tmp_path / "day=2024-01-01"
    place.mkdir()
    pq.write_table(pa.table({"a": [1], "b": [2]}), place / "one.parquet")
    assert read_file(f"{place}/one.parquet", ["b"]).to_pydict() == {"b": [2]}
