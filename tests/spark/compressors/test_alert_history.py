"""A row of `alert_history` is what became of an alarm: of the readings that raised it and of what operators did."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from domains.compressors.gold.alert_history import alert_history
from headrace.alarms.actions import Action, read_action
from headrace.alarms.processor import AlarmProcessor
from headrace.alarms.rules import load_rules

START = datetime(2024, 2, 1, tzinfo=UTC)
WARNS, IS_CRITICAL = 6.0, 8.0


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


class Station:
    """Machines with their alarms, and gold as it follows from both."""

    def __init__(self, spark: SparkSession) -> None:
        rules = load_rules("compressors")
        assert rules is not None
        self._spark, self.engine = spark, AlarmProcessor(rules)
        self.engine.senders.take(pa.table({"compressor_id": ["C1", "C2"], "station_id": ["S1", "S1"]}))
        self._events: list[pa.Table] = []
        self._read: list[tuple[str, datetime, float]] = []

    def reads(self, values: Sequence[float], first: int = 0, machine: str = "C1") -> None:
        """Vibration, every ten minutes."""
        count = len(values)
        instants = [at(10 * (first + number)) for number in range(count)]
        rows = {
            "compressor_id": [machine] * count,
            "timestamp": pa.array(instants, pa.timestamp("us", "UTC")),
        }
        others = {
            name: pa.nulls(count, pa.float64()) for name in ("discharge_temp_f", "discharge_pressure_psi")
        }
        self._events.append(
            self.engine.step(pa.table(rows | {"vibration_mms": list(map(float, values))} | others))
        )
        self._read += zip([machine] * count, instants, map(float, values), strict=True)

    def acts(self, **action: object) -> None:
        made = Action.model_validate({"by": "Ann", **action})
        self._events.append(self.engine.act([read_action(made.model_dump_json().encode())]))

    def history(self) -> dict[str, Row]:
        events = pa.concat_tables(self._events).combine_chunks()  # behind two empty chunks Spark finds no row
        alarms = self._spark.createDataFrame(events)
        rows = alert_history(alarms, self._features()).orderBy("alert_id").collect()
        return {row.alert_id: row for row in rows}

    def _features(self) -> DataFrame:
        read = self._spark.createDataFrame(
            self._read, "compressor_id string, timestamp timestamp, vibration_mms double"
        )
        is_spike = F.col("vibration_mms") > 20
        status = F.when(F.col("vibration_mms") >= 7.1, "critical").when(
            F.col("vibration_mms") >= 5, "warning"
        )
        nothing = F.lit(None).cast("double")
        return read.select(
            "*",
            F.when(~is_spike, F.coalesce(status, F.lit("normal"))).alias("vibration_status"),
            *(nothing.alias(name) for name in ("discharge_temp_f", "discharge_pressure_psi")),
            *(F.lit(None).cast("string").alias(f"{name}_status") for name in ("temp", "pressure")),
        )


@pytest.fixture
def station(spark: SparkSession) -> Station:
    return Station(spark)


def utc(instant: datetime) -> datetime:
    """As Spark hands it to Python, in the session's zone."""
    return instant.replace(tzinfo=None)


def test_an_alarm_has_the_worst_that_it_reached_and_its_highest_value(station: Station) -> None:
    station.reads([3, 6, 6.5, 7.5, 8, 99, 9, 7, 6, *[3, 3.1] * 5])
    (alert,) = station.history().values()
    assert (alert.compressor_id, alert.station_id, alert.signal, alert.kind) == (
        "C1",
        "S1",
        "vibration",
        "limit",
    )
    assert (alert.severity, alert.priority, alert.limit, alert.highest) == ("critical", "high", 7.1, 9.0)
    assert (alert.state, alert.is_on, alert.times_raised) == ("returned", False, 1)
    assert [alert.began_at, alert.raised_at, alert.cleared_at] == [utc(at(10)), utc(at(20)), utc(at(150))]


def test_what_an_operator_does_is_projected(station: Station) -> None:
    station.reads([3, WARNS, WARNS])
    station.reads([3, WARNS, WARNS], machine="C2")
    station.acts(what="acknowledge", alarm_id="A1")
    station.acts(what="acknowledge", alarm_id="A1", by="Bob")  # refused: it is acknowledged already
    station.acts(what="shelve", alarm_id="A2", lasts=7200, by="Bob")
    first, second = station.history().values()
    assert (first.state, first.acknowledged_by, first.acknowledged_at) == ("acknowledged", "Ann", utc(at(20)))
    assert (second.state, second.shelved_until, second.acknowledged_at) == ("shelved", utc(at(140)), None)
    assert (first.is_on, second.is_on) == (True, True)


def test_a_shelving_that_is_over_leaves_no_instant(station: Station) -> None:
    station.reads([3, WARNS, WARNS])
    station.acts(what="shelve", alarm_id="A1", lasts=600)
    station.reads([WARNS] * 3, first=3)
    (alert,) = station.history().values()
    assert (alert.state, alert.shelved_until) == ("unacknowledged", None)


def test_an_alarm_that_comes_back_unseen_is_the_same_one(station: Station) -> None:
    station.reads([WARNS] * 2 + [3, 3.1] * 4 + [IS_CRITICAL] * 2)
    (alert,) = station.history().values()
    assert (alert.times_raised, alert.raised_at, alert.cleared_at) == (2, utc(at(10)), None)
    assert (alert.is_on, alert.severity) == (True, "critical")


def test_one_spike_and_readings_that_come_late_leave_no_alert(station: Station) -> None:
    station.reads([3, 99, 3, 3.1, 3, 3.2])
    station.reads([IS_CRITICAL] * 3, first=2)
    station.reads([WARNS] * 2, first=6)
    assert [alert.severity for alert in station.history().values()] == ["warning"]


def test_a_silent_machine_has_no_value(station: Station) -> None:
    station.reads([3, 3.1] * 10)
    station.reads([3, 3.1] * 20, machine="C2")
    (alert,) = station.history().values()
    assert (alert.kind, alert.signal, alert.compressor_id) == ("silent", "vibration", "C1")
    assert (alert.highest, alert.limit, alert.priority) == (None, None, "low")
