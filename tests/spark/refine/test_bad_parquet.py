"""Whatever arrives under .parquet, the rest goes on and the receipt balances."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from headrace.operate.receipt import receipt
from headrace.settings import Settings
from headrace.sources.file_index import FileIndex
from tests.spark.refine.conftest import PumpStation

AT = datetime(2024, 1, 1, 10, tzinfo=UTC)
INSTANT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [("turn_id", pa.string()), ("turned_at", INSTANT), ("angle_deg", pa.float64()), ("notch", pa.int32())]
)


@pytest.fixture
def valves(spark: SparkSession, settings: Settings) -> PumpStation:
    return PumpStation(spark, settings, "valves")


@pytest.fixture(autouse=True)
def no_file_is_only_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headrace.sources.files.BEGUN_SECONDS", 0)


def turns(*names: str, notch: int | None = 1) -> pa.Table:
    rows = [{"turn_id": name, "turned_at": AT, "angle_deg": 90.0, "notch": notch} for name in names]
    return pa.Table.from_pylist(rows, SCHEMA)


def leaves(valves: PumpStation, name: str) -> Path:
    file = Path(valves.paths.landing("turns")) / "2024-01-02" / f"turns_20240102T000000_{name}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def cut_in_half(file: Path) -> None:
    pq.write_table(turns("T8", "T9"), file)
    body = file.read_bytes()
    file.write_bytes(body[: len(body) // 2])


def with_column_of(name: str, kind: pa.DataType) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        rows = turns("T8")
        place = rows.schema.get_field_index(name)
        pq.write_table(rows.set_column(place, name, rows[name].cast(kind)), file)

    return write


def without_a_column(file: Path) -> None:
    pq.write_table(turns("T8").drop_columns(["angle_deg"]), file)


def with_one_more_column(file: Path) -> None:
    pq.write_table(turns("T8").append_column("colour", pa.array(["red"])), file)


def with_no_byte(file: Path) -> None:
    file.write_bytes(b"")


def with_text(file: Path) -> None:
    file.write_text("turn_id,turned_at,angle_deg,notch\nT8,2024-01-01T10:00:00,90,1\n")


SET_ASIDE = {
    "half": (cut_in_half, "not a whole Parquet file"),
    "text": (with_text, "not a whole Parquet file"),
    "empty": (with_no_byte, "empty file"),
    "words": (with_column_of("notch", pa.string()), "column notch holds string, the contract says int"),
    "unsigned": (with_column_of("notch", pa.uint32()), "column notch holds uint32, the contract says int"),
    "number": (with_column_of("turn_id", pa.large_binary()), "column turn_id holds large_binary"),
    "nanos": (
        with_column_of("turned_at", pa.timestamp("ns", tz="UTC")),
        "column turned_at holds timestamp[ns",
    ),
    "less": (without_a_column, "missing column angle_deg"),
    "more": (with_one_more_column, "unexpected column colour"),
}


@pytest.mark.quick
def test_files_that_are_not_what_was_promised_are_set_aside_and_the_rest_goes_on(valves: PumpStation) -> None:
    pq.write_table(turns("T1", "T2"), leaves(valves, "good"))
    for name, (write, _) in SET_ASIDE.items():
        write(leaves(valves, name))
    valves.refine()
    found = {
        Path(file.name).stem.split("_")[-1]: file for file in FileIndex(valves.paths, "turns").set_aside()
    }
    assert {row["turn_id"] for row in valves.table("silver", "turns").collect()} == {"T1", "T2"}
    assert {name: file.set_aside[: len(SET_ASIDE[name][1])] for name, file in found.items()} == {
        name: reason for name, (_, reason) in SET_ASIDE.items()
    }
    receipt("valves", valves.settings).check()


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("turn_id", pa.large_string()),
        ("turn_id", pa.dictionary(pa.int32(), pa.string())),
        ("turned_at", pa.timestamp("ms", tz="UTC")),
        ("turned_at", pa.timestamp("us")),
        ("angle_deg", pa.float32()),
        ("notch", pa.int8()),
    ],
    ids=str,
)
def test_a_type_that_holds_the_same_values_is_read(
    valves: PumpStation, column: str, kind: pa.DataType
) -> None:
    with_column_of(column, kind)(leaves(valves, "other"))
    valves.refine(layers=["bronze"])
    (row,) = valves.table("bronze", "turns").collect()
    assert (row.turn_id, row.turned_at, row.angle_deg, row.notch) == ("T8", AT.replace(tzinfo=None), 90.0, 1)


@pytest.mark.quick
def test_a_file_damaged_behind_a_whole_footer_is_set_aside_and_the_rest_goes_on(valves: PumpStation) -> None:
    pq.write_table(turns("T1", "T2"), leaves(valves, "good"))
    damaged = leaves(valves, "damaged")
    pq.write_table(turns("T8", "T9"), damaged)
    body = bytearray(damaged.read_bytes())
    first_page = slice(4, 60)
    body[first_page] = bytes(byte ^ 0xFF for byte in body[first_page])
    damaged.write_bytes(body)
    valves.refine()
    assert {row["turn_id"] for row in valves.table("silver", "turns").collect()} == {"T1", "T2"}
    (aside,) = FileIndex(valves.paths, "turns").set_aside()
    assert aside.name.endswith("_damaged.parquet")
    assert aside.set_aside.startswith("damaged Parquet file: ")
    receipt("valves", valves.settings).check()
    pq.write_table(turns("T8"), damaged)
    valves.refine()
    assert valves.table("silver", "turns").count() == 3
    receipt("valves", valves.settings).check()


def test_a_file_without_rows_is_taken(valves: PumpStation) -> None:
    pq.write_table(turns(), leaves(valves, "none"))
    valves.refine()
    assert valves.table("silver", "turns").count() == 0
    receipt("valves", valves.settings).check()


@pytest.mark.quick
def test_a_number_that_is_none_of_the_allowed_values_is_rejected(valves: PumpStation) -> None:
    pq.write_table(
        pa.concat_tables([turns("T1"), turns("T2", notch=4), turns("T3", notch=None)]), leaves(valves, "1")
    )
    valves.refine()
    (rejected,) = valves.rejected("turns").collect()
    assert (rejected.turn_id, rejected["_reasons"]) == ("T2", ["notch is none of the allowed values"])
    assert {row["turn_id"] for row in valves.table("silver", "turns").collect()} == {"T1", "T3"}
    receipt("valves", valves.settings).check()
