"""The thread that follows silver to its alarms beside the standing job."""

import threading
from typing import Any

import pytest

from headrace.errors import HeadraceError
from headrace.live.alarms import AlarmsThread


class Edge:
    """Stands for an alarm edge: counts how often it was asked, and may fail."""

    def __init__(self, *, fails_at: str = "", error: Exception | None = None) -> None:
        self.calls: list[str] = []
        self.asked = threading.Event()
        self._fails_at, self._error = fails_at, error

    def catch_up(self) -> list[Any]:
        return self._called("catch_up")

    def close(self) -> list[Any]:
        return self._called("close")

    def _called(self, name: str) -> list[Any]:
        self.calls.append(name)
        self.asked.set()
        if name == self._fails_at and self._error is not None:
            raise self._error
        return []


def thread_of(edge: Any) -> AlarmsThread:
    return AlarmsThread(edge, lambda *_: None)


def test_it_takes_what_is_there_and_closes_when_it_is_left():
    edge = Edge()
    with thread_of(edge) as alarms:
        assert edge.asked.wait(5)
        alarms.notice()
    assert edge.calls[-2:] == ["catch_up", "close"]


@pytest.mark.parametrize("moment", ["catch_up", "close"])
def test_what_it_dies_of_ends_the_job_and_says_what_it_was(moment):
    edge = Edge(fails_at=moment, error=HeadraceError("no room"))
    with pytest.raises(HeadraceError, match="the alarms could not go on: no room"), thread_of(edge):
        assert edge.asked.wait(5)


def test_a_fault_of_ours_keeps_its_traceback():
    edge = Edge(fails_at="catch_up", error=KeyError("x"))
    with pytest.raises(KeyError) as found, thread_of(edge):
        assert edge.asked.wait(5)
    assert found.value.__notes__ == ["while following silver to its alarms"]


def test_what_ends_the_job_otherwise_is_not_hidden_by_the_alarms():
    edge = Edge(fails_at="catch_up", error=HeadraceError("no room"))
    with pytest.raises(ZeroDivisionError), thread_of(edge):
        _ = edge.asked.wait(5) / 0
    assert "close" not in edge.calls


def test_without_alarms_nothing_runs():
    with thread_of(None) as alarms:
        alarms.notice()
        alarms.check()
