"""Whatever a source leaves in its folder, the rest goes on and the receipt balances."""

import gzip
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.contracts.load import load_contracts
from headrace.lake import objects
from headrace.lake.lease import leased
from headrace.lake.receipt import receipt
from headrace.refine import bronze_edge
from headrace.refine.landing import Landed, admit_new, known_files
from tests.spark.refine.conftest import PumpStation, stroke

PUMPS_HEADER = "pump_id,station_id,max_bar,is_active"


def leaves(station: PumpStation, table: str, name: str, body: bytes) -> Path:
    folder = Path(station.paths.landing(table)) / "2024-01-03"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_bytes(body)
    return file


SET_ASIDE = {
    "01.csv": (b"", "empty file"),
    "02.csv": (b"PAR1\0\0", "not a text file"),
    "03.csv": (b"pump_id,station_id,max_bar\nP3,S1,4\n", "missing column is_active"),
    "04.csv": (b"P3,S1,4,true\n", "no header line"),
    "05.csv": (f"{PUMPS_HEADER},colour\nP3,S1,4,true,red\n".encode(), "unexpected column colour"),
    "06.csv": (b"station_id,pump_id,max_bar,is_active\nS1,P3,4,true\n", "columns in another order"),
    "07.csv": (b'{"pump_id": "P3", "station_id": "S1"}\n', "no header line"),
    "08.csv": (f"{PUMPS_HEADER}\nP3,S1,4,true\n".encode("utf-16"), "not a text file"),
    "09.csv": (gzip.compress(f"{PUMPS_HEADER}\nP3,S1,4,true\n".encode()), "not a text file"),
    "10.csv": (b'"pump_id",station_id,max_bar,is_active\nP3,S1,4,true\n', "header line is spelled otherwise"),
    "11.xlsx": (b"P3,S1,4,true\n", "arrives as csv"),
    "12": (b"P3,S1,4,true\n", "without an ending"),
}


def test_files_that_are_not_what_was_promised_are_set_aside_and_the_rest_goes_on(
    station: PumpStation,
) -> None:
    station.lands_parents()
    left = {
        name: leaves(station, "pumps", f"pumps_20240103T000000_{name}", body)
        for name, (body, _) in SET_ASIDE.items()
    }
    station.refine(tables=["stations", "pumps"])
    reasons = {
        source.rsplit("_", 1)[-1]: file.set_aside or ""
        for source, file in known_files(station.paths, "pumps").items()
        if file.set_aside
    }
    assert {name for name, (_, reason) in SET_ASIDE.items() if reason in reasons[name]} == set(SET_ASIDE)
    aside = Path(station.paths.set_aside("pumps")) / "2024-01-03"
    assert {name: (aside / file.name).read_bytes() for name, file in left.items()} == {
        name: body for name, (body, _) in SET_ASIDE.items()
    }
    assert not any(file.exists() for file in left.values())
    assert {row["pump_id"] for row in station.table("silver", "pumps").collect()} == {"P1", "P2"}
    receipt("pumps", station.settings).check()


def test_lines_of_csv_that_are_not_whole_are_rejected_and_the_rest_goes_on(station: PumpStation) -> None:
    station.lands_parents()
    station.lands(
        "orders",
        [
            "O1,S1,OPEN,2024-01-01T00:00:00",
            "O2,S1,OPEN",
            "O3,S1,OPEN,2024-01-01T00:00:00,again",
            '{"order_id": "O4"}',
            "",
            '"O5","S1","OPEN","2024-01-01T00:00:00"',
            "O6,S1,OPEN,yesterday",
            "O7,S1,OP\r",
            "O8,S1,,2024-01-01T00:00:00\r",
        ],
    )
    cut = station.lands("orders", ["O10,S1,DONE,2024-01-02T00:00:00", "O11,S1,DONE,2024-01-02T00:00:00"])
    cut.write_bytes(cut.read_bytes()[:-25])
    station.refine(tables=["stations", "orders"])
    assert {row["order_id"] for row in station.table("silver", "orders").collect()} == {
        "O1",
        "O5",
        "O8",
        "O10",
    }
    rejected = station.rejected("orders").collect()
    assert len(rejected) == 7
    assert all(row["_raw"] is not None for row in rejected)
    receipt("pumps", station.settings).check()


