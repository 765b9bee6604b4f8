from headrace.refine.run import refine
from tests.spark.refine.conftest import PumpStation, stroke


def test_a_late_row_restates_the_day_it_belongs_to_and_no_other(station: PumpStation) -> None:
    station.lands_parents()
    station.lands("strokes", [stroke(1), stroke(2, stroke_at="2024-01-02T10:00:00")], "20240103T000000")
    station.refine()
    station.lands("strokes", [stroke(3, stroke_at="2024-01-01T23:00:00")], "20240104T000000")
    made = station.refine()
    assert station.result(made, "gold", "pump_days")["partitions"] == 1
    days = {f"{r['stroke_date']}": r["stroke_count"] for r in station.table("gold", "pump_days").collect()}
    assert days == {"2024-01-01": 2, "2024-01-02": 1}


def test_an_age_counts_back_from_the_instant_of_the_run(station: PumpStation) -> None:
    from datetime import datetime

    station.lands_parents()
    station.lands("orders", ["O1,S1,OPEN,2024-01-01T00:00:00"])
    for day, age in ((3, 2), (9, 8)):
        refine("pumps", as_of=datetime(2024, 1, day), settings=station.settings)
        assert [row["age_days"] for row in station.table("gold", "open_orders").collect()] == [age]
