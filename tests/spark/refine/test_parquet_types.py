"""Parquet in other types than the contract's: each value that fits is taken, a row with another one is set aside."""

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from headrace.contracts.rules import ODD_FIELD
from headrace.operate.receipt import receipt
from headrace.settings import Settings
from headrace.sources.file_index import FileIndex
from tests.spark.refine.conftest import PumpStation


@pytest.fixture
def cranes(spark: SparkSession, settings: Settings) -> PumpStation:
    return PumpStation(spark, settings, "cranes")


def parquet(rows: list[dict[str, Any]], **kinds: pa.DataType) -> bytes:
    body, table = io.BytesIO(), pa.Table.from_pylist(rows)
    pq.write_table(
        table.cast(pa.schema([each.with_type(kinds.get(each.name, each.type)) for each in table.schema])),
        body,
    )
    return body.getvalue()


def service(name: str, **other: Any) -> dict[str, Any]:
    usual = {"service day": "2025-04-02", "hours": 3, "cost": 1.5, "parts": 2, "notes": "ok"}
    return {"service_id": name, **usual, **other}


def test_texts_are_instants_and_wide_numbers_are_narrow_ones_where_they_fit(cranes: PumpStation) -> None:
    rows = [
        service("S1"),
        service("S2", **{"service day": None}),
        service("S3", **{"service day": "05/04/2025"}),
        service("S4", **{"service day": "2025-04-02 and more"}),
        service("S5", **{"service day": "2025"}),
        service("S6", **{"service day": ""}),
        service("S7", parts=2**31),
        service("S8", hours=2**53 + 1),
        service("S9", **{"service day": "9999-12-31"}, parts=-(2**31)),
    ]
    cranes.drops(
        "services", "1.parquet", parquet(rows, notes=pa.large_string(), **{"service day": pa.large_string()})
    )
    narrow = [service("N1") | {"service day": date(2025, 4, 3), "hours": 2.5}]
    cranes.drops("services", "2.parquet", parquet(narrow, parts=pa.int32()))
    cranes.drops("services", "3.parquet", parquet([service("U1")], parts=pa.uint64()))
    cranes.refine()
    got = {row.service_id: row for row in cranes.table("silver", "services").collect()}
    assert {name: (row.day, row.hours, row.parts) for name, row in got.items()} == {
        "S1": (date(2025, 4, 2), 3.0, 2),
        "S2": (None, 3.0, 2),
        "S9": (date(9999, 12, 31), 3.0, -(2**31)),
        "N1": (date(2025, 4, 3), 2.5, 2),
    }
    aside = {row.service_id: row for row in cranes.rejected("services").collect()}
    assert {name: row._reasons for name, row in aside.items()} == {f"S{n}": [ODD_FIELD] for n in range(3, 9)}
    assert json.loads(aside["S3"]._raw) == rows[2]
    assert (aside["S7"].parts, json.loads(aside["S7"]._raw)["parts"]) == (None, 2**31)
    (file,) = FileIndex(cranes.paths, "services").set_aside()
    assert file.set_aside == "column parts holds uint64, the contract says int"
    receipt("cranes", cranes.settings).check()


def test_an_instant_as_text_is_read_as_from_csv(cranes: PumpStation) -> None:
    texts = ["2025-04-02T10:30:00.000Z", "2025-04-02 10:30", "10:30", "2025-04", "2025-04-02T10:30:00+02:00"]
    rows = [{"__$lift": f"L{n}", "time (UTC)": text} for n, text in enumerate(texts)]
    other = {"load.t": pa.float64(), "__$operation": pa.int32(), "wind_mps": pa.float64()}
    rows = [row | dict.fromkeys(other) for row in rows]
    cranes.drops("lifts", "1.parquet", parquet(rows, **other))
    cranes.refine()
    at = datetime(2025, 4, 2, 10, 30, tzinfo=UTC)
    found = {row.lift_id: (row.lifted_at, row._reasons) for row in cranes.rejected("lifts").collect()}
    assert {name: reasons for name, (_, reasons) in found.items()} == {
        "L0": ["wind_mps is null"],
        "L1": ["wind_mps is null"],
        "L2": [ODD_FIELD],
        "L3": [ODD_FIELD],
        "L4": ["wind_mps is null"],
    }
    assert found["L0"][0] == found["L1"][0] == at.replace(tzinfo=None)
