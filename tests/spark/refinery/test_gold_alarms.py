"""What an operator's day was like, from a handful of alarms."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from domains.refinery.gold.alarm_kpis import alarm_kpis

DAY = dt.datetime(2024, 1, 2)
COLUMNS = (
    "alarm_id string, event_number long, event string, event_at timestamp, event_date date, state string, "
    "is_annunciated boolean, goes_to string, kind string, priority string, subject string, console string, "
    "acted_by string"
)


def events(spark: SparkSession, *rows: Sequence[Any]) -> DataFrame:
    """Each as (alarm, event, hours after midnight, whether it is told, more columns)."""
    made = []
    for number, (alarm, event, hours, is_told, *more) in enumerate(rows):
        at = DAY + dt.timedelta(hours=hours)
        own = {"state": "unacknowledged", "goes_to": "operator", "kind": "limit", "priority": "low"} | (
            more[0] if more else {}
        )
        made.append(
            (alarm, number, event, at, at.date(), own["state"], is_told, own["goes_to"], own["kind"],
             own["priority"], own.get("subject", f"S-{alarm}"), own.get("console", "REF-000"), own.get("acted_by"))
        )  # fmt: skip
    return spark.createDataFrame(made, COLUMNS)


def days_of(rows: DataFrame) -> dict[tuple[str, str], Row]:
    return {(row.refinery_id, str(row.event_date)): row for row in alarm_kpis(rows).collect()}


def test_the_worst_ten_minutes_and_the_share_of_flooded_ones_are_told(spark: SparkSession) -> None:
    burst = [(f"A{n}", "raised", 1 + n / 600, True) for n in range(11)]  # within ten minutes by the clock
    found = days_of(events(spark, *burst, ("B", "raised", 5, True)))["REF-000", "2024-01-02"]
    assert (found.annunciated_count, found.most_in_ten_minutes) == (12, 11)
    assert found.average_in_ten_minutes == pytest.approx(12 / 144)
    assert found.flood_share == pytest.approx(1 / 144)
    assert found.load_status == "ACCEPTABLE"


def test_a_day_without_alarms_has_its_row(spark: SparkSession) -> None:
    found = days_of(
        events(
            spark,
            ("A", "raised", 1, True),
            ("B", "raised", 49, True, {"console": "REF-001"}),
        )
    )
    assert len(found) == 6
    quiet = found["REF-000", "2024-01-03"]
    assert (quiet.annunciated_count, quiet.most_in_ten_minutes, quiet.flood_share) == (0, 0, 0)
    assert quiet.bad_actor_share is None


def test_an_alarm_that_stands_for_a_day_is_stale_until_it_clears(spark: SparkSession) -> None:
    found = days_of(
        events(
            spark,
            ("A", "raised", 1, True),
            ("hidden", "raised", 1, False, {"state": "suppressed"}),
            ("short", "raised", 20, True),
            ("short", "cleared", 30, False),
            ("A", "cleared", 73, False),
            ("B", "raised", 97, True),
        )
    )
    stale = [found["REF-000", f"2024-01-0{day}"].stale_count for day in range(2, 7)]
    assert stale == [0, 1, 1, 0, 0]


def test_the_ten_worst_sources_and_the_priorities_are_shares_of_what_was_told(spark: SparkSession) -> None:
    one_each = [(f"A{n}", "raised", 1 + n, True, {"subject": f"S{n}"}) for n in range(11)]
    often = [(f"B{n}", "raised", 12 + n / 10, True, {"subject": "S0", "priority": "high"}) for n in range(9)]
    found = days_of(events(spark, *one_each, *often))["REF-000", "2024-01-02"]
    assert found.bad_actor_share == pytest.approx(19 / 20)
    assert (found.high_share, found.medium_share, found.low_share) == pytest.approx((9 / 20, 0, 11 / 20))


def test_what_goes_to_maintenance_or_is_suppressed_is_no_load(spark: SparkSession) -> None:
    found = days_of(
        events(
            spark,
            ("A", "raised", 1, True),
            ("B", "raised", 2, False, {"kind": "stuck", "goes_to": "maintenance"}),
            ("C", "raised", 3, False, {"state": "suppressed"}),
            ("A", "shelved", 4, False, {"acted_by": "chatter"}),
        )
    )["REF-000", "2024-01-02"]
    assert (found.annunciated_count, found.maintenance_count, found.suppressed_count) == (1, 1, 1)
    assert found.chattering_count == 1
