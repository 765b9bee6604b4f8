"""A batch is appended once, whoever else thinks that it is his."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from headrace.errors import Busy
from headrace.lake import delta_rs as append
from headrace.lake.delta_rs import append_once

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
