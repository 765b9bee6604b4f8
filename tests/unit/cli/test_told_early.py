"""A name that nothing has, a table that somebody writes, an option that cannot be: told before anything is started."""

from pathlib import Path
from typing import NoReturn

import pytest

from cli.error_output import guarded
from cli.main import app
from headrace.lake.lease import leased
from headrace.lake.paths import Paths
from headrace.settings import Settings


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*_: object, **__: object) -> NoReturn:
        raise AssertionError("something was started")

    for place in ("cli.work._flow", "cli.work._warm_up", "tasks.temporary_server.start_server"):
        monkeypatch.setattr(place, started)
    monkeypatch.setattr("headrace.lake.session._started", started)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("refine nowhere", "there is no domain named 'nowhere'"),
        ("refine pumps --table nothing", "there is no table named 'nothing'"),
        ("refine pumps --table strokez", "there is no table named 'strokez'; did you mean strokes"),
        ("refine pumps --select strokez+", "there is no table named 'strokez'; did you mean strokes"),
        ("query refinery/early-warning", "did you mean refinery/early-warnings?"),
        ("query utilisation", "did you mean refinery/utilization?"),
        ("refine pumps --layer gold", "--layers"),
        ("refin pumps", "refine"),
        ("refine pumps --layers iron", "'iron' is not among bronze, silver, gold"),
        ("refine pumps --as-of yesterday", "'yesterday' is no date"),
        ("scan pumps --table nothing", "there is no table named 'nothing'"),
        ("recycle pumps --table nothing", "there is no table named 'nothing'"),
        ("maintain pumps --table nothing", "there is no table named 'nothing'"),
        ("maintain pumps --retain-hours 1", "1 hours is less than a week"),
        ("dedupe pumps --table pump_days", "there is no table that rows are appended to by their day named"),
        ("generate pumps --table nothing", "there is no source table named 'nothing'"),
        ("demo pumps --profile none", "there is no profile of pumps named 'none'"),
        ("receipt nowhere", "there is no domain named 'nowhere'"),
        ("score nowhere", "there is no domain named 'nowhere'"),
    ],
)
def test_a_mistake_is_told_before_anything_is_started(
    command: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(lambda: app(command.split())) == 2
    assert said in " ".join(capsys.readouterr().err.replace("│", "").split())


@pytest.mark.parametrize(
    ("command", "layer", "table"),
    [
        ("refine pumps", "silver", "strokes"),
        ("refine pumps --layers gold", "gold", "pump_days"),
        ("refine pumps --table orders", "bronze", "orders"),
        ("recycle pumps", "silver", "strokes"),
        ("dedupe pumps", "silver", "strokes"),
        ("demo refinery", "silver", "sensors"),
        ("generate refinery --yes", "landing", "sensors"),
    ],
)
def test_so_is_who_writes_a_table(
    command: str, layer: str, table: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    domain = command.split()[1]
    lease = Paths.of(domain, Settings(home=home)).lease(layer, table)
    with leased([lease], job="another run", seconds=60):
        code = guarded(lambda: app(command.split()))
    said = " ".join(capsys.readouterr().err.split())
    assert code == 1
    assert f"{domain}/{layer}/{table} is being written by 'another run'" in said
