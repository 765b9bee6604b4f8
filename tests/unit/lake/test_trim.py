"""The old end of a log is cut off where nobody needs it; the table stays whole."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from headrace.lake import log
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
