"""What a run may cost is counted from its turn on, and is an amount."""

from math import inf, nan

import pytest
from prefect.exceptions import ParameterTypeError

from flows.generate import generate
from flows.refine import refine
from headrace.cost.bill import refuse_beyond
from headrace.cost.rates import DEV
from headrace.errors import HeadraceError, UnknownName, UsageError
from headrace.settings import Settings
from tasks.budget import Budget
from tests.flows.conftest import NotingEngine


def test_waiting_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("tasks.budget.monotonic", lambda: now[0])
    budget = Budget("refine pumps", 1.0)
    now[0] += 20 * 3600
    budget.check()
    now[0] += 20 * 3600
    with pytest.raises(HeadraceError, match=r"20\.00 h of dev"):
        budget.check()


@pytest.mark.parametrize("dollars", [nan, inf, 0.0, -1.0])
def test_what_is_no_amount_is_refused(engine: NotingEngine, dollars: float) -> None:
    for flow in (generate, refine):
        with pytest.raises(ParameterTypeError, match="dollars"):
            flow("pumps", dollars=dollars)
    with pytest.raises(UsageError, match="above 0"):
        Budget("refine pumps", dollars)
    with pytest.raises(UsageError, match="above 0"):
        refuse_beyond(dollars, "generate pumps", 1, DEV)
    assert engine.jobs == []


def test_a_place_without_prices_is_told_before_anything_is_done(
    engine: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Settings(environment="headrace-staging")
    monkeypatch.setattr("tasks.budget.get_settings", lambda: elsewhere)
    with pytest.raises(UnknownName, match="staging"):
        refine("pumps", dollars=5)
    assert engine.jobs == []
