"""Billing as SQL Server's own change tables tell it, and as Debezium does."""

import json
from typing import Any

from pyspark.sql import Row, SparkSession

from domains.grid.silver.billing_transactions import sequence_number
from headrace.contracts.load import load_contracts
from headrace.sources.parsing import as_bronze, parsed_json

BILLING = load_contracts("grid")["billing_transactions"]
BILL: dict[str, Any] = {
    "transaction_id": "T1",
    "customer_id": "C1",
    "units_consumed_kwh": 10.5,
    "due_date": "2025-06-01",
}


def read(spark: SparkSession, *lines: dict[str, Any]) -> list[Row]:
    frame = spark.createDataFrame(
        [(place, json.dumps(each)) for place, each in enumerate(lines)], "_offset long, _line string"
    )
    rows = as_bronze(parsed_json(frame, BILLING), BILLING).orderBy("_offset")
    return rows.withColumns({name: sequence_number(name) for name in ("start_lsn", "seqval")}).collect()


def enveloped(op: str, commit: str, of_change: str | None, **row: Any) -> dict[str, Any]:
    source = {"connector": "sqlserver", "commit_lsn": commit, "change_lsn": of_change}
    return {"op": op, "before": None, "after": {**BILL, **row}, "source": source, "ts_ms": 1_700_000_000_000}


def test_a_change_is_the_same_by_either_way(spark: SparkSession) -> None:
    own = {
        **BILL,
        "__$operation": 4,
        "__$start_lsn": "0x0000002700000AC00003",
        "__$seqval": "0x0000002700000ac00002",
    }
    by_itself, in_envelope = read(
        spark, own, enveloped("u", "00000027:00000ac0:0003", "00000027:00000ac0:0002")
    )
    names = ("operation", "start_lsn", "seqval", *BILL)
    assert [by_itself[name] for name in names] == [in_envelope[name] for name in names]
    assert (by_itself._raw, in_envelope._raw) == (None, None)
    assert by_itself.seqval == "0x0000002700000AC00002"


def test_the_changes_of_one_commit_keep_their_order(spark: SparkSession) -> None:
    commit = "00000027:00000ac0:0003"
    first, second = read(
        spark,
        enveloped("c", commit, "00000027:00000ac0:0002"),
        enveloped("u", commit, "00000027:00000ac0:0010"),
    )
    assert first.start_lsn == second.start_lsn
    assert first.seqval < second.seqval


def test_a_bill_of_a_snapshot_takes_its_place_from_the_commit(spark: SparkSession) -> None:
    (found,) = read(spark, enveloped("r", "00000027:00000ac0:0001", None))
    assert (found.operation, found.start_lsn, found._raw) == (2, found.seqval, None)
