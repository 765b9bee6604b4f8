"""What the demonstration of live data says before it begins and when it has ended."""

import re
from pathlib import Path

import pytest

from cli.demo_live import HISTORY, _announce, alarms_in_words
from cli.screen import about
from headrace.settings import Settings

CAME = {"raised": 9, "maintenance": 0, "cleared": 4, "announced": 5, "floods": 0, "announced_and_listed": 3}


def test_it_says_that_history_comes_first_and_how_long_each_part_takes(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _announce("refinery", Settings(home=home), lasts=60.0, needs_history=True)
    said = " ".join(capsys.readouterr().err.split())
    assert "first a history of 7 days" in said
    assert re.search(r"go on from: about (a minute|\S+ min|\d+ s), this once", said)
    assert "Then live messages for 1 min 00 s" in said
    _announce("refinery", Settings(home=home), lasts=60.0, needs_history=False)
    assert "is there from an earlier run" in capsys.readouterr().err
    assert HISTORY


def test_what_is_announced_and_what_is_listed_come_together() -> None:
    said = alarms_in_words({**CAME, "listed": ["a", "b", "c", "d", "e", "f", "g"]})
    assert "9 alarms[/] came and 4 cleared" in said
    assert "5 were announced" in said
    assert "the other 4 have a cause that was announced already." in said
    assert "list has 7: 3 of these 5 (the others are over, or were laid to another since)" in said
    assert said.endswith("and 4 that stood before.")


def test_a_list_of_earlier_alarms_alone_is_said_so() -> None:
    said = alarms_in_words({**CAME, "announced": 0, "announced_and_listed": 0, "listed": ["a", "b"]})
    assert said.endswith("The operator's list has 2 that stood before.")


def test_alarms_of_instruments_are_counted_apart() -> None:
    said = alarms_in_words({**CAME, "maintenance": 3, "listed": []})
    assert "3 are of instruments and go to maintenance." in said
    assert "the other 1 have a cause" in said


def test_an_empty_list_and_no_quiet_alarm_are_said_plainly() -> None:
    said = alarms_in_words({**CAME, "raised": 5, "listed": []})
    assert said.endswith("5 were announced to the operator. Nothing is left on the operator's list.")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "1 s"), (7.4, "7 s"), (38, "40 s"), (59, "a minute"), (100, "1½ min"), (521, "8½ min")],
)
def test_what_is_expected_is_told_no_more_exactly_than_it_can_be(seconds: float, said: str) -> None:
    assert about(seconds) == f"about {said}"
