"""The page of the architecture lists the modules on a row's way from a file to gold: those that run, and no more."""

from tests.architecture_page import listed, traced
from tests.spark.refine.conftest import PumpStation, stroke

BESIDE_THE_ROW = {
    *("contracts/model", "contracts/load", "lake/jars"),  # contracts are read, Java is started
    *("sources/topic", "sources/broker"),  # whether messages wait for the same table
    "refine/descriptions",  # what its tables mean
}


def test_it_crosses_twenty_modules(station: PumpStation) -> None:
    station.lands_parents()
    station.refine(tables=["stations", "pumps"])
    station.lands("strokes", [stroke(1), stroke(2, bar=-99.0)])
    ran = traced(lambda: station.refine(tables=["strokes", "pump_days"]))
    besides = listed("Besides the modules", "\n\n")
    way = listed("## A row's way from a file to gold", "\n## ")
    assert ran - besides - BESIDE_THE_ROW == way
    assert len(way) < 20  # and `tables`, which the sector's own modules call