def test_lines_of_json_that_are_not_whole_are_rejected_and_the_rest_goes_on(station: PumpStation) -> None:
    station.lands_parents()
    without_mode = {name: value for name, value in stroke(1).items() if name != "mode"}
    without_bar = {name: value for name, value in stroke(2).items() if name != "bar"}
    station.lands("strokes", [without_mode, without_bar, "[]", "null", "7", '"K3"', "[1, 2]"])
    leaves(station, "strokes", "strokes_20240103T000000_01.json", b"stroke_id,pump_id\nK4,P1\nK5,P1\n")
    cut = station.lands("strokes", [stroke(6), stroke(7)])
    cut.write_bytes(cut.read_bytes()[:-20])
    station.refine(tables=["stations", "pumps", "strokes"])
    stored = {row["stroke_id"]: row["mode"] for row in station.table("silver", "strokes").collect()}
    assert stored == {"K1": None, "K6": "AUTO"}
    reasons = [row["_reasons"] for row in station.rejected("strokes").collect()]
    assert ["bar is null"] in reasons
    assert len(reasons) == 10
    receipt("pumps", station.settings).check()


def test_bad_rows_of_every_sort_are_set_aside_and_the_rest_goes_on(station: PumpStation) -> None:
    station.lands_parents()
    leaves(station, "strokes", "strokes_20240103T000000_09.json", b"")
    station.lands(
        "strokes",
        [
            stroke(1),
            stroke(2, mode="SIDEWAYS"),
            stroke(3, stroke_id=None),
            stroke(4, stroke_at="2025-06-01T00:00:00"),  # past by now, but not when the file was sent
            stroke(5, colour="red"),
            stroke(6, bar="much"),
            stroke(7, pump_id="P2"),
            "",
            "\xff\xfe{",
            '{"stroke_id": "K8", "pump',
        ],
    )
    station.refine()
    reasons = {row["stroke_id"]: row["_reasons"] for row in station.rejected("strokes").collect()}
    assert reasons["K2"] == ["mode is none of the allowed values"]
    assert reasons["K4"] == ["stroke_at is in the future"]
    assert reasons["K5"] == ["a field is unreadable or unexpected"]
    assert "a field is unreadable or unexpected" in reasons["K6"]
    assert reasons["K7"] == ["pump is inactive"]
    assert station.rejected("strokes").count() == 9
    assert known_files(station.paths, "strokes")[
        "pumps/strokes/2024-01-03/strokes_20240103T000000_09.json"
    ].set_aside
    receipt("pumps", station.settings).check()


def test_a_file_is_read_however_old_it_is(station: PumpStation) -> None:
    station.lands("strokes", [stroke(1)])
    station.refine(layers=["bronze"])
    old = station.lands("strokes", [stroke(2)])
    os.utime(old, (0, 0))
    station.refine(layers=["bronze"])
    assert station.table("bronze", "strokes").count() == 2
    receipt("pumps", station.settings).check()


def test_a_mended_file_is_taken_under_the_next_name(station: PumpStation) -> None:
    name = "pumps_20240103T000000_00.csv"
    leaves(station, "pumps", name, b"P3,S1,4,true\n")
    station.refine(layers=["bronze"])
    leaves(station, "pumps", name, f"{PUMPS_HEADER}\nP3,S1,4,true\nP4,S1,4,true\n".encode())
    station.refine(layers=["bronze"])
    assert station.table("bronze", "pumps").count() == 2
    receipt("pumps", station.settings).check()
    known = known_files(station.paths, "pumps")
    broken, mended = (
        known[f"pumps/pumps/2024-01-03/{name}"],
        known["pumps/pumps/2024-01-03/pumps_20240103T000000_00.2.csv"],
    )
    assert broken.set_aside is not None
    assert (mended.set_aside, mended.lines) == (None, 2)


