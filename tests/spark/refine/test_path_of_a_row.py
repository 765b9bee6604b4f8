"""The page of the architecture lists the modules on a row's way from a file to gold: those that run, and no more."""

import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from tests.spark.refine.conftest import PumpStation, stroke

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
BESIDE_THE_ROW = {
    *("contracts/model", "contracts/load", "lake/jars"),  # contracts are read, Java is started
    *("sources/topic", "sources/broker"),  # whether messages wait for the same table
}


def traced(step: Callable[[], object]) -> set[str]:
    """The modules of the packages of the library whose functions run, on all threads."""
    files: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            files.add(frame.f_code.co_filename)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        step()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    library = ROOT / "headrace"
    modules = (Path(name).relative_to(library) for name in files if name.startswith(f"{library}/"))
    return {str(module.with_suffix("")) for module in modules if len(module.parts) > 1}


def listed(text: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+(?:/[a-z_]+)+)`", text))


def test_it_crosses_twenty_modules(station: PumpStation) -> None:
    station.lands_parents()
    station.refine(tables=["stations", "pumps"])
    station.lands("strokes", [stroke(1), stroke(2, bar=-99.0)])
    ran = traced(lambda: station.refine(tables=["strokes", "pump_days"]))
    besides = listed(PAGE.split("Besides the modules", 1)[1].split("\n\n", 1)[0])
    way = listed(PAGE.split("## A row's way from a file to gold", 1)[1].split("\n## ", 1)[0])
    assert ran - besides - BESIDE_THE_ROW == way
    assert len(way) < 20  # and `tables`, which the sector's own modules call
