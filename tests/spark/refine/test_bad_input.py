"""Whatever a source leaves in its folder, the rest goes on and the receipt balances."""

from pathlib import Path

import pytest

from headrace.lake.receipt import receipt
from headrace.refine.landing import known_files
from tests.spark.refine.conftest import PumpStation, stroke

PUMPS_HEADER = "pump_id,station_id,max_bar,is_active"


def leaves(station: PumpStation, table: str, name: str, body: bytes) -> Path:
    folder = Path(station.paths.landing(table)) / "2024-01-03"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_bytes(body)
    return file


@pytest.mark.parametrize(
    ("table", "name", "body", "reason"),
    [
        ("pumps", "pumps_20240103T000000_01.csv", b"", "empty file"),
        ("pumps", "pumps_20240103T000000_02.csv", b"PAR1\0\0", "not a text file"),
        (
            "pumps",
            "pumps_20240103T000000_03.csv",
            b"pump_id,station_id,max_bar\nP3,S1,4\n",
            "missing column is_active",
        ),
        ("pumps", "pumps_20240103T000000_04.csv", b"P3,S1,4,true\n", "no header line"),
        ("pumps", "pumps.xlsx", b"P3,S1,4,true\n", "arrives as csv"),
        (
            "pumps",
            "pumps_20240103T000000_05.csv",
            f"{PUMPS_HEADER},colour\nP3,S1,4,true,red\n".encode(),
            "unexpected column colour",
        ),
    ],
)
def test_a_file_that_is_not_what_was_promised_is_set_aside_with_its_reason(
    station: PumpStation, table: str, name: str, body: bytes, reason: str
) -> None:
    from headrace.contracts.load import load_contracts
    from headrace.refine.landing import admit_new

    file = leaves(station, table, name, body)
    (landed,) = admit_new(station.paths, load_contracts("pumps")[table])
    assert landed.set_aside is not None
    assert reason in landed.set_aside
    assert not file.exists()
    assert (Path(station.paths.set_aside(table)) / "2024-01-03" / name).read_bytes() == body


def test_bad_rows_of_every_sort_are_set_aside_and_the_rest_goes_on(station: PumpStation) -> None:
    station.lands_parents()
    leaves(station, "strokes", "strokes_20240103T000000_09.json", b"")
    station.lands(
        "strokes",
        [
            stroke(1),
            stroke(2, mode="SIDEWAYS"),
            stroke(3, stroke_id=None),
            stroke(4, stroke_at="2199-01-01T00:00:00"),
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


def test_an_empty_lake_refines_to_empty_tables(station: PumpStation) -> None:
    station.refine()
    assert station.table("gold", "pump_days").count() == 0
