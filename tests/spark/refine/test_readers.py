"""A file in a format of its own arrives by the function that its contract names, and a bad line with its reason."""

from datetime import datetime

from pyspark.sql import SparkSession

from headrace.operate.receipt import receipt
from headrace.serve.rejected import rejected
from headrace.settings import Settings
from tests.spark.refine.conftest import PumpStation

BOOK = b"""LOGBOOK
crane C1
2024-01-02T10:00:00 5.5 light wind
2024-01-02T10:30:00 heavy
2024-01-02T11:00:00 900
crane C9
2024-01-02T12:00:00 7
"""


def test_a_logbook_becomes_rows_and_what_is_wrong_in_it_is_told(
    spark: SparkSession, settings: Settings
) -> None:
    cranes = PumpStation(spark, settings, "cranes")
    cranes.drops("watches", "C1#2024.LOG", BOOK)
    cranes.drops("watches", "notes.txt", b"dear all\n")
    cranes.drops("cranes", "c.json", [{"crane_id": "C1", "valid_from": "2024-01-01"}])
    cranes.refine()
    (row,) = cranes.table("silver", "watches").collect()
    assert (row.crane, row.seen_at, row.load_t, row.note) == (
        "C1",
        datetime(2024, 1, 2, 10),
        5.5,
        "light wind",
    )
    lines = {row.watch_id: row._offset for row in cranes.table("bronze", "watches").collect()}
    assert lines == {
        "C1@2024-01-02T10:00:00": 3,
        None: 4,
        "C1@2024-01-02T11:00:00": 5,
        "C9@2024-01-02T12:00:00": 7,
    }
    found = {each.reason: each for each in rejected("cranes", ["watches"], settings=cranes.settings)}
    assert {reason: each.count for reason, each in found.items()} == {
        "it begins with no LOGBOOK": 1,
        "could not convert string to float: 'heavy'": 1,
        "load_t is impossible": 1,
        "crane refers to nothing": 1,
    }
    wrong = found["could not convert string to float: 'heavy'"]
    assert wrong.places == ("dropped:C1#2024.LOG:4",)
    assert wrong.samples[0].endswith("\n2024-01-02T10:30:00 heavy")
    receipt("cranes", cranes.settings).check()
