"""What an operator sees and does, without a broker and without a standing job."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from cli.main import app
from headrace.alarms.actions import Action
from headrace.alarms.fold import AlarmFold
from headrace.alarms.operator import Operator
from headrace.alarms.rules import load_rules
from headrace.errors import UsageError
from headrace.lake.lease import RunContext, leased
from headrace.lake.paths import Paths
from headrace.settings import Settings, get_settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A lake of pumps, of which P1 is too high and P2 was."""
    monkeypatch.setenv("HEADRACE_HOME", str(tmp_path))
    get_settings.cache_clear()
    paths = Paths.of("pumps", get_settings())
    pumps = {
        "pump_id": ["P1", "P2"],
        "station_id": ["S1", "S2"],
        "max_bar": [10.0, 10.0],
        "is_active": [True, True],
    }
    write_deltalake(paths.table("silver", "pumps"), pa.table(pumps))
    bars = [
        ("P1", 0, 12.0),
        ("P1", 60, 12.0),
        ("P2", 0, 11.0),
        ("P2", 60, 11.0),
        ("P2", 120, 5.0),
        ("P2", 180, 5.0),
    ]
    at = pa.array([1_704_103_200 + second for _, second, _ in bars], pa.int64()).cast(pa.timestamp("s"))
    strokes = pa.table(
        {
            "pump_id": [pump for pump, _, _ in bars],
            "stroke_at": at.cast(pa.timestamp("us", "UTC")),
            "bar": [bar for _, _, bar in bars],
        }
    )
    by_day = strokes.append_column("day", pc.cast(strokes["stroke_at"], pa.date32()))
    write_deltalake(paths.table("silver", "strokes"), by_day)
    rules = load_rules("pumps")
    assert rules is not None
    with leased([], job="test", seconds=60) as leases:
        edge = AlarmFold(rules, RunContext(paths, settings, leases, "run"))
        edge.catch_up()
        edge.close()
    yield get_settings()
    get_settings.cache_clear()


def test_the_alarms_that_stand_are_listed_with_what_is_wrong(settings: Settings) -> None:
    standing = Operator("pumps", settings).standing()
    assert [(each["alarm_id"], each["state"], each["message"]) for each in standing] == [
        ("A1", "unacknowledged", "P1: 12 is above its limit 10"),
        ("A2", "returned", "P2: 11 is above its limit 10"),
    ]


def test_groups_and_consoles_are_called_by_their_names_as_far_as_these_are_known(settings: Settings) -> None:
    run = CliRunner().invoke
    assert [each["group_name"] for each in Operator("pumps", settings).standing()] == [None, None]
    assert "S1 P1: 12 is above" in " ".join(run(app, ["alarms", "--domain", "pumps"]).stdout.split())
    stations = {
        "station_id": ["S1", "S1", "S2"],
        "station_name": ["Before", "North", "South"],
        "is_current": [False, True, True],
    }
    write_deltalake(Paths.of("pumps", settings).table("silver", "stations"), pa.table(stations))

    standing = Operator("pumps", settings).standing()
    assert [(each["group_name"], each["console_name"]) for each in standing] == [
        ("North",) * 2,
        ("South",) * 2,
    ]
    assert "North North: P1: 12 is above" in " ".join(
        run(app, ["alarms", "--domain", "pumps"]).stdout.split()
    )


def test_suppressed_alarms_are_counted_with_their_cause(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Operator("pumps", settings)
    first, other = desk.standing()
    laid = [first, other | {"state": "suppressed", "cause_id": "A1"}]
    monkeypatch.setattr(Operator, "standing", lambda _: laid)
    assert [(each["alarm_id"], each["others"]) for each in desk.shown()] == [("A1", 1)]


def test_what_an_operator_does_holds_at_once_where_no_job_stands(settings: Settings) -> None:
    desk = Operator("pumps", settings)
    told = desk.act(
        Action(what="acknowledge", alarm_id="A2", by="Ann"), Action(what="shelve", alarm_id="A9", lasts=60)
    )
    assert [(each["alarm_id"], each["event"], each["acted_by"]) for each in told] == [
        ("A2", "acknowledged", "Ann"),
        ("A9", "refused", "operator"),
    ]
    assert [each["alarm_id"] for each in desk.standing()] == ["A1"]


def test_the_command_lists_and_acts_and_says_what_was_refused(settings: Settings) -> None:
    run = CliRunner().invoke
    listed = json.loads(run(app, ["alarms", "--domain", "pumps", "--json"]).stdout)
    assert [each["alarm_id"] for each in listed] == ["A1", "A2"]
    shelved = run(app, ["alarms", "shelve", "A1", "--for", "2h", "--by", "Ann", "--domain", "pumps"])
    assert shelved.stdout == "A1: shelved until 2024-01-01 12:03; it is shelved now\n"
    refused = run(app, ["alarms", "ack", "A7", "--domain", "pumps"])
    assert (refused.exit_code, refused.stderr) == (1, "A7: no alarm A7 stands\n")


def test_a_domain_without_rules_or_without_a_table_says_so(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no alarms\.yml"):
        Operator("valves", settings)
    empty = settings.model_copy(update={"home": tmp_path / "empty"})
    with pytest.raises(UsageError, match="headrace refine"):
        Operator("pumps", empty).standing()
