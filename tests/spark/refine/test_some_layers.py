"""A run may leave out layers or tables; what waits for its turn is not lost."""

from headrace.operate.receipt import Line, receipt
from tests.spark.refine.conftest import PumpStation, stroke


def line(station: PumpStation, table: str, says: str) -> Line:
    found = receipt("pumps", station.settings).check()
    return next(each for each in found.lines if (each.table, each.says) == (table, says))


def test_rows_of_bronze_that_wait_for_silver_leave_the_receipt_balanced(station: PumpStation) -> None:
    station.lands_parents()
    station.lands("strokes", [stroke(1), stroke(2)])
    station.refine()
    station.lands("strokes", [stroke(3)], "20240103T000000")
    station.refine(layers=["bronze"])
    waiting = line(station, "silver.strokes", "rows in = rows of bronze taken")
    assert (waiting.left, waiting.terms) == (2, {"bronze.strokes": 2, "rows waiting": 1})
    station.refine(tables=["stations"])
    assert line(station, "silver.strokes", "rows in = rows of bronze taken").left == 2
    station.refine()
    assert line(station, "silver.strokes", "rows in = rows of bronze taken").terms == {"bronze.strokes": 3}
