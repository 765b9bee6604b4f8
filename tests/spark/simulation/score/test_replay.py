"""A replay on two units for some days: what was planted there, and what was told of it."""

from datetime import timedelta

import pytest
from pyspark.sql import SparkSession

from headrace.alarms.rules import load_rules
from headrace.refine.catalog import load_tables
from simulation.score.matching import HOUR
from simulation.score.panels import START, Panel
from simulation.score.replay import PanelResult, scores, watch

SMALL = Panel("small", 9, 2, 10, timedelta(minutes=30), ("limit", "stuck", "silent"), per_group=60)
BEGIN = int(START.timestamp() * 1e6)


@pytest.fixture(scope="module")
def watched(spark: SparkSession) -> PanelResult:
    rules = load_rules("refinery")
    assert rules is not None
    return watch(spark, load_tables("refinery"), rules, SMALL)


def test_the_key_senders_of_each_group_are_replayed(watched: PanelResult) -> None:
    """A day has 48 readings of each of 120 sensors; some are silent, spoiled or off."""
    assert 0.9 < watched.rows / (120 * 48 * 10) < 1
    assert {each.group for each in watched.planted} <= {"UNIT-00000", "UNIT-00001"}


def test_what_was_planted_is_told_and_hardly_anything_else(watched: PanelResult) -> None:
    found = {each.kind: each for each in scores([watched])}
    assert {kind: each.planted > 0 for kind, each in found.items()} == dict.fromkeys(SMALL.kinds, True)
    assert found["silent"].recall == 1
    assert found["limit"].recall == 1
    assert found["stuck"].recall is not None
    assert found["stuck"].recall > 0.8
    assert sum(each.false_alarms for each in found.values()) <= 2


def test_an_alarm_comes_after_its_cause_began(watched: PanelResult) -> None:
    told = watched.matched("silent")
    assert all(0 < delay < 3 for delay in told.delays)
    assert all(BEGIN <= each.at <= BEGIN + 240 * HOUR for each in watched.raised)
