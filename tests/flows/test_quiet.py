"""Schedules of an environment that has nothing yet, or whose cluster has ended, fail nobody's night."""

from collections.abc import Callable
from typing import Any

import pytest

from flows.keep_streaming import keep_streaming
from flows.refine import refine
from flows.scan_live import scan_live
from headrace.engines import Job
from headrace.errors import GateClosed, HeadraceError, NotReady
from headrace.writes.edge import read_version
from headrace.writes.node import Ref
from tests.flows.conftest import NotingEngine, _scan

NOT_YET = NotReady(
    "silver.storage_tanks does not exist yet; refine it first",
    "silver.storage_tanks, which does not exist yet",
)
BROKEN = HeadraceError(
    "EMR cluster j-1 is gone (terminated_with_errors: no disk). terraform apply makes another"
)


@pytest.fixture
def by_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.schedules.by_schedule", lambda: True)


def refuses(error: HeadraceError) -> Callable[[Job], Any]:
    def refuse(job: Job) -> Any:
        raise error

    return refuse


@pytest.mark.usefixtures("by_schedule")
def test_a_scheduled_refine_waits_for_what_is_not_there_yet(engine: NotingEngine) -> None:
    engine.answers["refine"] = refuses(NOT_YET)
    state = refine("pumps", layers=["silver"], tables=["tank_inventory"], return_state=True)
    assert (state.name, state.message) == ("Completed", f"waits for {NOT_YET.waits_for}")


def test_by_hand_it_is_an_error(engine: NotingEngine) -> None:
    engine.answers["refine"] = refuses(NOT_YET)
    with pytest.raises(NotReady, match=r"silver\.storage_tanks does not exist yet"):
        refine("pumps", layers=["silver"])


@pytest.mark.parametrize("error", [BROKEN, HeadraceError("silver.storage_tanks does not exist yet")])
@pytest.mark.usefixtures("by_schedule")
def test_anything_else_fails_a_scheduled_run(engine: NotingEngine, error: HeadraceError) -> None:
    engine.answers["refine"] = refuses(error)
    assert refine("pumps", layers=["silver"], return_state=True).is_failed()


def test_reading_a_table_that_does_not_exist_names_what_a_run_waits_for() -> None:
    with pytest.raises(NotReady) as raised:
        read_version(None, "", -1, Ref("silver", "storage_tanks"))  # type: ignore[arg-type]
    assert raised.value.waits_for == NOT_YET.waits_for


def test_keep_streaming_ends_well_and_says_what_the_job_waits_for(engine: NotingEngine) -> None:
    said = "the standing job of pumps waits for its topic strokes"
    engine.answers["keep"] = lambda job: {"domain": job.domain, "state": "waiting", "said": said}
    assert keep_streaming("pumps", return_state=True).message == said
    assert keep_streaming("pumps")["state"] == "waiting"


def missing(*others: dict[str, str]) -> Callable[[Job], Any]:
    never = {
        "table": "strokes", "name": "the table is there", "outcome": "fail", "detail": "it was never written",
        "code": "never_written",
    }  # fmt: skip
    return lambda job: _scan(job, [never, *others])


@pytest.mark.usefixtures("by_schedule")
def test_a_scheduled_scan_waits_for_tables_that_nobody_has_written(engine: NotingEngine) -> None:
    engine.answers["scan"] = missing()
    state = scan_live("pumps", tables=["strokes"], return_state=True)
    assert (state.name, state.message) == (
        "Completed",
        "waits for silver.strokes, which does not exist yet",
    )


@pytest.mark.usefixtures("by_schedule")
def test_a_scan_in_which_more_failed_closes_the_gate(engine: NotingEngine) -> None:
    wrong = {"table": "orders", "name": "order_id names one row", "outcome": "fail", "detail": "found 1"}
    engine.answers["scan"] = missing(wrong)
    with pytest.raises(GateClosed):
        scan_live("pumps", ["strokes", "orders"])
