"""A key that came again with another time is found by its event day, and the first of it is kept."""

from datetime import date
from typing import Any

import pytest

from headrace.errors import UnknownName
from headrace.lake import ledger
from headrace.operate.maintain import dedupe
from headrace.operate.receipt import Line, receipt
from headrace.refine import late_duplicates as copies
from tests.spark.refine.conftest import PumpStation, stroke

TABLES = ["stations", "pumps", "strokes", "pump_days"]


class Killed(Exception):
    pass


def lands_twice(station: PumpStation, *layers: str) -> None:
    """K1 and K2 come again two hours later, K4 on the next day."""
    station.lands_parents()
    station.lands("strokes", [stroke(1), stroke(2), stroke(4)])
    station.refine(layers=layers, tables=TABLES)
    again = [
        stroke(1, stroke_at="2024-01-01T12:01:00"),
        stroke(2, stroke_at="2024-01-01T12:02:00"),
        stroke(3),
    ]
    station.lands("strokes", [*again, stroke(4, stroke_at="2024-01-02T00:00:00")], sent="20240103T000000")
    station.refine(layers=layers, tables=TABLES)


def stored(station: PumpStation) -> list[tuple[str, str]]:
    rows = station.table("silver", "strokes").collect()
    return sorted((row.stroke_id, f"{row.stroke_at:%d %H:%M}") for row in rows)


FIRST_OF_EACH = [
    ("K1", "01 10:01"),
    ("K2", "01 10:02"),
    ("K3", "01 10:03"),
    ("K4", "01 10:04"),
    ("K4", "02 00:00"),
]


def line(station: PumpStation, says: str) -> Line:
    lines = receipt("pumps", station.settings).check().lines
    (found,) = [each for each in lines if each.table == "silver.strokes" and each.says == says]
    return found


def strokes_of_days(station: PumpStation) -> dict[str, int]:
    return {str(row.stroke_date): row.stroke_count for row in station.table("gold", "pump_days").collect()}


def test_second_copies_go_the_receipt_balances_and_gold_makes_their_day_again(station: PumpStation) -> None:
    lands_twice(station, "bronze", "silver", "gold")
    assert strokes_of_days(station) == {"2024-01-01": 6, "2024-01-02": 1}
    untouched = station.table("gold", "pump_days").where("stroke_date = '2024-01-02'").collect()

    (found,) = dedupe("pumps", settings=station.settings)

    assert found.removed == {"2024-01-01": 2}
    assert found.days == ("2024-01-01", "2024-01-02")
    assert stored(station) == FIRST_OF_EACH
    became = line(station, "rows in = what became of them")
    assert became.terms == {"written": 5, "rejected": 0, "duplicates": 2}
    station.refine(layers=["gold"], tables=TABLES)
    assert strokes_of_days(station) == {"2024-01-01": 4, "2024-01-02": 1}
    assert station.table("gold", "pump_days").where("stroke_date = '2024-01-02'").collect() == untouched
    (again,) = dedupe("pumps", day=date(2024, 1, 1), settings=station.settings)
    assert again.rows == 0
    with pytest.raises(UnknownName, match="strokes"):
        dedupe("pumps", tables=("orders",), settings=station.settings)


def test_a_removal_that_was_killed_is_finished_by_the_next(
    station: PumpStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    lands_twice(station, "bronze", "silver")

    def dies(*_: Any, **__: Any) -> None:
        raise Killed

    for place, name, rows in ((copies.DeltaTable, "merge", 7), (ledger, "record", 5)):
        with monkeypatch.context():
            monkeypatch.setattr(place, name, dies)
            with pytest.raises(Killed):
                dedupe("pumps", settings=station.settings)
            monkeypatch.undo()
        found = line(station, "rows stored = rows let in")
        assert (found.left, found.right) == (rows, rows)
        assert found.terms.get("second copies removed, not told yet", 0) == rows - 7
    (found,) = dedupe("pumps", settings=station.settings)
    assert found.rows == 0
    assert stored(station) == FIRST_OF_EACH
    assert line(station, "rows in = what became of them").terms["duplicates"] == 2
    assert line(station, "rows stored = rows let in").terms == {"written": 5}
