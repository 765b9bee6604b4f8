from headrace.operate.receipt import receipt
from headrace.refine.silver import recycle
from tests.spark.refine.conftest import PumpStation, stroke


def test_an_orphan_passes_once_its_parent_has_come_and_counts_once(station: PumpStation) -> None:
    station.lands_parents()
    station.lands("strokes", [stroke(1), stroke(2, pump_id="P7"), stroke(3, bar=-1)])
    station.refine()
    station.lands(
        "pumps", [{"pump_id": "P7", "station_id": "S1", "max_bar": 9, "is_active": True}], "20240103T000000"
    )
    station.refine()
    done = {
        each.table: (each.passed, each.waiting)
        for each in recycle("pumps", "strokes", station.settings).tables
    }
    assert done == {"strokes": (1, 1)}
    assert {row["stroke_id"] for row in station.table("silver", "strokes").collect()} == {"K1", "K2"}
    receipt("pumps", station.settings).check()
    assert recycle("pumps", "strokes", station.settings).tables[0].passed == 0


def test_an_older_row_of_a_history_that_passes_at_last_leaves_the_later_versions_alone(
    station: PumpStation,
) -> None:
    station.lands_parents()
    station.lands("pumps", ["P5,S9,5,true"], "20240102T000000")
    station.refine(tables=["stations", "pumps"])
    station.lands("pumps", ["P5,S1,6,true"], "20240103T000000")
    station.lands(
        "stations", [{"station_id": "S9", "station_name": "Late", "is_open": True}], "20240103T000000"
    )
    station.refine(tables=["stations", "pumps"])
    recycle("pumps", "pumps", station.settings)
    versions = station.table("silver", "pumps").where("pump_id = 'P5'").orderBy("version").collect()
    assert [(row["max_bar"], row["is_current"]) for row in versions] == [(5.0, False), (6.0, True)]
    receipt("pumps", station.settings).check()
