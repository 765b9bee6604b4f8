"""A month's file as somebody saved it: what has one meaning is read, the rest is set aside with its line."""

from datetime import date

import pytest
from pyspark.sql import SparkSession

from headrace.contracts.rules import ODD_FIELD
from headrace.operate.receipt import receipt
from headrace.serve.rejected import rejected
from headrace.settings import Settings
from tests.spark.refine.conftest import PumpStation

MONTH = """Services of April;;;;;
Exported on 01/05/2025;;;;;

notes;service_id;service day;parts;cost;hours
"greased;
twice";S1;2025-04-02;3;1.234,56;1,5
;S2;05/04/2025;;2,5;2
ok;S3;2025-04-03;two;1;2
ok;S4;2025-04-03;1;1;2;more
für 5 €;S5;;1.000;7;
;;;;;
ok;S6;2025-04-04;1;1,5;2
"""


@pytest.fixture
def cranes(spark: SparkSession, settings: Settings) -> PumpStation:
    return PumpStation(spark, settings, "cranes")


def test_a_loose_file_is_read_as_far_as_it_has_one_meaning(cranes: PumpStation) -> None:
    cranes.drops("services", "april.csv", MONTH.replace("\n", "\r\n").encode("cp1252"))
    cranes.refine()
    rows = {row.service_id: row for row in cranes.table("silver", "services").collect()}
    assert {name: (row.day, row.parts, row.cost, row.hours) for name, row in rows.items()} == {
        "S1": (date(2025, 4, 2), 3, 1234.56, 1.5),
        "S6": (date(2025, 4, 4), 1, 1.5, 2.0),
    }
    assert rows["S1"].notes == "greased;\r\ntwice"
    lines = {row.service_id: row._offset for row in cranes.table("bronze", "services").collect()}
    assert lines == {"S1": 5, "S2": 7, "S3": 8, "S4": 9, "S5": 10, "S6": 12}
    (found,) = rejected("cranes", ["services"], samples=9, settings=cranes.settings)
    assert (found.reason, found.count) == (ODD_FIELD, 4)
    assert dict(zip(found.places, found.samples, strict=True)) == {
        "dropped:april.csv:7": ";S2;05/04/2025;;2,5;2",
        "dropped:april.csv:8": "ok;S3;2025-04-03;two;1;2",
        "dropped:april.csv:9": "ok;S4;2025-04-03;1;1;2;more",
        "dropped:april.csv:10": "für 5 €;S5;;1.000;7;",
    }
    receipt("cranes", cranes.settings).check()


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_rows_of_any_text_file_know_their_lines(cranes: PumpStation, kind: str) -> None:
    if kind == "json":
        cranes.drops("lifts", "1.json", ['{"__$lift": "L1"}', "", '{"__$lift": "L3"}'])
        cranes.drops("lifts", "2.json", b'[\n\n{"__$lift":\n"A3"},\n{"__$lift": "A5"}, {"__$lift": "B5"}]')
        expected = {"L1": 1, None: 2, "L3": 3, "A3": 3, "A5": 5, "B5": 5}
    else:
        header = "__$lift,time (UTC),load.t,__$operation,wind_mps\n"
        cranes.drops("lifts", "1.csv", f'{header}L2,,,,\n"L\n3",,,,\n{header}L6,,,,\n'.encode())
        expected = {"L2": 2, "L\n3": 3, "L6": 6}
    cranes.refine(layers=["bronze"])
    rows = cranes.table("bronze", "lifts").collect()
    assert {row.lift_id: row._offset for row in rows} == expected
