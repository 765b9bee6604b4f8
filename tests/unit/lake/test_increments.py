"""The batches of a bronze table, over tables that delta-rs writes."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from headrace.errors import HeadraceError
from headrace.lake import log
from headrace.lake.increments import Arrived, Progress, all_of, batches, rows_taken

ALL = 10**9


@pytest.fixture
def table(tmp_path: Path) -> str:
    return str(tmp_path / "bronze")


def comes(table: str, *rows: int) -> None:
    write_deltalake(table, pa.table({"row": rows}), mode="append")


def rows_of(batch: Arrived) -> list[int]:
    return [row for file in batch.files for row in pq.read_table(file)["row"].to_pylist()]


def taken(
    table: str, since: Progress | None = None, size: int = ALL, ends_at: int | None = None
) -> list[Arrived]:
    return list(batches(table, since, size, ends_at))


def test_all_that_lies_there_is_one_batch_at_first_and_then_only_what_came_since(table):
    comes(table, 1, 2)
    comes(table, 3)
    (first,) = taken(table)
    comes(table, 4)
    (second,) = taken(table, first.progress)
    assert (sorted(rows_of(first)), rows_of(second)) == ([1, 2, 3], [4])
    assert taken(table, second.progress) == []
    assert rows_taken(table, first.progress) == 3


def test_batches_are_cut_by_size_and_each_goes_on_where_the_last_one_ended(table):
    for row in range(4):
        comes(table, row)
    found = taken(table, size=1)
    assert [rows_of(batch) for batch in found] == [[0], [1], [2], [3]]
    assert taken(table, found[1].progress, size=1) == found[2:]
    assert [rows_taken(table, batch.progress) for batch in found] == [1, 2, 3, 4]


def test_a_batch_that_was_killed_is_cut_at_the_same_place_whatever_came_since(table):
    for row in range(3):
        comes(table, row)
    done, killed, _ = taken(table, size=1)
    comes(table, 3)
    again = taken(table, done.progress, ends_at=killed.progress.at)
    assert again[0] == killed
    assert [rows_of(batch) for batch in again] == [[1], [2, 3]]


def test_a_first_batch_that_was_killed_begins_with_the_same_version_again(table):
    comes(table, 0)
    (killed,) = taken(table)
    comes(table, 1)
    again = taken(table, ends_at=killed.progress.at)
    assert [rows_of(batch) for batch in again] == [[0], [1]]


def test_what_was_joined_since_is_not_taken_twice(table):
    comes(table, 0)
    comes(table, 1)
    (first,) = taken(table)
    DeltaTable(table).optimize.compact()
    comes(table, 2)
    found = taken(table, first.progress)
    assert [rows_of(batch) for batch in found] == [[2]]
    assert found[0].progress.at == all_of(log.version(table))


def test_a_commit_without_rows_is_passed_by(table):
    comes(table, 0)
    (first,) = taken(table)
    comes(table, 1)
    (second,) = taken(table, first.progress)
    DeltaTable(table).optimize.compact()
    (passed,) = taken(table, second.progress)
    assert passed.files == ()
    assert taken(table, passed.progress) == []


def test_a_log_that_no_longer_reaches_back_is_told(table):
    comes(table, 0)
    (first,) = taken(table)
    comes(table, 1)
    comes(table, 2)
    for version in (0, 1):  # a log is cleaned from its oldest commit on
        Path(table, "_delta_log", f"{version:020d}.json").unlink()
    with pytest.raises(HeadraceError, match="version 1"):
        taken(table, first.progress)
