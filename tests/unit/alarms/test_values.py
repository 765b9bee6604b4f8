"""Rows that hold several values: each has a sender and limits of its own."""

from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from headrace.alarms.processor import AlarmProcessor
from headrace.alarms.rules import Rules
from headrace.alarms.senders import row_keys
from tests.unit.alarms.conftest import RULES, Plant, rows, senders

VALUES = {
    "bar": {"column": "bar", "limits": {"high": "high", "high_high": "max"}},
    "heat": {"column": "celsius", "limits": {"high": 70}},
}
SEVERAL: dict[str, Any] = {name: rule for name, rule in RULES.items() if name not in ("value", "limits")}
SEVERAL |= {
    "values": VALUES,
    "senders": {"table": "pumps", "key": "pump", "group": "pump", "console": "hall"},
}
SEVERAL |= {"defaults": {"silent": {"enabled": False}}, "by_kind": {"bar": {"silent": {"enabled": True}}}}


def wide(*readings: tuple[str, str, float | None, float | None]) -> pa.Table:
    """Each reading as (pump, span after midnight, bar, heat)."""
    table = rows(*(reading[:3] for reading in readings))
    return table.append_column("celsius", pa.array([heat for *_, heat in readings], pa.float64()))


@pytest.fixture
def pumps() -> Plant:
    engine = AlarmProcessor(Rules.model_validate(SEVERAL))
    engine.senders.take(senders(2))
    return Plant(engine)


def test_each_value_is_held_against_its_own_limits(pumps: Plant) -> None:
    pumps.reads(wide(("P0", "0m", 9.5, 20.0), ("P1", "0m", 5.0, 71.0)))
    assert pumps.says(wide(("P0", "1m", 9.5, 20.0), ("P1", "1m", 5.0, 71.0))) == [
        ("00:01:00", "raised", "P0/bar"),
        ("00:01:00", "raised", "P1/heat"),
    ]
    assert [(each["limit_value"], each["group_id"]) for each in pumps.told] == [(9.0, "P0"), (70.0, "P1")]


def test_a_value_that_is_missing_changes_nothing_of_the_others(pumps: Plant) -> None:
    pumps.reads(wide(("P0", "0m", None, 71.0)))
    assert pumps.says(wide(("P0", "1m", None, 71.0))) == [("00:01:00", "raised", "P0/heat")]


def test_a_late_row_is_one_late_row(pumps: Plant) -> None:
    pumps.reads(wide(("P0", "5m", 1.0, 1.0), ("P1", "5m", 1.0, 1.0)))
    pumps.reads(wide(("P0", "4m", 99.0, 99.0), ("P1", "6m", 1.0, 1.0)))
    assert pumps.engine.late == 1


def test_a_value_is_a_kind_with_rules_of_its_own(pumps: Plant) -> None:
    for minute in range(5):
        value = 5 + 0.1 * minute
        pumps.reads(wide(("P0", f"{minute}m", value, value), ("P1", f"{minute}m", value, value)))
    for minute in range(5, 20):
        pumps.reads(wide(("P1", f"{minute}m", 5 + 0.1 * minute, 5.0 + 0.1 * minute)))
    assert [(each["subject"], each["kind"]) for each in pumps.told] == [("P0/bar", "silent")]


def test_a_sender_names_the_row_that_it_is_of(pumps: Plant) -> None:
    subjects = pa.chunked_array([["N/1/bar", "P0/heat"]])
    assert row_keys(subjects, pumps.engine.rules).to_pylist() == ["N/1", "P0"]
    assert row_keys(subjects, Rules.model_validate(RULES)) == subjects


@pytest.mark.parametrize("more", [{"values": VALUES}, {"value": ""}])
def test_a_row_holds_one_value_or_several(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="say `value` where a row holds one"):
        Rules.model_validate(RULES | more)


def test_the_columns_of_all_values_must_be_there() -> None:
    assert Rules.model_validate(SEVERAL).columns_named() == {
        "strokes": ["pump", "stroke_at", "bar", "celsius"],
        "pumps": ["pump", "pump", "hall", "high", "max"],
    }
