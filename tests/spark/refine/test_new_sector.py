"""A sector is a folder: the ferries bring a change feed, snapshots, a corrected month and columns that come later."""

import json
from typing import Any

import pytest

from headrace.operate.receipt import receipt
from headrace.quality.scan import scan
from headrace.refine.catalog import load_tables
from headrace.refine.dictionary import dictionary
from headrace.refine.silver import recycle
from tests.spark.refine.conftest import PumpStation


@pytest.fixture
def ferries(station: PumpStation) -> PumpStation:
    return PumpStation(station.spark, station.settings, "ferries")


def booking(
    number: str, op: str, at: int, passengers: int | None = 1, vessel: str | None = "V1"
) -> dict[str, Any]:
    before = {"booking_id": number} if op != "c" else None
    return {
        "booking_id": number, "op": op, "log_file": 1, "log_position": at, "vessel_id": vessel,
        "passengers": passengers, "before": before,
    }  # fmt: skip


def position(number: int, day: str, **more: Any) -> dict[str, Any]:
    return {
        "position_id": f"P{number}", "vessel_id": "V1", "seen_at": f"{day}T10:00:00", "knots": 12.5, **more,
    }  # fmt: skip


def lands_first(ferries: PumpStation) -> None:
    sent = "20240131T000000"
    ferries.lands("vessels", ["V1,Aurora,100", "V2,Boreas,80"], sent)
    ferries.lands("bookings", [booking("B1", "c", 1), booking("B2", "c", 2), booking("B2", "u", 3, 4)], sent)
    ferries.lands("harbour_dues", ["D1,2024-01-01,V1,10", "D2,2024-01-01,V2,20", "D3,2024-01-01,V9,1"], sent)
    ferries.lands("positions", [position(1, "2024-01-30")], sent)


def lands_second(ferries: PumpStation) -> None:
    sent = "20240203T000000"
    ferries.lands("vessels", ["V1,Aurora,120"], sent)
    ferries.lands(
        "bookings",
        [
            booking("B1", "d", 9, None, None),
            booking("B2", "u", 2, 7),
            booking("B3", "c", 5, 2),
            booking("B4", "?", 6),
        ],
        sent,
    )
    ferries.lands("harbour_dues", ["D1,2024-01-01,V1,11", "D4,2024-02-01,V1,30"], sent)
    again, later = position(1, "2024-01-30"), "2024-02-02"
    ferries.lands("positions", [position(2, later, draught_m=3.5), position(3, later), again], sent)


def test_a_sector_is_added_with_a_folder(ferries: PumpStation) -> None:
    lands_first(ferries)
    ferries.refine()
    lands_second(ferries)
    made = ferries.refine()
    receipt("ferries", ferries.settings).check()

    assert ferries.result(made, "silver", "bookings") == {
        "rows_in": 4, "applied": 2, "before-images": 0, "superseded": 1, "replayed": 0, "rejected": 1,
        "added": 1, "deleted": -1,
    }  # fmt: skip
    bookings = ferries.table("silver", "bookings").select("booking_id", "passengers").collect()
    assert sorted(map(tuple, bookings)) == [("B2", 4), ("B3", 2)]

    vessels = ferries.table("silver", "vessels").select("vessel_id", "seats", "is_current").collect()
    assert sorted(map(tuple, vessels)) == [("V1", 100, False), ("V1", 120, True), ("V2", 80, False)]

    assert ferries.result(made, "silver", "harbour_dues") == {
        "rows_in": 2, "written": 0, "replaced": 2, "rejected": 0,
    }  # fmt: skip
    dues = ferries.table("gold", "dues_by_month").select("dues", "total").collect()
    assert sorted(map(tuple, dues)) == [(1, 11.0), (1, 30.0)]

    positions = ferries.table("silver", "positions").select("position_id", "draught_m").collect()
    assert sorted(map(tuple, positions)) == [("P1", None), ("P2", 3.5)]
    (aside,) = ferries.rejected("positions").collect()
    assert (aside["position_id"], aside["_reasons"]) == ("P3", ["draught_m is null"])

    (seats,) = ferries.table("gold", "booked_seats").select("vessel_id", "booked", "left").collect()
    assert tuple(seats) == ("V1", 6, 114)

    again = ferries.refine()
    assert not any(table.rows_in or any(table.counts.values()) for table in again.tables)
    for layer in ("bronze", "silver", "gold"):
        assert scan("ferries", layer, settings=ferries.settings).failed_tables == []


def test_a_due_that_was_rejected_joins_its_delivery_once_its_vessel_is_known(ferries: PumpStation) -> None:
    lands_first(ferries)
    ferries.refine()
    ferries.lands("vessels", ["V1,Aurora,100", "V2,Boreas,80", "V9,Notos,50"], "20240201T000000")
    ferries.refine(tables=["vessels"])
    (found,) = recycle("ferries", "harbour_dues", ferries.settings).tables
    assert (found.passed, found.waiting) == (1, 0)
    dues = ferries.table("silver", "harbour_dues").select("due_id").collect()
    assert sorted(row[0] for row in dues) == ["D1", "D2", "D3"]
    receipt("ferries", ferries.settings).check()


def test_its_tables_are_in_the_dictionary(ferries: PumpStation) -> None:
    told = dictionary(load_tables("ferries"), ferries.spark)
    assert "All columns of [bronze.bookings](#bronzebookings) but `before`" in told
    assert "the newest delivery of each `month` counts" in told
    assert json.dumps(told).count("changes are applied in the order of the source's log") == 1
