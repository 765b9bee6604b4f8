import pytest

from tests.spark.refine.conftest import PumpStation, all_is_large, stroke


@pytest.fixture(autouse=True, params=["from memory", "by Spark"])
def written(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "by Spark":
        all_is_large(monkeypatch)


@pytest.mark.quick
def test_rows_pass_or_are_rejected_with_reasons_or_counted_as_duplicates(station: PumpStation) -> None:
    station.lands_parents()
    station.lands(
        "strokes", [stroke(1), stroke(1), stroke(2), stroke(3, bar=-4), stroke(4, pump_id="P9"), '{"stro']
    )
    made = station.refine()
    found = station.result(made, "silver", "strokes")
    assert found == {"rows_in": 6, "written": 2, "rejected": 3, "duplicates": 1}
    reasons = {row["stroke_id"]: row["_reasons"] for row in station.rejected("strokes").collect()}
    assert reasons["K3"] == ["bar is impossible"]
    assert reasons["K4"] == ["pump_id refers to nothing"]
    assert reasons[None] == ["malformed line"]  # that what is left of it names no parent goes without saying


def test_a_second_run_over_the_same_input_writes_nothing(station: PumpStation) -> None:
    station.lands_parents()
    station.lands("strokes", [stroke(1), stroke(2)])
    first = station.refine()
    second = station.refine()
    assert [table.version for table in second.tables] == [table.version for table in first.tables]
    assert all(table.rows_in == 0 for table in second.tables)


def test_a_row_that_was_stored_before_is_a_duplicate_when_it_comes_again(station: PumpStation) -> None:
    station.lands_parents()
    station.lands("strokes", [stroke(1), stroke(2)])
    station.refine()
    station.lands("strokes", [stroke(2), stroke(3)], sent="20240103T000000")
    found = station.result(station.refine(), "silver", "strokes")
    assert found == {"rows_in": 2, "written": 1, "rejected": 0, "duplicates": 1}
