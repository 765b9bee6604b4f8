"""The old end of a log is cut off where nobody needs it; the table stays whole."""

import os
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from headrace.lake import log
from headrace.lake.delta_rs import append_once
from headrace.lake.log import trim_log


@pytest.fixture
def table(tmp_path: Path) -> str:
    """Ten commits, below a hidden folder; checkpoints at the versions 3 and 7."""
    path = str(tmp_path / ".home" / "table")
    for number in range(10):
        write_deltalake(path, pa.table({"row": [number]}), mode="append")
        if number in (3, 7):
            DeltaTable(path).create_checkpoint()
    return path


def versions(table: str) -> list[int]:
    return sorted(int(file.stem) for file in Path(table, "_delta_log").glob("*.json"))


def rows(table: str) -> list[int]:
    return sorted(pa.table(DeltaTable(table).to_pyarrow_table())["row"].to_pylist())


def test_the_log_is_cut_at_the_newest_checkpoint_and_no_row_is_missing(table):
    assert trim_log(table, hours=0, needed=9) == 8
    assert versions(table) == [7, 8, 9]
    assert rows(table) == list(range(10))
    write_deltalake(table, pa.table({"row": [10]}), mode="append")
    assert rows(table) == list(range(11))
    assert (log.version(table), log.row_count(table)) == (10, 11)
    assert log.last_commit_of(table, "nobody") is None


def test_who_follows_from_an_older_version_still_can(table):
    trim_log(table, hours=0, needed=6)
    assert versions(table) == [3, 4, 5, 6, 7, 8, 9]
    assert trim_log(table, hours=0, needed=2) == 0


def test_what_is_young_stays(table):
    assert trim_log(table, hours=1, needed=9) == 0


def an_hour_later(table: str) -> None:
    for file in Path(table, "_delta_log").iterdir():
        stat = file.stat()
        os.utime(file, (stat.st_atime - 3600, stat.st_mtime - 3600))


def test_over_weeks_of_commits_the_log_stays_as_short_as_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day has 24 commits here, an hour one checkpoint; the real ones have a commit a second."""
    monkeypatch.setattr(log, "VERSIONS_PER_CHECKPOINT", 12)
    path, counts, checkpoints = str(tmp_path / ".home" / "table"), [], []
    properties = {"delta.checkpointInterval": "4"}
    for hour in range(24 * 5):
        for number in range(4):
            rows = pa.table({"row": [4 * hour + number]})
            append_once(path, rows, app="strokes", number=4 * hour + number, note={}, properties=properties)
        an_hour_later(path)
        trim_log(path, hours=12, needed=log.version(path))
        counts.append(len(list(Path(path, "_delta_log").glob("*.json"))))
        checkpoints.append(len(list(Path(path, "_delta_log").glob("*.checkpoint.parquet"))))
    assert max(counts[24:]) == max(counts[96:]) <= 4 * 14
    assert max(checkpoints[24:]) == max(checkpoints[96:]) <= 4 * 14 // 12 + 3
    oldest, newest = min(versions(path)), log.version(path)
    for version in (oldest, oldest + 7, newest):
        assert DeltaTable(path, version=version).to_pyarrow_table().num_rows == version + 1
