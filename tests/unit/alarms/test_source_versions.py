"""What is read of a version, in which pieces."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import write_deltalake

from headrace.alarms import source_versions as module
from headrace.alarms.rules import Rules
from headrace.alarms.source_versions import rows_of_version
from tests.unit.alarms.conftest import RULES, course

FOUND = Rules.model_validate(RULES)


def comes(table: str, rows: pa.Table) -> None:
    rows = rows.append_column("day", pc.cast(rows["stroke_at"], pa.date32()))
    write_deltalake(table, rows, mode="append", partition_by=["day"])


def test_a_day_of_many_rows_is_told_in_spans_of_time_whatever_file_they_lie_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = str(tmp_path / "strokes")
    comes(table, course("P0", "0s", 60, [0.0, 1, 2, 3]))
    comes(table, course("P1", "30s", 60, [0.5, 1.5, 2.5, 3.5]))
    monkeypatch.setattr(module, "MOST_ROWS", 3)
    told = [sorted(batch["bar"].to_pylist()) for batch in rows_of_version(table, 1, 1).batches(FOUND)]
    assert told == [[0, 0.5, 1], [1.5, 2], [2.5, 3, 3.5]]


def test_many_rows_of_one_instant_stay_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = str(tmp_path / "strokes")
    comes(table, course("P0", "0s", 0, [0.0, 1, 2, 3]))
    monkeypatch.setattr(module, "MOST_ROWS", 3)
    assert [batch["bar"].to_pylist() for batch in rows_of_version(table, 0, 0).batches(FOUND)] == [
        [0, 1, 2, 3]
    ]


def test_a_day_of_many_rows_is_never_held_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = str(tmp_path / "strokes")
    for number in range(10):
        comes(table, course("P0", f"{number}h", 1, [5.0] * 3000))
    monkeypatch.setattr(module, "MOST_ROWS", 3000)
    before, held, rows = pa.total_allocated_bytes(), [], 0
    for batch in rows_of_version(table, 9, 9).batches(FOUND):
        held.append(pa.total_allocated_bytes() - before)
        rows += len(batch)
    assert rows == 30_000
    assert max(held) < 30_000 * 8
