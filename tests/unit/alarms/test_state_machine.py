"""Alarms through their states: what an operator is told, what not, and what becomes of it."""

from typing import Any

import pyarrow as pa

from headrace.alarms.actions import Action, read_action
from headrace.alarms.processor import AlarmProcessor
from tests.unit.alarms.conftest import Plant, rows, senders
from tests.unit.alarms.conftest import plant as any_plant

AT_ONCE: dict[str, Any] = {
    "defaults": {
        "limit": {"on_delay": "0 seconds", "off_delay": "0 seconds", "readings": 1},
        "silent": {"enabled": False},
    }
}


def plant(count: int = 8, table: pa.Table | None = None, **rules: Any) -> Plant:
    """Every reading beyond a limit is an alarm, every other one the end of it; P0, P2, P4 … share no hall."""
    return any_plant(count, table, **(AT_ONCE | {"chatter": {"raises": 100}} | rules))


def happens(pump: Plant, *readings: tuple[str, str, float]) -> list[tuple[str, str, str, bool]]:
    """(event, subject, state after, whether an operator is told), each reading a batch of its own."""
    events = [event for reading in readings for event in pump.reads(rows(reading))]
    return [(each["event"], each["subject"], each["state"], each["is_annunciated"]) for each in events]


def acts(pump: Plant, what: str, alarm: str = "A1", **more: Any) -> list[tuple[str, str | None, str]]:
    action = Action(what=what, alarm_id=alarm, by="Ann", **more)
    events = pump.engine.act([read_action(action.model_dump_json().encode())]).to_pylist()
    pump.told += events
    return [(each["event"], each["state"], each["message"]) for each in events]


def test_an_alarm_that_is_acknowledged_and_clears_is_over() -> None:
    pump = plant()
    assert happens(pump, ("P0", "0s", 9.5)) == [("raised", "P0", "unacknowledged", True)]
    assert acts(pump, "acknowledge", note="seen") == [("acknowledged", "acknowledged", "seen")]
    assert happens(pump, ("P0", "1m", 5)) == [("cleared", "P0", "normal", False)]
    assert acts(pump, "acknowledge") == [("refused", None, "no alarm A1 stands")]


def test_an_alarm_that_clears_before_it_is_acknowledged_has_returned_and_is_over_once_seen() -> None:
    pump = plant()
    assert happens(pump, ("P0", "0s", 9.5), ("P0", "1m", 5))[-1] == ("cleared", "P0", "returned", False)
    assert acts(pump, "acknowledge") == [("acknowledged", "normal", "")]


def test_an_alarm_that_returned_and_is_raised_again_is_the_same_one() -> None:
    pump = plant()
    happens(pump, ("P0", "0s", 9.5), ("P0", "1m", 5), ("P0", "2m", 9.5))
    assert {each["alarm_id"] for each in pump.told} == {"A1"}
    assert pump.told[-1]["state"] == "unacknowledged"


def test_an_alarm_that_returned_lapses_when_nobody_acknowledges_it() -> None:
    pump = plant(returned_lapses_after="12 hours")
    happens(pump, ("P0", "0s", 9.5), ("P0", "1m", 5))
    assert happens(pump, ("P0", "13h", 5)) == [("lapsed", "P0", "normal", False)]
    assert f"{pump.told[-1]['event_at']:%H:%M}" == "12:01"


def test_escalation_asks_for_attention_again() -> None:
    pump = plant()
    happens(pump, ("P0", "0s", 9.5))
    acts(pump, "acknowledge")
    assert happens(pump, ("P0", "1m", 10.5)) == [("escalated", "P0", "unacknowledged", True)]
    assert [each["priority"] for each in pump.told] == ["medium", "medium", "high"]
    assert happens(pump, ("P0", "2m", 9.5)) == [("eased", "P0", "unacknowledged", False)]


def test_a_shelved_alarm_is_quiet_and_comes_back_by_itself() -> None:
    pump = plant()
    happens(pump, ("P0", "0s", 9.5))
    assert acts(pump, "shelve", lasts=3600) == [("shelved", "shelved", "")]
    assert happens(pump, ("P0", "10m", 5), ("P0", "20m", 9.5)) == [
        ("cleared", "P0", "shelved", False),
        ("raised", "P0", "shelved", False),
    ]
    assert happens(pump, ("P0", "61m", 9.5)) == [("unshelved", "P0", "unacknowledged", True)]
    assert f"{pump.told[-1]['event_at']:%H:%M}" == "01:00"


