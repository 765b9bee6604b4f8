"""What a file that was written anew says of its columns, at the ends of the calendar and within it."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from headrace.lake.files import DataFile, live_files
from headrace.lake.gather import gather
from headrace.lake.rewrite import NewFile, Shape, commit_rewrite, write_file

AT = pa.timestamp("us", "UTC")
SECOND = 1_000_000
LAST_OF_9999 = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999
YEAR_1 = -62_135_596_800 * SECOND


def written(folder: Path, micros: list[int | None], kind: pa.DataType = AT) -> NewFile:
    shape = Shape(str(folder), pa.schema([("at", kind)]), None, ("at",))
    rows = pa.table({"at": pa.array(micros, pa.int32() if kind == pa.date32() else pa.int64()).cast(kind)})
    return write_file(shape, [rows], beside=DataFile("old.parquet", 1, 1, None))


def test_bounds_hold_what_lies_between_two_milliseconds(tmp_path):
    bounds = written(tmp_path, [-1, None, 1_704_067_200 * SECOND + 1]).bounds

    assert bounds["minValues"] == {"at": "1969-12-31T23:59:59.999Z"}
    assert bounds["maxValues"] == {"at": "2024-01-01T00:00:00.001Z"}
    assert bounds["nullCount"] == {"at": 1}


@pytest.mark.parametrize("beyond", [LAST_OF_9999, LAST_OF_9999 + 1, YEAR_1 - 1, 2**63 - 1])
def test_an_instant_whose_year_is_not_of_four_digits_has_no_bound_and_its_file_is_written(tmp_path, beyond):
    made = written(tmp_path, [0, beyond])

    assert (made.rows, made.bounds["minValues"], made.bounds["maxValues"]) == (2, {}, {})


def test_a_year_before_1000_has_four_digits_all_the_same(tmp_path):
    bounds = written(tmp_path, [YEAR_1, YEAR_1 + SECOND]).bounds

    assert bounds["minValues"] == {"at": "0001-01-01T00:00:00.000Z"}
    assert bounds["maxValues"] == {"at": "0001-01-01T00:00:01.000Z"}


def test_so_it_is_with_days(tmp_path):
    assert written(tmp_path, [0, 1], pa.date32()).bounds["maxValues"] == {"at": "1970-01-02"}
    assert written(tmp_path, [0, 2**31 - 1], pa.date32()).bounds["maxValues"] == {}


def test_small_files_with_an_instant_at_the_end_of_time_are_joined_once(tmp_path):
    table, told = str(tmp_path), {"delta.dataSkippingStatsColumns": "at"}
    for micros in (0, LAST_OF_9999, LAST_OF_9999 + SECOND):
        rows = pa.table({"at": pa.array([micros], pa.int64()).cast(AT)})
        write_deltalake(table, rows, mode="append", configuration=told)

    done = gather(table, ("at",), least=3)
    assert done is not None
    commit_rewrite(done, "OPTIMIZE", {}, keeps_rows=True)
    assert [file.rows for file in live_files(table)] == [3]
    assert gather(table, ("at",), least=3) is None
