"""A run killed at any moment and started again ends in the same rows as one that nobody disturbed."""

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import SparkSession

from headrace.lake import ledger, log
from headrace.lake.ledger import Entry
from headrace.operate.receipt import receipt
from headrace.refine.silver import recycle
from headrace.settings import Settings
from tests.spark.refine.conftest import PumpStation, all_is_large, stroke

AFTER_THE_REJECTS = {
    "pumps": "headrace.writes.history._Versions.remake",
    "strokes": "headrace.writes.append.stored",
    "orders": "headrace.writes.batch.Batch.merge",
    "pump_days": "headrace.refine.gold.overwrite",
    "open_orders": "headrace.refine.gold.overwrite",
}
BY_SPARK = {
    "strokes": "headrace.writes.edge.Edge.append",
    "pump_days": "headrace.refine.gold._store_by_spark",
    "open_orders": "headrace.refine.gold._store_by_spark",
}
SILVER = ("pumps", "strokes", "orders")
Rows = dict[str, list[str]]


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def undisturbed(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    home = tmp_path_factory.mktemp("undisturbed")
    station = PumpStation(spark, Settings(home=home, shuffle_partitions=2, workers=3))
    lands_first_day(station)
    station.refine()
    lands_second_day(station)
    station.refine()
    return rows_of(station)


def pump(number: int, station: str = "S1", bar: float = 10) -> dict[str, Any]:
    return {"pump_id": f"P{number}", "station_id": station, "max_bar": bar, "is_active": True}


def lands_first_day(station: PumpStation) -> None:
    station.lands_parents()
    station.lands("strokes", [stroke(1), stroke(2, pump_id="P7"), stroke(3, bar=-1)])
    station.lands("orders", ["O1,S1,OPEN,2024-01-01T00:00:00", "O2,S9,OPEN,2024-01-01T00:00:00"])


def lands_second_day(station: PumpStation) -> None:
    sent = "20240103T000000"
    station.lands("pumps", [pump(1, bar=12), pump(3), pump(4, station="S9")], sent)
    station.lands(
        "strokes", [stroke(1), stroke(4), stroke(4), stroke(5, bar=-1), stroke(6, pump_id="P3")], sent
    )
    station.lands(
        "orders",
        [
            "O1,S1,DONE,2024-01-02T00:00:00",
            "O3,S1,OPEN,2024-01-02T00:00:00",
            "O4,S1,LOST,2024-01-02T00:00:00",
        ],
        sent,
    )


def lands_missing_parents(station: PumpStation) -> None:
    sent = "20240104T000000"
    station.lands("stations", [{"station_id": "S9", "station_name": "Late", "is_open": True}], sent)
    station.lands("pumps", [pump(7)], sent)


def rows_of(station: PumpStation) -> Rows:
    """What each table holds, apart from when and by which run it was written."""
    frames = {name: station.table("silver", name) for name in SILVER}
    frames |= {f"{name}__rejected": station.rejected(name) for name in SILVER}
    frames |= {name: station.table("gold", name) for name in ("pump_days", "open_orders")}
    plain = {
        name: rows.select(*[each for each in rows.columns if each[0] != "_" or each == "_reasons"])
        for name, rows in frames.items()
    }
    return {name: sorted(map(str, rows.collect())) for name, rows in plain.items()}


def kills_before(patch: pytest.MonkeyPatch, moment: str, table: str) -> None:
    if moment == "the main commit":
        patch.setattr(AFTER_THE_REJECTS[table], dies)
    elif moment == "the main commit of a large batch":
        patch.setattr(BY_SPARK.get(table, AFTER_THE_REJECTS[table]), dies)
    else:
        patch.setattr(ledger, "record", unless_of(table, ledger.record))


def dies(*_: object, **__: object) -> None:
    raise Killed


def unless_of(table: str, record: Callable[..., None]) -> Callable[..., None]:
    def recorded(paths: object, entry: Entry) -> None:
        if entry.table == table and entry.layer != "bronze":
            raise Killed
        record(paths, entry)

    return recorded


@pytest.mark.parametrize(
    ("moment", "tables"),
    [
        ("the main commit", list(AFTER_THE_REJECTS)),
        ("the main commit of a large batch", list(AFTER_THE_REJECTS)),
        ("the entry in the ledger", ["pumps", "strokes", "pump_days"]),
    ],
)
def test_a_run_killed_half_way_through_any_table_is_finished_by_the_next(
    moment: str, tables: list[str], station: PumpStation, undisturbed: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    if moment == "the main commit of a large batch":
        all_is_large(monkeypatch)
    lands_first_day(station)
    station.refine()
    lands_second_day(station)
    station.refine(layers=["bronze"])
    for table in tables:
        with monkeypatch.context() as patch:
            kills_before(patch, moment, table)
            with pytest.raises(Killed):
                station.refine(layers=["silver", "gold"], tables=[table])
        if table == "strokes":
            receipt("pumps", station.settings).check()
        station.refine(layers=["silver", "gold"], tables=[table])
    station.refine()
    assert rows_of(station) == undisturbed
    for gold in ("pump_days", "open_orders"):
        written = {entry.version for entry in ledger.entries(station.paths, "gold", gold)}
        commits = log.backwards(station.paths.table("gold", gold))
        assert written == {each.version for each in commits if each.changes_rows}
    receipt("pumps", station.settings).check()


def test_rows_that_a_killed_run_had_still_to_read_are_waiting(
    station: PumpStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    lands_first_day(station)
    with monkeypatch.context() as patch:

        def killed(*_: object, **__: object) -> None:
            raise Killed

        patch.setattr("headrace.sources.files.read_files", killed)
        with pytest.raises(Killed):
            station.refine(layers=["bronze"])
    found = receipt("pumps", station.settings).check()
    assert {line.table for line in found.lines if line.terms.get("lines waiting")}
    station.refine()
    found = receipt("pumps", station.settings).check()
    assert not any("lines waiting" in line.terms for line in found.lines)


def test_the_very_first_batch_killed_after_its_rejects_judges_by_the_same_parents_again(
    station: PumpStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    lands_first_day(station)
    with monkeypatch.context() as patch:
        kills_before(patch, "the main commit", "strokes")
        with pytest.raises(Killed):
            station.refine()
    lands_missing_parents(station)
    station.refine()
    assert {row["stroke_id"] for row in station.table("silver", "strokes").collect()} == {"K1"}
    assert {row["stroke_id"] for row in station.rejected("strokes").collect()} == {"K2", "K3"}
    receipt("pumps", station.settings).check()


def refines_orphans_whose_parents_came_later(station: PumpStation) -> None:
    lands_first_day(station)
    lands_second_day(station)
    station.refine()
    lands_missing_parents(station)
    station.refine()


@pytest.fixture(scope="module")
def recycled(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    home = tmp_path_factory.mktemp("recycled")
    station = PumpStation(spark, Settings(home=home, shuffle_partitions=2, workers=3))
    refines_orphans_whose_parents_came_later(station)
    for table in SILVER:
        recycle("pumps", table, station.settings)
    lands_third_day(station)
    station.refine()
    return rows_of(station)


def lands_third_day(station: PumpStation) -> None:
    sent = "20240105T000000"
    station.lands("strokes", [stroke(8), stroke(9, bar=-1)], sent)
    station.lands("orders", ["O8,S1,OPEN,2024-01-05T00:00:00", "O9,S1,LOST,2024-01-05T00:00:00"], sent)
    station.lands("pumps", [pump(8), pump(9, station="S8")], sent)


@pytest.mark.parametrize("moment", ["the rest is kept", "the entry in the ledger"])
def test_a_recycling_killed_half_way_is_finished_by_the_next_run(
    moment: str, station: PumpStation, recycled: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    refines_orphans_whose_parents_came_later(station)
    for table in SILVER:
        with monkeypatch.context() as patch:
            if moment == "the rest is kept":
                patch.setattr("headrace.refine.silver._keep_rest", dies)
            else:
                kills_before(patch, moment, table)
            with pytest.raises(Killed):
                recycle("pumps", table, station.settings)
    lands_third_day(station)
    station.refine()
    receipt("pumps", station.settings).check()
    assert rows_of(station) == recycled