def test_a_shelved_alarm_that_is_no_longer_on_is_over_when_its_time_is() -> None:
    pump = plant()
    happens(pump, ("P0", "0s", 9.5))
    acts(pump, "shelve", lasts=3600)
    happens(pump, ("P0", "10m", 5))
    assert happens(pump, ("P0", "2h", 5)) == [("unshelved", "P0", "normal", False)]


def test_an_operator_takes_an_alarm_off_the_shelf() -> None:
    pump = plant()
    happens(pump, ("P0", "0s", 9.5))
    assert acts(pump, "unshelve") == [("refused", None, "A1 is not shelved")]
    acts(pump, "shelve", lasts=3600)
    assert acts(pump, "unshelve") == [("unshelved", "unacknowledged", "")]


def test_nothing_is_shelved_for_ever() -> None:
    pump = plant(longest_shelving="8 hours")
    happens(pump, ("P0", "0s", 9.5))
    assert acts(pump, "shelve", lasts=9 * 3600) == [
        ("refused", None, "an alarm is shelved for at most 8 hours")
    ]
    assert acts(pump, "shelve")[0][0] == "refused"


def test_an_alarm_that_comes_and_goes_is_shelved_by_itself_for_a_while() -> None:
    pump = plant(chatter={"raises": 3, "within": "1 hour", "shelved_for": "2 hours"})
    happens(pump, ("P0", "0s", 9.5), ("P0", "1m", 5), ("P0", "2m", 9.5), ("P0", "3m", 5))
    assert happens(pump, ("P0", "4m", 9.5)) == [
        ("raised", "P0", "unacknowledged", False),
        ("shelved", "P0", "shelved", False),
    ]
    assert pump.told[-1]["acted_by"] == "chatter"
    assert happens(pump, ("P0", "5m", 10.5)) == [("escalated", "P0", "unacknowledged", True)]


def test_the_first_of_a_group_is_told_and_those_that_follow_at_once_are_laid_to_it() -> None:
    pump = plant()
    happens(pump, ("P0", "0s", 0.5), ("P1", "2m", 0.5), ("P2", "2m", 0.5))
    assert [(each["subject"], each["state"], each["cause_id"]) for each in pump.told] == [
        ("P0", "unacknowledged", None),
        ("P1", "suppressed", "A1"),
        ("P2", "unacknowledged", None),
    ]


def test_what_comes_later_in_the_same_group_is_an_alarm_of_its_own() -> None:
    pump = plant(cause={"within": "10 minutes"})
    assert happens(pump, ("P0", "0s", 0.5), ("P1", "11m", 0.5))[-1] == (
        "raised",
        "P1",
        "unacknowledged",
        True,
    )


def test_the_graver_of_two_with_one_cause_is_told_too() -> None:
    pump = plant()
    assert happens(pump, ("P0", "0s", 0.5), ("P1", "1m", -1))[-1] == ("raised", "P1", "unacknowledged", True)
    assert pump.told[-1]["cause_id"] == "A1"


def test_what_outlives_its_cause_is_told_once() -> None:
    table = senders(6, hall=["H0"] * 6)
    pump = plant(6, table)
    happens(pump, ("P0", "0s", 0.5), ("P1", "1m", 0.5), ("P2", "2m", 0.5))
    assert happens(pump, ("P0", "3m", 5)) == [
        ("cleared", "P0", "returned", False),
        ("released", "P1", "unacknowledged", True),
    ]
    happens(pump, ("P2", "4m", 5))
    assert (pump.told[-1]["state"], pump.told[-1]["cause_id"]) == ("normal", "A2")


def test_the_limit_alarm_of_an_instrument_that_is_stuck_is_suppressed() -> None:
    pump = plant()
    lively = [("P0", f"{minute}m", 5 + minute % 7 / 10) for minute in range(60)]
    happens(pump, *lively)
    said = happens(pump, *(("P0", f"{minute}m", 9.5) for minute in range(60, 130, 10)))
    assert said == [
        ("raised", "P0", "unacknowledged", True),
        ("raised", "P0", "unacknowledged", False),
        ("suppressed", "P0", "suppressed", False),
    ]
    assert [each["goes_to"] for each in pump.told] == ["operator", "maintenance", "operator"]
    assert [each["kind"] for each in pump.told] == ["limit", "stuck", "limit"]
    assert happens(pump, ("P0", "131m", 9.6))[-1] == ("released", "P0", "unacknowledged", True)


