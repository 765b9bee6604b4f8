"""Messages a second by a clock that the test moves."""

import math
from collections.abc import Callable
from threading import Event

import pytest

from simulation.producer import topic_producer
from simulation.producer.topic_producer import CATCHES_UP_SECONDS, UNPACED, Pace


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [1000.0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(topic_producer.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(topic_producer.time, "sleep", wait)
    return wait


def sent_within(seconds: float, going: Pace) -> int:
    end, sent = going.seconds + seconds, 0
    while going.seconds < end:
        sent += going.due()
    return sent


@pytest.mark.parametrize("rate", [0.5, 30, 1000, 10_000])
def test_the_rate_is_kept(rate: float, waits: Callable[[float], None]) -> None:
    assert sent_within(60, Pace(rate, None, Event())) == pytest.approx(60 * rate, rel=0.01)


def test_what_a_short_pause_held_up_is_made_up_for_without_a_rush(waits: Callable[[float], None]) -> None:
    going = Pace(1000, None, Event())
    before = sent_within(10, going)
    waits(3)
    assert sent_within(0.5, going) < 4 * 600
    assert before + sent_within(10, going) > 20_000


def test_what_a_long_pause_held_up_is_let_go(waits: Callable[[float], None]) -> None:
    going = Pace(1000, None, Event())
    going.due()
    waits(3600)
    assert sent_within(60, going) <= 1000 * (60 + CATCHES_UP_SECONDS)


def test_as_many_as_can_be_sent_wait_for_nothing(waits: Callable[[float], None]) -> None:
    going = Pace(math.inf, None, Event())
    assert [going.due(), going.due()] == [UNPACED, UNPACED]
    assert going.seconds == 0


def test_it_ends_when_told_to_or_when_its_time_is_over(waits: Callable[[float], None]) -> None:
    stop = Event()
    going = Pace(1000, 5, stop)
    assert going.goes_on()
    sent_within(6, going)
    assert not going.goes_on()
    other = Pace(1000, None, stop)
    stop.set()
    assert not other.goes_on()
