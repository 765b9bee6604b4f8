from typing import Any

from headrace.operate.receipt import receipt
from tests.spark.refine.conftest import PumpStation


def order(number: int, status: str, day: int, station: str = "S1") -> dict[str, Any]:
    return {
        "order_id": f"O{number}",
        "station_id": station,
        "status": status,
        "updated_at": f"2024-01-0{day}T00:00:00",
    }


def test_the_latest_row_of_each_key_wins_and_every_row_is_accounted_for(station: PumpStation) -> None:
    station.lands_parents()
    station.lands(
        "orders", [order(1, "OPEN", 1), order(1, "DONE", 3), order(2, "OPEN", 2), order(3, "LOST", 1)]
    )
    station.refine()
    station.lands(
        "orders", [order(1, "OPEN", 2), order(2, "DONE", 4), order(4, "OPEN", 4)], "20240105T000000"
    )
    made = station.refine()
    assert station.result(made, "silver", "orders") == {
        "rows_in": 3, "inserted": 1, "updated": 1, "superseded": 1, "unchanged": 0, "rejected": 0,
    }  # fmt: skip
    status = {row["order_id"]: row["status"] for row in station.table("silver", "orders").collect()}
    assert status == {"O1": "DONE", "O2": "DONE", "O4": "OPEN"}
    receipt("pumps", station.settings).check()
