"""Deployed runs of one domain take turns; runs by hand do not wait."""

import threading
import time

import pytest
from prefect import flow
from prefect.client.orchestration import get_client

from tasks.turns import turn_of


def test_the_second_run_of_a_domain_waits_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "any")
    order: list[str] = []

    def second() -> None:
        with turn_of("pumps", hours=1 / 3600):  # less than it waits
            order.append("second")

    with turn_of("pumps", hours=1):
        other = threading.Thread(target=second)
        other.start()
        time.sleep(2)
        order.append("first")
    other.join(60)
    assert order == ["first", "second"]
    with get_client(sync_client=True) as client:
        assert client.read_global_concurrency_limit_by_name("headrace-pumps").limit == 1


def test_a_run_by_hand_does_not_ask_for_its_turn() -> None:
    with turn_of("valves", hours=1):
        pass
    with get_client(sync_client=True) as client:
        names = [each.name for each in client.read_global_concurrency_limits(limit=200, offset=0)]
    assert "headrace-valves" not in names


def test_a_turn_that_lasts_too_long_times_the_run_out() -> None:
    @flow
    def endless() -> None:
        with turn_of("valves", hours=0.5 / 3600):
            time.sleep(20)

    state = endless(return_state=True)
    assert state.name == "TimedOut"
