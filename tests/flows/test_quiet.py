"""Schedules of an environment that has nothing yet, or whose cluster has ended, fail nobody's night."""

from collections.abc import Callable
from typing import Any

import pytest

from flows.keep_streaming import keep_streaming
from flows.refine import refine
from flows.scan_live import scan_live
from headrace.engines.job import Job
from headrace.errors import GateClosed, HeadraceError, UsageError
from headrace.live.waiting import waits_for
from headrace.refine.catalog import Ref
from headrace.refine.edge import read_version
from tests.flows.conftest import NotingEngine, _scan

NOT_YET = "silver.storage_tanks does not exist yet; refine it first"
ENDED = "EMR cluster j-1 is gone (terminated: idle). terraform apply makes another"
BROKEN = "EMR cluster j-1 is gone (terminated_with_errors: no disk). terraform apply makes another"


@pytest.fixture
def by_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.schedules.by_schedule", lambda: True)


def refuses(said: str, kind: type[HeadraceError] = UsageError) -> Callable[[Job], Any]:
    def refuse(job: Job) -> Any:
        raise kind(said)

    return refuse


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        (NOT_YET, "waits for silver.storage_tanks, which does not exist yet"),
        (ENDED, "waits for its cluster, which has ended: terraform apply makes another"),
    ],
)
@pytest.mark.usefixtures("by_schedule")
def test_a_scheduled_refine_waits_for_what_is_not_there_yet(
    engine: NotingEngine, said: str, waits: str
) -> None:
    engine.answers["refine"] = refuses(said)
    state = refine("pumps", layers=["silver"], tables=["tank_inventory"], return_state=True)
    assert (state.name, state.message) == ("Completed", waits)


def test_by_hand_it_is_an_error(engine: NotingEngine) -> None:
    engine.answers["refine"] = refuses(NOT_YET)
    with pytest.raises(UsageError, match=r"silver\.storage_tanks does not exist yet"):
        refine("pumps", layers=["silver"])


@pytest.mark.parametrize("said", [BROKEN, "no such column"])
@pytest.mark.usefixtures("by_schedule")
def test_anything_else_fails_a_scheduled_run(engine: NotingEngine, said: str) -> None:
    engine.answers["refine"] = refuses(said, HeadraceError)
    assert refine("pumps", layers=["silver"], return_state=True).is_failed()


def test_the_words_are_those_of_who_says_them() -> None:
    with pytest.raises(UsageError) as raised:
        read_version(None, "", -1, Ref("silver", "storage_tanks"))  # type: ignore[arg-type]
    assert waits_for(str(raised.value)) == "silver.storage_tanks, which does not exist yet"


def test_keep_streaming_ends_well_and_says_what_the_job_waits_for(engine: NotingEngine) -> None:
    said = "the standing job of pumps waits for its topic strokes"
    engine.answers["keep"] = lambda job: {"domain": job.domain, "state": "waiting", "said": said}
    assert keep_streaming("pumps", return_state=True).message == said
    assert keep_streaming("pumps")["state"] == "waiting"


def missing(*others: dict[str, str]) -> Callable[[Job], Any]:
    never = {
        "table": "strokes", "name": "the table is there", "outcome": "fail", "detail": "it was never written",
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