def test_a_file_that_is_mended_badly_leaves_the_first_one_where_it_is(station: PumpStation) -> None:
    contract, name = load_contracts("pumps")["pumps"], "pumps_20240103T000000_00.csv"
    for body in (b"first", b"second", b"third"):
        leaves(station, "pumps", name, body)
        admit_new(station.paths, contract)
    aside = Path(station.paths.set_aside("pumps")) / "2024-01-03"
    assert {file.name: file.read_bytes() for file in aside.iterdir()} == {
        "pumps_20240103T000000_00.csv": b"first",
        "pumps_20240103T000000_00.2.csv": b"second",
        "pumps_20240103T000000_00.3.csv": b"third",
    }
    assert len(known_files(station.paths, "pumps")) == 3
    assert all(file.set_aside for file in known_files(station.paths, "pumps").values())


@pytest.mark.parametrize("names", ["ab", "ba"])
def test_a_file_that_was_set_aside_after_all_counts_as_set_aside_in_whatever_order_it_is_told(
    station: PumpStation, names: str
) -> None:
    source = "pumps/pumps/2024-01-03/pumps_20240103T000000_00.csv"
    for name, reason in zip(names, ("empty file", None), strict=True):
        record = Landed(source, 1, 1, reason)
        objects.put_json(f"{station.paths.files('pumps')}/{name}.json", [asdict(record)])
    assert known_files(station.paths, "pumps") == {source: Landed(source, 1, 1, "empty file")}


def test_an_empty_lake_refines_to_empty_tables(station: PumpStation) -> None:
    station.refine()
    assert station.table("gold", "pump_days").count() == 0


def lands_before_the_stream_looks(monkeypatch: pytest.MonkeyPatch, late: Callable[[], object]) -> None:
    admit, admitted = bronze_edge.admit_new, []

    def admit_and_land(*given: Any) -> list[Landed]:
        found = admit(*given)
        if not admitted:
            late()
        admitted.append(found)
        return found

    monkeypatch.setattr(bronze_edge, "admit_new", admit_and_land)


def test_a_bad_file_that_lands_while_the_stream_starts_leaves_no_rows(
    station: PumpStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    station.lands_parents()
    name = "pumps_20240103T000000_00.csv"
    lands_before_the_stream_looks(
        monkeypatch, lambda: leaves(station, "pumps", name, b"P3,S1,4,true\nP4,S1,4,true\n")
    )
    station.refine(layers=["bronze"], tables=["pumps"])
    assert station.table("bronze", "pumps").count() == 2
    assert (Path(station.paths.set_aside("pumps")) / "2024-01-03" / name).exists()
    station.refine(layers=["bronze"], tables=["pumps"])
    receipt("pumps", station.settings).check()
    leaves(station, "pumps", name, f"{PUMPS_HEADER}\nP3,S1,4,true\n".encode())
    station.refine(layers=["bronze"], tables=["pumps"])
    assert station.table("bronze", "pumps").count() == 3
    receipt("pumps", station.settings).check()


def test_a_broken_parquet_file_that_lands_while_the_stream_starts_is_set_aside(
    station: PumpStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = load_contracts("pumps")["orders"]
    contract = orders.model_copy(update={"arrives": orders.arrives.model_copy(update={"files": "parquet"})})
    row = {"order_id": "O1", "station_id": "S1", "status": "OPEN", "updated_at": datetime(2024, 1, 2)}
    body = BytesIO()
    pq.write_table(pa.Table.from_pylist([row]), body)
    leaves(station, "orders", "orders_20240103T000000_00.parquet", body.getvalue())
    broken = "orders_20240103T000000_01.parquet"
    lands_before_the_stream_looks(
        monkeypatch, lambda: leaves(station, "orders", broken, body.getvalue()[:-40])
    )
    with leased([station.paths.lease("bronze", "orders")], job="refine pumps", seconds=60) as leases:
        bronze_edge.ingest(lambda: station.spark, contract, station.paths, "run", leases, 1 << 20)
    assert station.table("bronze", "orders").count() == 1
    assert (Path(station.paths.set_aside("orders")) / "2024-01-03" / broken).exists()
