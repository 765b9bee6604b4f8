"""Versions of some columns alone, under the names of the source. Any sequence is in test_any_sequence.py."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import types as T

from headrace.contracts.load import load_contracts
from headrace.errors import UsageError
from headrace.quality.checks import silver_checks
from headrace.refine.catalog import load_tables
from headrace.tables import History, HistoryNames, only_at, only_current, with_version_at
from headrace.writes.way import way_of
from tests.spark.writes.conftest import START, Feed, Row
from tests.toy.cranes.silver.cranes import NAMES, TABLE

NEVER = date(9999, 12, 31)
STORED = ("crane_id", "nr", "yard", "grade", "load_t", "valid_from", "valid_to", "is_current")


def crane(key: str, day: int, sent: int, yard: str = "A", grade: int | None = 1, load: float = 1.0) -> Row:
    """As it claims to be: current, and of no number that counts."""
    return {
        "crane_id": key, "yard": yard, "grade": grade, "load_t": load,
        "valid_from": date(2024, 1, 1) + timedelta(days=day), "valid_to": NEVER, "is_current": True, "nr": 99,
        "_sent_at": START + timedelta(days=sent), "_source": f"f{sent}",
    }  # fmt: skip


def test_a_row_between_two_versions_splits_the_one_that_held(feed_of: Any) -> None:
    feed: Feed = feed_of("cranes", domain="cranes")
    feed.takes(feed.comes([crane("C1", 0, 0), crane("C1", 20, 1, grade=2), crane("C1", 5, 2, load=3.0)], 1))
    feed.takes(feed.comes([crane("C1", 10, 3, yard="B", load=4.0), crane("C1", 12, 4, load=5.0)], 2))
    ends = [date(2024, 1, 1), date(2024, 1, 11), date(2024, 1, 13), date(2024, 1, 21), NEVER]
    assert [(row[1], *row[4:]) for row in feed.stored(*STORED)] == [
        (at + 1, load, ends[at], ends[at + 1], at == 3) for at, load in enumerate((3.0, 4.0, 5.0, 1.0))
    ]
    kinds = {
        field.name: field.dataType for field in feed.spark.read.format("delta").load(feed.edge.target).schema
    }
    assert [kinds[name] for name in NAMES] == [T.DateType(), T.DateType(), T.BooleanType(), T.LongType()]


def test_steps_read_a_history_by_its_names(spark: SparkSession) -> None:
    days = [date(2024, 1, 1), date(2024, 2, 1), NEVER]
    versions = [("C1", grade, *days[grade : grade + 2], grade == 1, grade + 1) for grade in (0, 1)]
    held = spark.createDataFrame(
        versions, "crane_id string, grade int, valid_from date, valid_to date, is_current boolean, nr long"
    )
    assert [row.grade for row in only_current(held, NAMES).collect()] == [1]
    instants = (
        datetime(2023, 1, 1),
        datetime(2024, 1, 31, 23, 59),
        datetime(2024, 2, 1),
        datetime(2030, 1, 1),
    )
    expected = [0, 0, 1, 1]
    assert [only_at(held, at, NAMES).collect()[0].grade for at in instants] == expected
    lifts = spark.createDataFrame(
        [("C1", at.replace(tzinfo=UTC)) for at in instants], "crane_id string, at timestamp"
    )
    graded = with_version_at(lifts, held, on="crane_id", at="at", take=["grade"], names=NAMES)
    assert [(row.grade, row._reasons) for row in graded.orderBy("at").collect()] == [
        (each, []) for each in expected
    ]


def test_names_that_the_source_does_not_send_are_columns_of_the_ends_type(feed_of: Any) -> None:
    names = HistoryNames("month", "until", "holds", "number")
    dues: Feed = feed_of("harbour_dues", History(effective="month", tracked=("amount",), names=names))
    dues.has_vessels("V1", "V2")
    rows = [
        {"due_id": "D1", "month": date(2024, month, 1), "vessel_id": vessel, "amount": amount,
         "_sent_at": START + timedelta(days=month), "_source": "f"}
        for month, vessel, amount in ((1, "V1", 1.0), (2, "V2", 1.0), (3, "V1", 2.0))
    ]  # fmt: skip
    dues.takes(dues.comes(rows, 1))
    march = date(2024, 3, 1)
    assert dues.stored("vessel_id", *names) == [
        ("V1", march, NEVER, True, 2),
        ("V2", date(2024, 1, 1), march, False, 1),
    ]
    way = way_of(dues.edge.node.table.write)
    schema = dues.spark.read.format("delta").load(dues.edge.target).schema
    told = {field.name: field.dataType for field in way.gained(dues.frame([]).schema.fields)}
    assert told == {name: schema[name].dataType for name in ("until", "holds", "number")}
    assert "`amount` from `month` on" in way.sentence


def test_checks_name_the_columns_of_the_history() -> None:
    text = str(silver_checks(load_contracts("cranes")["cranes"], TABLE, "cranes", 1))
    assert "group by crane_id, nr" in text
    assert "where is_current" in text
    assert "effective_from" not in text


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (History(tracked=("colour",)), "tracks colour; .*: yard, grade, load_t"),
        (History(tracked=("crane_id",)), "tracks crane_id"),
        (History(names=HistoryNames("a", "a")), "two of its columns one name: a, a, is_current, version"),
    ],
)
def test_a_history_that_cannot_be_is_refused(declared: History, said: str) -> None:
    catalog = load_tables("cranes")
    with pytest.raises(UsageError, match=said):
        way_of(declared).check(catalog.node("cranes", "silver"), catalog.contracts["cranes"])
