from collections.abc import Callable
from threading import Barrier, Event
from types import SimpleNamespace
from typing import Any

import pytest

from headrace.errors import UsageError
from headrace.refine import run


def test_a_fault_in_a_table_keeps_its_kind_and_says_which_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: Any) -> Any:
        raise ZeroDivisionError("by nought")

    monkeypatch.setitem(run._STEPS, "bronze", fault)
    with pytest.raises(ZeroDivisionError) as raised:
        run._timed(SimpleNamespace(), "bronze", "pumps")  # type: ignore[arg-type]
    assert raised.value.__notes__ == ["while refining bronze.pumps"]


def in_order(
    step: Callable[[str], Any], after: dict[str, set[str]], workers: int, **work: int
) -> dict[str, Any]:
    return run._in_order(step, after, {name: work.get(name, 1) for name in after}, workers)


def test_the_longest_chain_begins_first_and_each_table_after_those_it_waits_for() -> None:
    begun: list[str] = []
    after: dict[str, set[str]] = {
        "wide": set(),
        "low": set(),
        "mid": {"low"},
        "high": {"mid", "wide"},
        "alone": set(),
    }
    done = in_order(lambda name: begun.append(name) or name.upper(), after, 1, wide=5, high=9, alone=12)
    assert begun == ["wide", "alone", "low", "mid", "high"]
    assert done == {name: name.upper() for name in after}


def test_as_many_tables_as_there_are_workers_are_refined_side_by_side() -> None:
    together = Barrier(3, timeout=30)
    after: dict[str, set[str]] = {name: set() for name in ("one", "two", "three")}
    assert set(in_order(lambda _: together.wait(), after, 3)) == set(after)


def test_the_first_failure_stops_what_has_not_begun_and_waits_for_what_has() -> None:
    begun: list[str] = []
    finished: list[str] = []
    failed = Event()

    def step(name: str) -> str:
        begun.append(name)
        if name == "bad":
            failed.set()
            raise ValueError("broken")
        failed.wait(30)
        finished.append(name)
        return name

    after: dict[str, set[str]] = {"bad": set(), "slow": set(), "later": set(), "behind": {"bad"}}
    with pytest.raises(ValueError, match="broken"):
        in_order(step, after, 2, bad=9, slow=8)
    assert (sorted(begun), finished) == (["bad", "slow"], ["slow"])


def test_tables_that_wait_for_each_other_are_refused() -> None:
    with pytest.raises(UsageError, match=r"wait for each other: .*one"):
        in_order(str, {"one": {"two"}, "two": {"one"}}, 2)
