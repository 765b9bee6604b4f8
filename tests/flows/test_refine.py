"""The refine flow: its order, what stops it, what it leaves behind."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey, LogFilter, LogFilterFlowRunId
from prefect.logging.configuration import setup_logging
from prefect.logging.handlers import APILogHandler
from prefect.settings import PREFECT_LOGGING_LEVEL, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings

from cli.error_output import guarded
from cli.main import app
from cli.run_record import records
from flows.refine import refine
from headrace.engines import Job, JobResult
from headrace.errors import GateClosed, HeadraceError, ReceiptError, Transient, UsageError
from headrace.lake.lease import leased
from headrace.lake.paths import Paths
from headrace.progress import Event, tell
from headrace.settings import Settings, get_settings
from tests.flows.conftest import NotingEngine, receipt_of


def test_each_layer_is_scanned_before_the_next(engine: NotingEngine) -> None:
    refine("pumps")
    assert engine.order == [
        "refine bronze", "scan bronze", "refine silver", "scan silver", "refine gold", "scan gold", "receipt",
    ]  # fmt: skip


@pytest.mark.parametrize("left_out", ["bronze", "silver", "gold"])
def test_any_layer_can_be_left_out(engine: NotingEngine, left_out: str) -> None:
    refine("pumps", layers=[layer for layer in ("bronze", "silver", "gold") if layer != left_out])
    assert not any(left_out in step for step in engine.order)
    assert len(engine.order) == 5


def test_layers_run_in_their_own_order_however_they_are_named(engine: NotingEngine) -> None:
    refine("pumps", layers=["gold", "bronze"], scans=False)
    assert engine.order == ["refine bronze", "refine gold", "receipt"]


def test_a_closed_gate_stops_the_run_before_the_next_layer(engine: NotingEngine) -> None:
    engine.scan_fails_in("silver")
    with pytest.raises(GateClosed, match="orders: order_id names one row: found 1, expected 0"):
        refine("pumps")
    assert engine.order == ["refine bronze", "scan bronze", "refine silver", "scan silver"]


def test_a_receipt_that_does_not_balance_fails_the_run(engine: NotingEngine) -> None:
    engine.answers["receipt"] = lambda job: receipt_of(job, rows=2)
    with pytest.raises(ReceiptError, match=r"bronze\.orders: 2 is not 3"):
        refine("pumps")


def test_as_of_and_tables_reach_every_job_as_plain_text(engine: NotingEngine) -> None:
    refine("pumps", as_of=datetime(2024, 1, 15, tzinfo=UTC), tables=["orders"], layers=["silver"])
    given = [job.options for job in engine.jobs[:2]]
    assert [each["as_of"] for each in given] == ["2024-01-15T00:00:00+00:00"] * 2
    assert [each["tables"] for each in given] == [["orders"]] * 2


def test_a_late_run_can_say_what_it_would_have_said_in_time(
    engine: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = datetime(2024, 1, 15, 1, 20, tzinfo=UTC)
    monkeypatch.setattr("tasks.instants.flow_run", SimpleNamespace(scheduled_start_time=due))
    refine("pumps", as_of="scheduled", layers=["gold"])
    refine("pumps", as_of="newest", layers=["gold"])
    given = [job.options.get("as_of") for job in engine.jobs if job.name == "refine"]
    assert given == [due.isoformat(), None]


def test_a_user_mistake_is_not_tried_again(engine: NotingEngine) -> None:
    def refuse(job: object) -> None:
        raise UsageError("there is no table named 'order'")

    engine.answers["refine"] = refuse
    with pytest.raises(UsageError, match="no table named"):
        refine("pumps")
    assert len(engine.jobs) == 1


def test_a_broken_connection_is_tried_again(engine: NotingEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.submit import submit

    monkeypatch.setattr(submit, "retry_delay_seconds", 0)
    usual = engine.answers.get("refine")

    def break_once(job: object) -> None:
        del engine.answers["refine"]
        raise ConnectionResetError("the engine hung up")

    engine.answers["refine"] = break_once
    refine("pumps", layers=["bronze"], scans=False)
    assert usual is None
    assert engine.order == ["refine bronze", "refine bronze", "receipt"]


def test_a_machine_that_was_lost_is_replaced_by_another_try(
    engine: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.submit import submit

    monkeypatch.setattr(submit, "retry_delay_seconds", 0)

    def lose_once(job: object) -> None:
        del engine.answers["scan"]
        raise Transient("step s-1: it left no result")

    engine.answers["scan"] = lose_once
    refine("pumps", layers=["bronze"])
    assert engine.order == ["refine bronze", "scan bronze", "refine bronze", "scan bronze", "receipt"]


def test_tables_are_published_behind_the_receipt_where_people_ask_in_athena(
    engine: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.jobs.get_settings", lambda: Settings(workgroup="dev"))
    done = refine("pumps", layers=["gold"], scans=False)
    assert engine.order == ["refine gold", "receipt", "publish"]
    assert done["published"] == [{"database": "pumps_gold", "table": "orders", "outcome": "created"}]


@pytest.mark.parametrize("serves", [True, False])
def test_a_database_is_filled_behind_the_receipt_where_one_is_named(
    engine: NotingEngine, monkeypatch: pytest.MonkeyPatch, serves: bool
) -> None:
    monkeypatch.setattr("tasks.jobs.get_settings", lambda: Settings(serve_url="postgresql://db/plant"))
    done = refine("pumps", layers=["gold"], scans=False, serves=serves)
    assert engine.order == ["refine gold", "receipt", *(["serve"] if serves else [])]
    assert [each["inserted"] for each in done["served"]] == ([3] if serves else [])


def test_a_run_leaves_its_scans_and_its_receipt_in_the_ui(engine: NotingEngine) -> None:
    refine("pumps", layers=["silver"])
    keys = {"scan-pumps-silver", "receipt-pumps", "refine-pumps"}
    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=sorted(keys)))
        assert {artifact.key for artifact in client.read_artifacts(artifact_filter=wanted)} == keys


LINK = "https://console/steps/s-1"


def test_a_step_of_a_cluster_is_linked_while_it_runs_and_when_it_has_failed(
    engine: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_cluster(jobs: list[Job]) -> list[JobResult]:
        tell(Event("emr", "refine", "started", note=f"s-1 {LINK}"))
        raise HeadraceError("no such column")

    monkeypatch.setattr("tasks.submit.hand_over", on_cluster)
    with pytest.raises(HeadraceError, match="no such column"):
        refine("pumps", layers=["gold"])
    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=["step-pumps"]))
        (linked,) = [str(artifact.data) for artifact in client.read_artifacts(artifact_filter=wanted)]
    assert LINK in linked


def test_what_becomes_of_a_step_is_in_the_log_of_the_run_once_each(
    engine: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_cluster(jobs: list[Job]) -> list[JobResult]:
        tell(Event("emr", "refine valves", "started", note=f"s-1 {LINK}"))
        tell(Event("emr", "refine valves", "going", note="waiting"))
        tell(Event("emr", "refine valves", "going", note="running"))
        tell(Event("emr", "refine valves", "done", seconds=12))
        return engine(jobs)

    monkeypatch.setattr("tasks.submit.hand_over", on_cluster)
    changed = {PREFECT_LOGGING_TO_API_ENABLED: True, PREFECT_LOGGING_LEVEL: "INFO"}
    with temporary_settings(changed):
        setup_logging(incremental=False)
        run = refine("valves", layers=["gold"], scans=False, return_state=True).state_details.flow_run_id
        APILogHandler().flush()
    wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run]))
    with get_client(sync_client=True) as client:
        said = [each.message for each in client.read_logs(wanted) if each.message.startswith("emr")]
    told = [f"started s-1 {LINK}", "going waiting", "going running", "done in 12 s"]
    of_gold, of_receipt = said[:4], said[4:]
    assert of_gold == of_receipt == [f"emr refine valves: {each}" for each in told]


@pytest.mark.parametrize(
    ("layer", "table"), [("bronze", "strokes"), ("silver", "orders"), ("gold", "pump_days")]
)
def test_a_second_refine_at_once_says_who_is_at_work_and_exits_with_1(
    layer: str,
    table: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HEADRACE_HOME", str(tmp_path))
    monkeypatch.setattr("cli.work._warm_up", lambda: None)
    get_settings.cache_clear()
    lease = Paths.of("pumps", Settings(home=tmp_path)).lease(layer, table)
    with leased([lease], job="refine pumps", seconds=60):
        code = guarded(lambda: app(["refine", "pumps", "--layers", layer, "--no-scans"]))
    get_settings.cache_clear()
    said = " ".join(capsys.readouterr().err.split())
    assert code == 1
    assert f"pumps/{layer}/{table} is being written by 'refine pumps'" in said
    assert "Traceback" not in said
    assert not (tmp_path / "lake" / "pumps").exists()


def test_typed_where_a_server_stays_a_run_is_linked_and_tells_all_of_its_time(
    engine: NotingEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADRACE_HOME", str(tmp_path))
    monkeypatch.setattr("cli.work._warm_up", lambda: None)
    monkeypatch.setattr("tasks.defaults.has_server", lambda: True)
    get_settings.cache_clear()
    code = guarded(lambda: app(["refine", "pumps", "--layers", "gold", "--json"]))
    (record,) = records()
    get_settings.cache_clear()
    done = json.loads(capsys.readouterr().out)
    assert code == 0
    assert re.search(r"/runs/flow-run/[0-9a-f-]{36}$", done["link"])
    assert (record.link, record.outcome) == (done["link"], "done")
    assert sum(done["took"].values()) == pytest.approx(record.seconds)
    assert done["took"]["start"] > 0


def test_a_server_that_ends_with_its_run_is_not_linked(
    engine: NotingEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADRACE_HOME", str(tmp_path))
    monkeypatch.setattr("cli.work._warm_up", lambda: None)
    monkeypatch.setattr("tasks.defaults.has_server", lambda: False)
    get_settings.cache_clear()
    code = guarded(lambda: app(["refine", "pumps", "--layers", "gold", "--as-of", "2024-01-15"]))
    get_settings.cache_clear()
    assert code == 0
    assert "in Prefect" not in capsys.readouterr().out
