"""The page on how it works names the modules that a reading passes on its way to an alarm."""

from tests.architecture_page import listed, traced
from tests.unit.alarms.conftest import rows
from tests.unit.alarms.lake import Lake


def test_a_reading_passes_the_modules_of_alarms_that_the_page_names(lake: Lake) -> None:
    lake.comes(rows(("P0", "0s", 5)))
    edge = lake.edge()
    edge.catch_up()
    lake.comes(rows(("P0", "1m", 9.5)))
    ran = traced(edge.catch_up)
    assert [each["event"] for each in lake.events] == ["raised"]
    named = listed("## A message's way to an alarm", "\n## ")
    assert {each for each in ran if each.startswith("alarms/")} == {
        each for each in named if each.startswith("alarms/")
    }
