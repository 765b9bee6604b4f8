"""Which small files are joined, and that nobody takes what was joined for news."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from headrace.lake import log
from headrace.lake.compaction import MB, Joined, join_small_files, tiers
from headrace.lake.delta_rs import DataFile, live_files
from headrace.lake.increments import batches

LAST_OF_9999 = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999
AT = pa.timestamp("us", "UTC")


def files(count: int, size: int) -> list[DataFile]:
    return [DataFile(f"{size}-{number}", size, 10, None) for number in range(count)]


def joins(table: str, least: int) -> Joined | None:
    return join_small_files(table, least, {"joined": True}, commit=lambda work: work())


def appended(folder: Path, instants: list[int], day: str = "2024-01-01") -> str:
    for instant in instants:
        at = pa.array([instant], pa.int64()).cast(AT)
        rows = pa.table({"at": at, "day": [day]})
        properties = {"delta.dataSkippingStatsColumns": "at"}
        write_deltalake(folder, rows, mode="append", partition_by="day", configuration=properties)
    return str(folder)


def rows_of(table: str) -> list[int]:
    return sorted(DeltaTable(table).to_pyarrow_table()["at"].cast(pa.int64()).to_pylist())


def test_what_was_joined_once_waits_until_it_has_become_many_again():
    first, second = tiers(8)
    assert len(first.small(files(9, 1000))) == 9
    assert first.small(files(9, MB)) == []
    assert (len(second.small(files(3, MB))), second.least) == (3, 4)
    assert second.small(files(9, 16 * MB)) == []


def test_joined_files_hold_the_same_rows_and_are_no_news(tmp_path):
    table = appended(tmp_path, [5, 1, 9])
    (arrived,) = batches(table, None, 10**9)

    assert joins(table, least=3) == Joined(3, 1, 3)

    assert rows_of(table) == [1, 5, 9]
    commit = log.commit(table, 3)
    assert commit is not None
    assert not commit.changes_rows
    assert commit.note == {"joined": True}
    assert [batch.files for batch in batches(table, arrived.progress, 10**9)] == [()]


def test_few_small_files_are_left_alone(tmp_path):
    table = appended(tmp_path, [1, 2])

    assert joins(table, least=3) is None
    assert log.version(table) == 1


def test_the_partition_with_most_small_files_is_joined_first(tmp_path):
    table = appended(tmp_path, [1, 2, 3])
    appended(tmp_path, [4, 5], "2024-01-02")

    joins(table, least=4)

    assert sorted(str(file.partition) for file in live_files(table)) == [
        "2024-01-01",
        "2024-01-02",
        "2024-01-02",
    ]


@pytest.mark.parametrize("beyond", [LAST_OF_9999, LAST_OF_9999 + 1_000_000])
def test_an_instant_at_the_end_of_time_is_joined_as_any_other(tmp_path, beyond):
    table = appended(tmp_path, [0, 1, beyond])

    assert joins(table, least=3) is not None
    assert rows_of(table) == [0, 1, beyond]
    assert joins(table, least=3) is None
