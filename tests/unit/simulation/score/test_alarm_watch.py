"""What an engine raised, and who could be heard at all."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from cli.alarm_score import show_alarm_score
from headrace.alarms.processor import AlarmProcessor
from headrace.alarms.rules import Rules
from simulation.score.alarm_watch import AlarmWatch, SenderActivity
from simulation.score.matching import HOUR, Planted
from simulation.score.panels import PANELS, Panel, Readings, panels
from simulation.score.replay import PanelResult, scores
from tests.unit.alarms.conftest import RULES, senders

START = round(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1e6)
MINUTE = HOUR // 60


def readings(values: list[float], every: int = MINUTE, begin: int = 0) -> Readings:
    """Of pump P0, from so many minutes after midnight on."""
    at = START + begin * MINUTE + np.arange(len(values)) * every
    return Readings(pa.array(["P0"]), np.zeros(len(values), np.int32), at, np.array(values))


def versions(*limits: tuple[int, float]) -> pa.Table:
    """The high limit of P0 from each minute on."""
    rows = [
        senders(1, high=[high])
        .append_column("version", pa.array([number]))
        .append_column("effective_from", pa.array([START + minute * MINUTE]).cast(pa.timestamp("us", "UTC")))
        for number, (minute, high) in enumerate(limits, start=1)
    ]
    return pa.concat_tables(rows)


def told(*limits: tuple[int, float]) -> AlarmWatch:
    return AlarmWatch(
        AlarmProcessor(Rules.model_validate(RULES)), versions(*limits), Rules.model_validate(RULES)
    )


def test_an_alarm_lasts_from_its_raising_to_its_clearing_or_the_end():
    pump = told((0, 9.0))
    pump.take(readings([5, 9.5, 9.5, 9.5, 5, 5, 5, 9.5, 9.5, 9.5]))

    spans = [((each.at - START) / MINUTE, (each.end - START) / MINUTE) for each in pump.raised()]
    assert spans == [(2, 5), (8, 9)]
    assert {(each.kind, each.subject, each.group) for each in pump.raised()} == {("limit", "P0", "H0")}


def test_limits_are_those_of_their_time():
    pump = told((0, 9.0), (600, 7.0))
    pump.take(readings([8.0] * 60))
    assert pump.raised() == ()

    pump.take(readings([8.0] * 60, begin=24 * 60))
    assert [each.kind for each in pump.raised() if each.kind == "limit"] == ["limit"]


def test_what_befalls_a_sender_that_is_not_heard_cannot_be_seen():
    heard = SenderActivity()
    heard.take(readings([5.0] * 120))

    def fault(kind: str, begin: int, end: int, subject: str = "P0") -> Planted:
        return Planted(kind, subject, "H0", START + begin * MINUTE, START + end * MINUTE)

    assert heard.shows(fault("stuck", 30, 60))
    assert not heard.shows(fault("stuck", 30, 60, subject="P1"))
    assert not heard.shows(fault("stuck", 180, 240))
    assert not heard.shows(fault("silent", 180, 240))


def test_panels_of_other_seeds_are_other_worlds_of_the_same_shape():
    assert [panel.seed for panel in panels(7)] == [7, 8, 9]
    assert [panel.name for panel in panels(7)] == [panel.name for panel in PANELS]
    assert sum(panel.group_years for panel in PANELS if "failing" in panel.kinds) >= 50


def test_a_score_is_shown_with_its_intervals_and_what_is_not_known(capsys):
    failure = Planted("failing", "H0", "H0", START, START + 99 * HOUR, at=START + 80 * HOUR)
    panel = Panel("small", 1, 2, 365, PANELS[0].stride, ("failing", "stuck"))
    show_alarm_score([each.as_dict() for each in scores([PanelResult(panel, (failure,), (), 0)])])

    said = capsys.readouterr().out
    assert "0.0% (0.0% to 79.3%)" in said
    assert "0 of 1 told at least 24 hours before" in said
    assert "\N{EN DASH}" in said
