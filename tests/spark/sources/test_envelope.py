"""A change in Debezium's envelope is the row that a feed without one would send."""

import json
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from headrace.contracts.load import load_contracts
from headrace.contracts.model import Contract
from headrace.sources.parsing import as_bronze, parsed_json

PLAIN = load_contracts("ferries")["bookings"]
COLUMNS = ("booking_id", "op", "log_file", "log_position", "vessel_id", "passengers")


def also_debezium(contract: Contract, **feed: Any) -> Contract:
    assert contract.changes is not None
    changes = contract.changes.model_copy(update={"also": "debezium", **feed})
    return contract.model_copy(update={"changes": changes})


def row(passengers: int | str, **more: Any) -> dict[str, Any]:
    return {"booking_id": "B1", "vessel_id": "V1", "passengers": passengers, **more}


def change(op: str, before: Any, after: Any, position: int = 7) -> dict[str, Any]:
    source = {"log_file": 3, "log_position": position, "db": "ferries"}
    return {"before": before, "after": after, "source": source, "op": op, "ts_ms": 1_700_000_000_000}


def read(spark: SparkSession, contract: Contract, lines: list[str]) -> list[Row]:
    frame = spark.createDataFrame(list(enumerate(lines)), "_offset long, _line string")
    return as_bronze(parsed_json(frame, contract), contract).orderBy("_offset").collect()


def test_a_change_is_the_same_in_its_envelope_and_without_one(spark: SparkSession) -> None:
    flat = row(5) | {"op": "u", "log_file": 3, "log_position": 9, "before": None}
    lines = [
        change("c", None, row(1)),
        change("r", None, row(2)),
        {"schema": {"type": "struct"}, "payload": change("u", row(2), row(3), 8)},
        change("d", row(3), None),
        flat,
    ]
    found = read(spark, also_debezium(PLAIN), [json.dumps(line) for line in lines])
    assert [tuple(each[name] for name in COLUMNS) for each in found] == [
        ("B1", "c", 3, 7, "V1", 1),
        ("B1", "r", 3, 7, "V1", 2),
        ("B1", "u", 3, 8, "V1", 3),
        ("B1", "d", 3, 7, "V1", 3),
        ("B1", "u", 3, 9, "V1", 5),
    ]
    assert [each.before and each.before["passengers"] for each in found] == [None, None, "2", "3", None]
    assert [each._raw for each in found] == [None] * 5


def test_what_is_wrong_in_an_envelope_keeps_it_whole(spark: SparkSession) -> None:
    lines = [
        json.dumps(change("c", None, row("many"))),
        json.dumps(change("c", None, row(1, colour="red"))),
        json.dumps(change("t", None, None)),
        json.dumps(change("u", None, None)),
        '{"payload": {"op": "c"',
    ]
    found = read(spark, also_debezium(PLAIN), lines)
    assert [each._raw for each in found] == lines
    assert [each.booking_id for each in found] == ["B1", "B1", None, None, None]


def test_operations_have_the_names_of_the_feed(spark: SparkSession) -> None:
    numbered = PLAIN.columns["op"].model_copy(update={"type": "int", "sent_as": "__$operation"})
    columns = {**PLAIN.columns, "op": numbered}
    feed = {"insert": ("2",), "update": ("4",), "delete": ("1",)}
    contract = also_debezium(PLAIN.model_copy(update={"columns": columns}), **feed)
    lines = [json.dumps(change(op, row(1), None if op == "d" else row(2))) for op in "crud"]
    found = read(spark, contract, lines)
    assert [(each.op, each.passengers, each._raw) for each in found] == [
        (2, 2, None),
        (2, 2, None),
        (4, 2, None),
        (1, 1, None),
    ]


@pytest.mark.parametrize("line", ["[1]", "", "null", '{"payload": 5}', '{"op": "c", "source": 1}'])
def test_what_is_no_envelope_is_as_it_was(spark: SparkSession, line: str) -> None:
    (found,) = read(spark, also_debezium(PLAIN), [line])
    assert found._raw == line


def test_the_order_may_have_other_names_in_the_source_of_the_envelope(spark: SparkSession) -> None:
    """A snapshot has no change of its own: then the commit's is taken."""
    named = {"log_file": ("commit",), "log_position": ("change", "commit")}
    contract = also_debezium(PLAIN, debezium_names=named)
    lines = [change("c", None, row(1)), change("r", None, row(2))]
    lines[0]["source"] = {"commit": 4, "change": 5}
    lines[1]["source"] = {"commit": 6, "change": None}
    found = read(spark, contract, [json.dumps(line) for line in lines])
    assert [(each.log_file, each.log_position, each._raw) for each in found] == [(4, 5, None), (6, 6, None)]
