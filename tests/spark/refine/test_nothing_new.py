"""Where nothing is new, nothing is started; where everything seems new that is not, nothing is read."""

from datetime import datetime

import pytest

from cli.error_output import guarded
from cli.main import app
from cli.nothing_new import refined
from headrace.quality.scan import scan
from headrace.refine import run
from headrace.refine.catalog import load_tables
from headrace.refine.run import has_news
from headrace.settings import get_settings
from headrace.writes.node import Node
from tests.spark.refine.conftest import PumpStation, stroke


def test_a_run_with_nothing_new_starts_no_spark(
    station: PumpStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    station.lands_parents()
    station.lands("strokes", [stroke(1)])
    assert has_news("pumps", station.settings)
    station.refine()
    assert not has_news("pumps", station.settings)

    def started(_: object) -> None:
        raise AssertionError("Spark was started for nothing")

    monkeypatch.setattr(run, "get_spark", started)
    again = station.refine()
    assert all(each.rows_in == 0 and not any(each.counts.values()) for each in again.tables)
    station.lands("strokes", [stroke(2)], "20240103T000000")
    assert has_news("pumps", station.settings)


def test_rows_of_bronze_that_wait_for_silver_are_news(station: PumpStation) -> None:
    station.lands_parents()
    station.refine(layers=["bronze"])
    assert has_news("pumps", station.settings)


def test_where_nothing_is_new_the_command_answers_without_prefect_and_without_spark(
    station: PumpStation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _is_up_to_date(station)

    def started(*_: object) -> None:
        raise AssertionError("started for nothing")

    for place in ("cli.work._flow", "cli.work._warm_up", "tasks.temporary_server.start_server"):
        monkeypatch.setattr(place, started)
    monkeypatch.setenv("HEADRACE_HOME", str(station.settings.home))
    get_settings.cache_clear()
    code = guarded(lambda: app(["refine", "pumps"]))
    get_settings.cache_clear()
    said = capsys.readouterr().out
    assert code == 0, said
    assert said.startswith("Nothing was new.\nchecks: 0 passed, 0 warned, 0 failed; receipt: ")
    done = refined("pumps", station.settings)
    assert done is not None
    assert {each["layer"] for each in done["tables"]} == {"bronze", "silver", "gold"}
    assert not any(each["rows_in"] or any(each["counts"].values()) for each in done["tables"])
    assert [each["layer"] for each in done["scans"]] == ["bronze", "silver", "gold"]
    assert done["receipt"]["balanced"]
    assert done["as_of"] == station.refine().as_of


def test_code_an_instant_and_a_scan_to_come_are_news(
    station: PumpStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    _is_up_to_date(station, scans=False)
    assert refined("pumps", station.settings) is None
    assert refined("pumps", station.settings, scans=False) is not None
    assert refined("pumps", station.settings, scans=False, as_of=datetime(2024, 2, 1)) is None
    monkeypatch.setattr(Node, "fingerprint", "another")
    load_tables.cache_clear()  # its nodes remember theirs
    assert refined("pumps", station.settings, scans=False) is None


def _is_up_to_date(station: PumpStation, *, scans: bool = True) -> None:
    station.lands_parents()
    station.lands("strokes", [stroke(1)])
    station.refine()
    for layer in ("bronze", "silver", "gold") if scans else ():
        scan("pumps", layer, settings=station.settings)
