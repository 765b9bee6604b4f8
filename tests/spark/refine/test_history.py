from typing import Any

import pytest

from headrace.errors import Busy
from headrace.operate.receipt import receipt
from headrace.writes import history
from tests.spark.refine.conftest import PumpStation


def pump(bar: float, number: str = "P1") -> dict[str, Any]:
    return {"pump_id": number, "station_id": "S1", "max_bar": bar, "is_active": True}


def versions(station: PumpStation) -> list[tuple[float, str, str, bool]]:
    rows = station.table("silver", "pumps").where("pump_id = 'P1'").orderBy("version").collect()
    return [
        (r["max_bar"], f"{r['effective_from']:%d}", f"{r['effective_to']:%Y-%d}", r["is_current"])
        for r in rows
    ]


def lands_station(station: PumpStation) -> None:
    station.lands(
        "stations", [{"station_id": "S1", "station_name": "North", "is_open": True}], "20240101T000000"
    )


def test_a_change_closes_one_version_and_opens_the_next(station: PumpStation) -> None:
    lands_station(station)
    for day, bar in ((1, 10), (2, 10), (3, 12)):
        station.lands("pumps", [pump(bar)], f"2024010{day}T000000")
        made = station.refine(layers=["bronze", "silver"], tables=["stations", "pumps"])
    assert versions(station) == [(10, "01", "2024-03", False), (12, "03", "9999-31", True)]
    assert station.result(made, "silver", "pumps") == {
        "rows_in": 1, "opened": 1, "unchanged": 0, "reclassified": 0, "rejected": 0,
    }  # fmt: skip
    receipt("pumps", station.settings).check()


def test_a_row_from_between_splits_the_version_it_falls_into(station: PumpStation) -> None:
    lands_station(station)
    for day, bar in ((1, 10), (3, 10), (2, 12)):
        station.lands("pumps", [pump(bar)], f"2024010{day}T000000")
        station.refine(layers=["bronze", "silver"], tables=["stations", "pumps"])
    assert [found[:2] for found in versions(station)] == [(10, "01"), (12, "02"), (10, "03")]
    receipt("pumps", station.settings).check()


def test_a_change_of_any_column_opens_a_version(station: PumpStation) -> None:
    lands_station(station)
    station.lands(
        "stations", [{"station_id": "S2", "station_name": "South", "is_open": True}], "20240101T000000"
    )
    for day, home in ((1, "S1"), (2, "S2")):
        station.lands("pumps", [pump(10) | {"station_id": home}], f"2024010{day}T000000")
    station.refine(layers=["bronze", "silver"], tables=["stations", "pumps"])
    homes = station.table("silver", "pumps").orderBy("version").collect()
    assert [row["station_id"] for row in homes] == ["S1", "S2"]


def test_a_lease_lost_while_the_versions_are_made_again_stops_the_write(
    station: PumpStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    lands_station(station)
    station.lands("pumps", [pump(10)], "20240101T000000")
    station.refine(layers=["bronze", "silver"], tables=["stations", "pumps"])
    remake = history._Versions.remake

    def remakes_for_long(versions: history._Versions, *given: Any) -> None:
        versions._batch.edge.context.leases._lost = "silver/pumps"
        remake(versions, *given)

    monkeypatch.setattr(history._Versions, "remake", remakes_for_long)
    station.lands("pumps", [pump(12)], "20240103T000000")
    with pytest.raises(Busy, match="was lost"):
        station.refine(layers=["bronze", "silver"], tables=["pumps"])
    assert versions(station) == [(10, "01", "9999-31", True)]
