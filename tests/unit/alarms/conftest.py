"""A handful of senders, and batches of readings written by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from headrace.alarms.processor import AlarmProcessor
from headrace.alarms.rules import Rules

if TYPE_CHECKING:
    from tests.unit.alarms.lake import Lake

DAY = datetime(2024, 1, 1, tzinfo=UTC)
RULES: dict[str, Any] = {
    "source": "strokes",
    "at": "stroke_at",
    "value": "bar",
    "senders": {"table": "pumps", "key": "pump", "group": "hall", "console": "station", "kind": "make"},
    "limits": {"low_low": "min", "low": "low", "high": "high", "high_high": "max"},
}
SPAN = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds(text: str) -> float:
    """'90s', '2h', '1d 3h' after midnight."""
    return sum(float(part[:-1]) * SPAN[part[-1]] for part in text.split())


def clock(micros: int) -> str:
    """The time of day of an event, as the tests write it."""
    return f"{datetime.fromtimestamp(micros / 1e6, UTC):%H:%M:%S}"


def rows(*readings: tuple[str, str, float | None]) -> pa.Table:
    """Each reading as (sender, span after midnight, value)."""
    at = [int((DAY.timestamp() + seconds(when)) * 1e6) for _, when, _ in readings]
    return pa.table(
        {
            "pump": pa.array([sender for sender, _, _ in readings], pa.string()),
            "stroke_at": pa.array(at, pa.int64()).cast(pa.timestamp("us", "UTC")),
            "bar": pa.array([value for _, _, value in readings], pa.float64()),
        }
    )


def course(sender: str, start: str, every: float, values: Sequence[float | None]) -> pa.Table:
    """One sender's values, so many seconds apart."""
    first = seconds(start)
    return rows(*((sender, f"{first + every * place}s", value) for place, value in enumerate(values)))


def senders(count: int = 4, **columns: Any) -> pa.Table:
    """Pumps P0, P1 …, two a hall, all at one station, with limits 0, 1, 9 and 10."""
    names = [f"P{number}" for number in range(count)]
    made: dict[str, Any] = {
        "pump": names,
        "hall": [f"H{number // 2}" for number in range(count)],
        "station": ["S0"] * count,
        "make": ["plain"] * count,
        "min": [0.0] * count,
        "low": [1.0] * count,
        "high": [9.0] * count,
        "max": [10.0] * count,
    }
    return pa.table(made | columns)


@dataclass
class Plant:
    """An engine, and what it told."""

    engine: AlarmProcessor
    told: list[dict[str, Any]] = field(default_factory=list)

    def reads(self, *tables: pa.Table) -> list[dict[str, Any]]:
        """The events of one batch."""
        told = self.engine.step(pa.concat_tables(tables)).to_pylist()
        self.told += told
        return told

    def says(self, *tables: pa.Table) -> list[tuple[str, str, str]]:
        """The events of one batch as (time of day, event, subject)."""
        return [
            (f"{each['event_at']:%H:%M:%S}", each["event"], each["subject"]) for each in self.reads(*tables)
        ]


def plant(count: int = 4, table: pa.Table | None = None, **rules: Any) -> Plant:
    engine = AlarmProcessor(Rules.model_validate(RULES | rules))
    engine.senders.take(table if table is not None else senders(count))
    return Plant(engine)


@pytest.fixture
def pumps() -> Plant:
    return plant()


@pytest.fixture
def lake(tmp_path: Path) -> "Lake":
    from tests.unit.alarms.lake import made

    return made(tmp_path)
