"""Whatever a source leaves in its folder, the rest goes on and the receipt balances."""

import base64
import gzip
import json
import os
from pathlib import Path

import pytest

from headrace.contracts.rules import MOST_IN_LINE, TOO_LONG
from headrace.operate.receipt import receipt
from headrace.sources.file_index import FileIndex
from tests.spark.refine.conftest import PumpStation, stroke, written_a_while_ago

PUMPS_HEADER = "pump_id,station_id,max_bar,is_active"


def leaves(station: PumpStation, table: str, name: str, body: bytes) -> Path:
    folder = Path(station.paths.landing(table)) / "2024-01-03"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_bytes(body)
    return written_a_while_ago(file)


def set_aside(station: PumpStation, table: str) -> dict[str, str]:
    """The reasons by the names of the files."""
    found = FileIndex(station.paths, table).set_aside()
    return {file.name.rpartition("/")[2]: file.set_aside for file in found}


SET_ASIDE = {
    "01.csv": (b"", "empty file"),
    "02.csv": (b"PAR1\0\0", "not a text file"),
    "03.csv": (b"pump_id,station_id,max_bar\nP3,S1,4\n", "missing column is_active"),
    "04.csv": (b"P3,S1,4,true\n", "no header line"),
    "05.csv": (f"{PUMPS_HEADER},colour\nP3,S1,4,true,red\n".encode(), "unexpected column colour"),
    "06.csv": (b"pump_id,station_id,max_bar,is_active,pump_id\n", "column pump_id comes twice"),
    "07.csv": (b'{"pump_id": "P3", "station_id": "S1"}\n', "no header line"),
    "08.csv": (f"{PUMPS_HEADER}\nP3,S1,4,true\n".encode("utf-16"), "not a text file"),
    "09.csv": (gzip.compress(f"{PUMPS_HEADER}\nP3,S1,4,true\n".encode()), "not a text file"),
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
    reasons = {name.rpartition("_")[2]: reason for name, reason in set_aside(station, "pumps").items()}
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
    rejected = station.rejected("strokes").collect()
    assert ["stroke_id is null"] in [row["_reasons"] for row in rejected]
    reasons = {row["stroke_id"]: row["_reasons"] for row in rejected}
    assert reasons["K2"] == ["mode is none of the allowed values"]
    assert reasons["K4"] == ["stroke_at is in the future"]
    assert reasons["K5"] == ["a field is unreadable or unexpected"]
    assert "a field is unreadable or unexpected" in reasons["K6"]
    assert reasons["K7"] == ["pump is inactive"]
    assert len(rejected) == 9
    assert set_aside(station, "strokes") == {"strokes_20240103T000000_09.json": "empty file"}
    receipt("pumps", station.settings).check()


def test_a_file_is_read_however_old_it_is(station: PumpStation) -> None:
    station.lands("strokes", [stroke(1)])
    station.refine(layers=["bronze"])
    old = station.lands("strokes", [stroke(2)])
    os.utime(old, (0, 0))
    station.refine(layers=["bronze"])
    assert station.table("bronze", "strokes").count() == 2
    receipt("pumps", station.settings).check()


def test_a_mended_file_is_taken_under_its_own_name(station: PumpStation) -> None:
    name = "pumps_20240103T000000_00.csv"
    leaves(station, "pumps", name, b"P3,S1,4,true\n")
    station.refine(layers=["bronze"])
    assert set_aside(station, "pumps") == {name: "no header line with the contract's columns"}
    leaves(station, "pumps", name, f"{PUMPS_HEADER}\nP3,S1,4,true\nP4,S1,4,true\n".encode())
    station.refine(layers=["bronze"])
    assert station.table("bronze", "pumps").count() == 2
    receipt("pumps", station.settings).check()


def test_an_empty_lake_refines_to_empty_tables(station: PumpStation) -> None:
    station.refine()
    assert station.table("gold", "pump_days").count() == 0


def test_what_excel_saves_is_taken_as_it_is_meant(station: PumpStation) -> None:
    station.lands_parents()
    body = (
        "\ufeffmax_bar,pump_id,is_active,station_id\r\n"
        '4,"P""3""",true,S1\r\n'
        '4,"P\n4",false,S1\r\n'
        '4,"C:\\P5",true,"S1"\r\n'
    )
    leaves(station, "pumps", "pumps_20240103T000000_00.CSV", body.encode())
    other = f"{PUMPS_HEADER}\nP6,S1,4,true\n"
    leaves(station, "pumps", "pumps_20240103T000000_01.csv", other.encode())
    station.refine(tables=["stations", "pumps"])
    rows = station.table("silver", "pumps").where("max_bar = 4").collect()
    assert {(row.pump_id, row.station_id, row.is_active) for row in rows} == {
        ('P"3"', "S1", True),
        ("P\n4", "S1", False),
        ("C:\\P5", "S1", True),
        ("P6", "S1", True),
    }
    receipt("pumps", station.settings).check()


@pytest.mark.parametrize("in_memory", [True, False])
def test_each_line_that_cannot_be_read_says_why_and_keeps_its_bytes(
    station: PumpStation, monkeypatch: pytest.MonkeyPatch, in_memory: bool
) -> None:
    if not in_memory:
        monkeypatch.setattr("headrace.sources.files.SMALL", 0)
    station.lands_parents()
    latin = '{"stroke_id": "Kä"}'.encode("latin-1")
    lines = {
        latin: "line is no UTF-8",
        b'{"stroke_id": "K1", "mode": "' + b"x" * MOST_IN_LINE + b'"}': TOO_LONG,
        b'{"stroke_id": "K2", ': "malformed line",
        b"null": "malformed line",
        b'{"stroke_id": null, "colour": "red"}': "stroke_id is null",
        b'{"pump_id": "P1", "stroke_at": "2024-01-01T10:00:00", "bar": 5.0}': "stroke_id is null",
    }
    leaves(station, "strokes", "strokes_20240103T000000_00.json", b"\n".join(lines))
    text = f"{PUMPS_HEADER}\nP3,S1,4,trüe\n,S1,4,true\n\n".encode("latin-1")
    leaves(station, "pumps", "pumps_20240103T000000_00.csv", text)
    station.refine(tables=["stations", "pumps", "strokes"])
    reasons = [row["_reasons"] for row in station.rejected("strokes").collect()]
    assert sorted(each[0] for each in reasons) == sorted(lines.values())
    assert all(len(each) == 1 for each in reasons if each[0] != "stroke_id is null")
    raw = [row["_raw"] or "" for row in station.rejected("strokes").collect()]
    assert any(
        base64.b64decode(each.removeprefix("base64:")) == latin for each in raw if each[:7] == "base64:"
    )
    assert any(len(each) > MOST_IN_LINE for each in raw)
    of_pumps = sorted(row["_reasons"][0] for row in station.rejected("pumps").collect())
    assert of_pumps == ["line is no UTF-8", "malformed line", "pump_id is null"]
    receipt("pumps", station.settings).check()


def test_a_json_array_is_taken_whole_or_not_at_all(station: PumpStation) -> None:
    station.lands_parents()
    whole = json.dumps([stroke(1), stroke(2)], indent=2)
    leaves(station, "strokes", "strokes_20240103T000000_00.json", whole.encode())
    leaves(station, "strokes", "strokes_20240103T000000_01.json", whole.replace("K", "L")[:-3].encode())
    station.refine(tables=["stations", "pumps", "strokes"])
    assert {row.stroke_id for row in station.table("silver", "strokes").collect()} == {"K1", "K2"}
    (reason,) = set_aside(station, "strokes").values()
    assert reason.startswith("an array that is not whole: ")
    assert station.table("bronze", "strokes").count() == 2
    receipt("pumps", station.settings).check()
