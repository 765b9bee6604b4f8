"""What the operator of a station is told of a machine's readings, by the rules of the sector."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from domains.compressors.signals import LIMITED, WARNING_AND_CRITICAL
from headrace.alarms.processor import AlarmProcessor
from headrace.alarms.rules import Rules, load_rules

START = datetime(2024, 2, 1, tzinfo=UTC)
RNG = np.random.default_rng(7)
A_DAY = 144  # readings
USUAL = {"vibration_mms": 3.0, "discharge_temp_f": 230.0, "discharge_pressure_psi": 950.0}


def rules() -> Rules:
    found = load_rules("compressors")
    assert found is not None
    return found


@pytest.fixture
def engine() -> AlarmProcessor:
    engine = AlarmProcessor(rules())
    engine.senders.take(pa.table({"compressor_id": ["C1", "C2"], "station_id": ["S1", "S1"]}))
    return engine


def readings(count: int, machine: str = "C1", first: int = 0, **signals: Sequence[float | None]) -> pa.Table:
    """Readings ten minutes apart; signals that are not given are as usual, with noise."""
    at = [START + timedelta(minutes=10 * (first + number)) for number in range(count)]
    made: dict[str, Any] = {
        "compressor_id": [machine] * count,
        "timestamp": pa.array(at, pa.timestamp("us", "UTC")),
    }
    for name, usual in USUAL.items():
        noise = usual * (1 + 0.01 * RNG.standard_normal(count))
        made[name] = pa.array(signals.get(name, noise), pa.float64())
    return pa.table(made)


def told(engine: AlarmProcessor, *tables: pa.Table) -> list[tuple[str, str, str]]:
    events = engine.step(pa.concat_tables(tables)).to_pylist()
    return [(each["event"], each["subject"], each["severity"]) for each in events]


def test_limits_are_those_of_the_statuses() -> None:
    values = rules().values
    assert {name: each.column for name, each in values.items()} == LIMITED
    limits = {each.column: (each.limits.high, each.limits.high_high) for each in values.values()}
    assert limits == WARNING_AND_CRITICAL


def test_a_spike_raises_nothing(engine: AlarmProcessor) -> None:
    spoiled = [3.0 + 0.01 * (number % 7) for number in range(A_DAY)]
    spoiled[50], spoiled[90], spoiled[92] = 40.0, 9.0, 9.0
    assert told(engine, readings(A_DAY, vibration_mms=spoiled), readings(A_DAY, "C2")) == []


def test_a_run_up_raises_a_warning_and_then_escalates(engine: AlarmProcessor) -> None:
    rising = np.linspace(3.0, 9.0, A_DAY).tolist()
    events = told(engine, readings(A_DAY, vibration_mms=rising), readings(A_DAY, "C2"))
    assert events == [("raised", "C1/vibration", "warning"), ("escalated", "C1/vibration", "critical")]


def test_one_that_goes_back_and_forth_over_a_limit_is_one_alarm(engine: AlarmProcessor) -> None:
    swings = (266.0 + 3 * np.sin(np.arange(2 * A_DAY) / 3)).tolist()
    assert told(engine, readings(2 * A_DAY, discharge_temp_f=swings)) == [("raised", "C1/temp", "warning")]


def test_a_machine_that_stands_raises_nothing(engine: AlarmProcessor) -> None:
    stands = {
        "vibration_mms": (0.15 + 0.01 * RNG.standard_normal(A_DAY)).tolist(),
        "discharge_temp_f": (60 + RNG.standard_normal(A_DAY)).tolist(),
        "discharge_pressure_psi": (180 + RNG.standard_normal(A_DAY)).tolist(),
    }
    told(engine, readings(A_DAY), readings(A_DAY, "C2"))
    assert told(engine, readings(A_DAY, first=A_DAY, **stands), readings(A_DAY, "C2", A_DAY)) == []


def test_a_signal_that_is_missing_hides_no_other_one(engine: AlarmProcessor) -> None:
    hot = readings(3, vibration_mms=[None] * 3, discharge_temp_f=[270.0, 271.0, 272.0])
    assert told(engine, hot) == [("raised", "C1/temp", "warning")]


def test_a_silent_machine_is_one_alarm_of_maintenance(engine: AlarmProcessor) -> None:
    told(engine, readings(A_DAY), readings(A_DAY, "C2"))
    events = engine.step(readings(12, "C2", A_DAY)).to_pylist()
    assert [(each["event"], each["kind"], each["group_id"], each["goes_to"]) for each in events] == [
        ("raised", "silent", "C1", "maintenance")
    ]


def test_rows_that_come_late_are_counted_and_raise_nothing(engine: AlarmProcessor) -> None:
    told(engine, readings(A_DAY), readings(A_DAY, "C2"))
    late = readings(3, first=A_DAY - 9, vibration_mms=[9.0, 9.0, 9.0])
    assert told(engine, late) == []
    assert engine.late == 3
