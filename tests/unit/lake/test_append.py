"""A batch is appended once, whoever else thinks that it is his."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from headrace.errors import Busy
from headrace.lake import delta_rs as append
from headrace.lake.delta_rs import NewFile, append_files, append_once

ROWS = pa.table({"x": [1, 2]})


def appended(path: str, number: int) -> None:
    append_once(path, ROWS, app="a", number=number, note={})


def test_a_batch_that_another_run_stored_meanwhile_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "t")
    appended(path, 1)
    appended(path, 2)
    with pytest.raises(Busy, match="batch 2 was stored by another run"):
        appended(path, 2)
    append_once(path, ROWS, app="b", number=2, note={})
    assert DeltaTable(path).to_pyarrow_table().num_rows == 6


def test_of_two_that_store_the_same_batch_at_once_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "t")
    appended(path, 1)
    write = append.write_deltalake

    def overtaken(*given: Any, **named: Any) -> None:
        monkeypatch.setattr(append, "write_deltalake", write)
        appended(path, 2)
        write(*given, **named)

    monkeypatch.setattr(append, "write_deltalake", overtaken)
    with pytest.raises(Busy, match="batch 2 was stored by another run"):
        appended(path, 2)
    assert DeltaTable(path).to_pyarrow_table().num_rows == 4


def test_files_that_others_wrote_are_added_once(tmp_path: Path) -> None:
    path = str(tmp_path / "t")
    appended(path, 1)
    pq.write_table(pa.table({"x": [3, 4, 5]}), f"{path}/new.parquet")
    new = NewFile("new.parquet", (tmp_path / "t" / "new.parquet").stat().st_size, '{"numRecords": 3}')
    append_files(path, [new], app="a", number=2, note={"run": "r"})
    with pytest.raises(Busy, match="batch 2 was stored by another run"):
        append_files(path, [new], app="a", number=2, note={})
    assert sorted(DeltaTable(path).to_pyarrow_table()["x"].to_pylist()) == [1, 2, 3, 4, 5]


def test_files_added_by_two_at_once_are_added_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "t")
    appended(path, 1)
    known = append.DeltaTable(path)
    appended(path, 2)
    monkeypatch.setattr(append, "DeltaTable", lambda _: known)
    with pytest.raises(Exception, match="ransaction"):
        append_files(path, [NewFile("new.parquet", 1, "{}")], app="a", number=2, note={})