def flooded(pump: Plant, count: int, start: int = 0) -> None:
    happens(pump, *((f"P{2 * number}", f"{start + number}s", 0.5) for number in range(count)))


def test_in_a_flood_only_grave_alarms_are_told_and_the_others_are_shown_when_it_is_over() -> None:
    pump = plant(60, flood={"begins": 3, "ends": 2, "within": "10 minutes"})
    flooded(pump, 6)
    assert [(each["event"], each["is_annunciated"]) for each in pump.told] == [
        ("raised", True), ("raised", True), ("raised", True), ("raised", True), ("flood_began", False),
        ("raised", False), ("raised", False),
    ]  # fmt: skip
    assert happens(pump, ("P20", "1m", -1)) == [("raised", "P20", "unacknowledged", True)]
    happens(pump, ("P8", "2m", 5))
    over = happens(pump, ("P30", "11m", 5))
    assert over == [("flood_ended", None, None, False), ("released", "P10", "unacknowledged", False)]
    assert pump.told[-2]["message"] == "still standing of what came with it: 1"
    assert f"{pump.told[-2]['event_at']:%H:%M:%S}" == "00:10:05"
    assert happens(pump, ("P40", "12m", 0.5))[-1] == ("raised", "P40", "unacknowledged", True)


def test_what_is_kept_makes_the_same_of_what_follows() -> None:
    rules = {"flood": {"begins": 3, "ends": 2, "within": "10 minutes"}}
    pump, other = plant(60, **rules), plant(60, **rules)
    flooded(pump, 6)
    acts(pump, "shelve", "A2", lasts=600)
    happens(pump, ("P0", "1m", 5))
    other.engine = AlarmProcessor(pump.engine.rules)
    other.engine.restore(pump.engine.state())
    other.engine.senders.take(senders(60))
    for each in (pump, other):
        each.told.clear()
        happens(each, ("P2", "5m", 5), ("P8", "5m", 10.5), ("P4", "12m", 5), ("P20", "15m", 0.5))
    assert pump.told == other.told
    assert len(pump.told) > 5


def test_every_event_has_a_number_of_its_own() -> None:
    pump = plant()
    flooded(pump, 4)
    acts(pump, "acknowledge", "A9")
    assert [each["event_id"] for each in pump.told] == ["E1", "E2", "E3", "E4", "E5"]


def test_a_message_says_what_is_wrong() -> None:
    pump = plant()
    happens(pump, ("P0", "0s", 9.5), ("P2", "0s", -1))
    assert [each["message"] for each in pump.told] == [
        "P0: 9.5 is above its limit 9",
        "P2: -1 is below its limit 0",
    ]


def test_what_an_instrument_does_goes_to_maintenance_and_neither_counts_nor_waits_in_a_flood() -> None:
    silence = {"silent": {"intervals": 2, "at_least": "1 minute"}}
    pump = plant(
        60, flood={"begins": 2, "ends": 1, "within": "10 minutes"}, defaults=AT_ONCE["defaults"] | silence
    )
    for minute in range(12):  # half of them fall silent afterwards
        pump.reads(rows(*((f"P{number}", f"{minute}m", 5) for number in range(0, 60, 2))))
    for minute in range(12, 24):
        pump.reads(rows(*((f"P{number}", f"{minute}m", 5) for number in range(30, 60, 2))))
    fell_silent = [each for each in pump.told if each["event"] == "raised"]
    assert {each["kind"] for each in fell_silent} == {"silent"}
    assert len(fell_silent) == 15
    assert {(each["goes_to"], each["is_annunciated"]) for each in pump.told} == {("maintenance", False)}
    flooded(pump, 4, start=24 * 60)
    assert [each["event"] for each in pump.told if each["kind"] == "flood"] == ["flood_began"]


def test_a_sector_may_leave_its_instruments_to_the_operator() -> None:
    pump = plant(defaults=AT_ONCE["defaults"] | {"stuck": {"goes_to": "operator"}})
    happens(pump, *(("P0", f"{minute}m", 5 + minute % 7 / 10) for minute in range(60)))
    said = happens(pump, *(("P0", f"{minute}m", 5.0) for minute in range(60, 130, 10)))
    assert said == [("raised", "P0", "unacknowledged", True)]
