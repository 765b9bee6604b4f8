"""The page on how it works names the modules that a reading passes on its way to an alarm."""

import re
import sys
from pathlib import Path
from types import FrameType

from tests.unit.alarms.conftest import rows
from tests.unit.alarms.lake import Lake

PAGE = Path(__file__).parents[3] / "docs/architecture.md"


def test_a_reading_passes_the_modules_of_alarms_that_the_page_names(lake: Lake) -> None:
    called: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            called.add(frame.f_globals.get("__name__", ""))

    lake.comes(rows(("P0", "0s", 5)))
    edge = lake.edge()
    edge.catch_up()
    lake.comes(rows(("P0", "1m", 9.5)))
    sys.setprofile(note)
    try:
        edge.catch_up()
    finally:
        sys.setprofile(None)
    assert [each["event"] for each in lake.events] == ["raised"]
    section = PAGE.read_text().partition("## A message's way to an alarm")[2].partition("\n## ")[0]
    named = {f"headrace.{each.replace('/', '.')}" for each in re.findall(r"`(alarms/[a-z_/]+)`", section)}
    assert {each for each in called if each.startswith("headrace.alarms.")} == named
