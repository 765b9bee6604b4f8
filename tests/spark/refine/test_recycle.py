from headrace.lake.receipt import receipt
from headrace.refine.recycle import recycle
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
