"""A dry run names the tables that the run then writes."""

from cli.pending import pending
from tests.spark.refine.conftest import PumpStation, stroke


def told(station: PumpStation) -> set[str]:
    return {step.name for step in pending("pumps", station.settings)}


def written(station: PumpStation) -> set[str]:
    done = station.refine()
    return {f"{each.layer}.{each.table}" for each in done.tables if each.rows_in or any(each.counts.values())}


def test_what_is_told_is_what_is_written_and_then_nothing(station: PumpStation) -> None:
    station.lands_parents()
    station.lands("strokes", [stroke(1), stroke(2)])
    first = told(station)
    assert {"bronze.strokes", "silver.strokes", "gold.pump_days"} <= first
    assert written(station) <= first
    assert told(station) == set()
    station.lands("strokes", [stroke(3)], "20240103T000000")
    second = told(station)
    assert written(station) == second
    assert told(station) == set()


def test_rows_that_wait_in_bronze_and_days_that_changed_are_counted(station: PumpStation) -> None:
    station.lands_parents()
    station.lands("strokes", [stroke(1)])
    station.refine()
    station.lands("strokes", [stroke(2), stroke(3)], "20240103T000000")
    station.refine(layers=["bronze"])
    silver = next(step for step in pending("pumps", station.settings) if step.name == "silver.strokes")
    assert (silver.rows, silver.why) == (2, "2 rows wait in bronze")
    station.refine(layers=["silver"])
    gold = next(step for step in pending("pumps", station.settings) if step.name == "gold.pump_days")
    assert gold.partitions == 1
    assert "strokes changed" in gold.why
