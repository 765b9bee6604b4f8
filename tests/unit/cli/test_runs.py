"""What was run, what it said, and what is learned from it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import run_record
from cli.main import app
from cli.run_record import RunRecord, learned, log_file, recorded, records, run_name
from cli.watch import watching
from headrace.errors import UsageError
from headrace.lake import ledger
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.progress import Event, tell
from headrace.settings import Settings


def kept(home: Path, number: int, **other: object) -> RunRecord:
    minutes = {"began": f"2024-01-0{number}T00:00:00+00:00", "ended": f"2024-01-0{number}T00:01:00+00:00"}
    what = {"name": "refine", "domain": "pumps", "command": "headrace refine", "pid": 1, "outcome": "done"}
    record = RunRecord(f"2024010{number}T000000-1", **{**what, **minutes, "seconds": 60.0, **other})  # type: ignore[arg-type]
    (home / "runs").mkdir(exist_ok=True)
    (home / "runs" / f"{record.run}.json").write_text(json.dumps(vars(record), default=dict))
    return record


def test_a_run_is_kept_with_what_became_of_it_and_of_what_it_took(home: Path) -> None:
    with recorded("refine", "pumps", estimated=3.0) as known:
        assert records()[0].outcome == "under way"
        tell(Event("bronze", "strokes", "started", at=1.0))
        tell(Event("bronze", "strokes", "done", at=3.5))
        known["rows"] = 7
    (found,) = records()
    assert (found.outcome, found.rows, found.estimated) == ("done", 7, 3.0)
    assert found.stages["bronze"] == 2.5
    assert found.seconds == pytest.approx(sum(found.stages.values()))
    assert found.ended >= found.began


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(UsageError("no such thing"), "failed: no such thing"), (KeyboardInterrupt(), "stopped")],
)
def test_one_that_fails_or_is_stopped_says_so(home: Path, error: BaseException, outcome: str) -> None:
    with pytest.raises(type(error)), recorded("refine", "pumps"):
        raise error
    assert records()[0].outcome == outcome


def test_one_whose_process_is_gone_was_killed(home: Path) -> None:
    kept(home, 1, outcome="under way", ended="", pid=2**22 + 1)
    assert records()[0].outcome == "killed"


def test_estimates_learn_from_the_last_runs_that_ended_well(home: Path) -> None:
    assert learned("refine", "pumps") == 1.0
    kept(home, 1, estimated=30.0)
    assert learned("refine", "pumps") == 2.0
    kept(home, 2, estimated=20.0)
    kept(home, 3, estimated=15.0)
    kept(home, 4, estimated=1.0, outcome="failed: x")
    kept(home, 5, estimated=0.0)
    assert learned("refine", "pumps") == 3.0
    assert learned("generate", "pumps") == learned("refine", "valves") == 1.0


def test_a_part_of_a_run_is_kept_apart_and_takes_its_own_time(home: Path) -> None:
    with recorded("demo-live", "pumps"), recorded("history", "pumps", estimated=1.0, is_part=True):
        pass
    found = {each.name: each for each in records()}
    assert found["history"].seconds < 1 < found["demo-live"].seconds
    assert log_file(found["history"].run) == log_file(found["demo-live"].run)
    assert learned("history", "pumps") < 1


def test_only_the_last_runs_are_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_record, "KEPT", 2)
    for number in (1, 2, 3):
        kept(home, number)
    with recorded("refine", "pumps"):
        pass
    assert [each.run for each in records()] == [run_name(), "20240103T000000-1"]


def test_runs_are_listed_with_those_of_others_in_the_ledger(home: Path) -> None:
    kept(home, 1, rows=9)
    paths = Paths.of("pumps", Settings(home=home))
    for hour, finished in (
        ("inside", "2024-01-01T00:00:30+00:00"),
        ("elsewhere", "2024-01-02T05:00:30+00:00"),
    ):
        entry = Entry("bronze", "strokes", "Append", hour, hour, 5, {}, seconds=30.0, finished_at=finished)
        ledger.record(paths, entry)
    said = json.loads(CliRunner().invoke(app, ["runs", "pumps", "--json"]).stdout)
    assert [(each["run"], each["rows"], each["seconds"]) for each in said] == [
        ("elsewhere", 5, 30.0),
        ("20240101T000000-1", 9, 60.0),
    ]
    assert said[0]["began"] == "2024-01-02T05:00:00+00:00"
    assert "by another process: bronze" in CliRunner().invoke(app, ["runs", "pumps"]).stdout


def test_the_log_of_a_run_has_its_progress_with_the_time(home: Path) -> None:
    with watching(), recorded("refine", "pumps"):
        tell(Event("bronze", "strokes", "done", rows=5, seconds=1.5))
    said = CliRunner().invoke(app, ["logs"]).stdout.splitlines()
    line = next(each for each in said if "strokes" in each).split()
    assert line[1:] == ["bronze", "strokes", "done", "5", "rows", "1.5", "s"]
    assert abs(int(line[0][:2]) - datetime.now(UTC).hour) in (0, 1, 23)
    path = CliRunner().invoke(app, ["logs", run_name(), "--path"]).stdout.strip()
    assert path == str(log_file())
    assert (home / "logs" / "last.log").resolve() == log_file().resolve()


def test_what_a_run_died_of_is_in_its_log(home: Path) -> None:
    with pytest.raises(UsageError), watching(), recorded("refine", "pumps"):
        raise UsageError("the gate is closed\n  orders: order_id is null")
    said = CliRunner().invoke(app, ["logs"]).stdout
    assert "failed: the gate is closed" in said
    assert "  orders: order_id is null" in said


def test_a_run_without_a_log_is_a_usage_error(home: Path) -> None:
    assert isinstance(CliRunner().invoke(app, ["logs"]).exception, UsageError)
    assert isinstance(CliRunner().invoke(app, ["logs", "nothing"]).exception, UsageError)
