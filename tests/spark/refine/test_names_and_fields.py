"""Columns that the source calls otherwise, and fields that no contract names."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from pyspark.sql import Row, SparkSession

from headrace.contracts.load import load_contracts
from headrace.contracts.rules import ODD_FIELD
from headrace.errors import UsageError
from headrace.operate.receipt import receipt
from headrace.refine.catalog import load_tables
from headrace.refine.silver import recycle
from headrace.settings import Settings
from headrace.sources.topic import as_rows
from tests.spark.refine.conftest import Becomes, PumpStation

COLUMNS = ["lift_id", "lifted_at", "load_t", "operation", "wind_mps"]


@pytest.fixture
def cranes(spark: SparkSession, settings: Settings) -> PumpStation:
    """Its lifts come under names that no column can have."""
    return PumpStation(spark, settings, "cranes")


def lift(name: str, **other: Any) -> dict[str, Any]:
    usual = {"time (UTC)": "2024-01-01T10:00:00Z", "load.t": 4.5, "__$operation": 1, "wind_mps": None}
    return {"__$lift": name, **usual, **other}


def stored(cranes: PumpStation, layer: str) -> dict[str, Row]:
    return {row.lift_id: row for row in cranes.table(layer, "lifts").collect()}


def test_each_kind_of_file_is_read_by_the_names_of_its_source(cranes: PumpStation) -> None:
    at = datetime(2024, 1, 1, 10, tzinfo=UTC)
    table = pa.Table.from_pylist([lift("L3") | {"time (UTC)": at}])
    kinds = {"time (UTC)": pa.timestamp("us", tz="UTC"), "__$operation": pa.int32(), "wind_mps": pa.float64()}
    kept = pa.schema([field.with_type(kinds.get(field.name, field.type)) for field in table.schema])
    parquet, csv = io.BytesIO(), io.BytesIO()
    pq.write_table(table.cast(kept), parquet)
    pc.write_csv(pa.Table.from_pylist([lift("L2")]), csv)
    cranes.drops("lifts", "1.json", [lift("L1"), json.dumps(lift("L4"), separators=(",", ":"))])
    cranes.drops("lifts", "2.csv", csv.getvalue())
    cranes.drops("lifts", "3.parquet", parquet.getvalue())
    cranes.drops("lifts", "4.json", [dict.fromkeys(COLUMNS, 1)])
    cranes.refine()
    rows = stored(cranes, "silver")
    assert {tuple(row[name] for name in COLUMNS[2:]) for row in rows.values()} == {(4.5, 1, None)}
    assert {row.lifted_at for row in rows.values()} == {at.replace(tzinfo=None)}
    assert sorted(rows) == ["L1", "L2", "L3", "L4"]
    (other,) = cranes.rejected("lifts").collect()
    assert other._reasons == ["lift_id is null", "lifted_at is null"]
    receipt("cranes", cranes.settings).check()


def test_fields_that_no_contract_names_are_kept_and_a_type_that_changes_is_set_aside(
    cranes: PumpStation,
) -> None:
    more = {"weather": {"sky": "clear", "wind": [1, 2.5]}, "crew": None, "lift_id": "7"}
    cranes.drops(
        "lifts",
        "1.json",
        [
            lift("L1"),
            lift("L2", **more),
            lift("L3", wind_mps=3.5),  # before the column is sent by its contract
            {"__$lift": "L4", "time (UTC)": "2024-01-01", "crew": 'A "1"'},
            lift("L5", **{"load.t": "heavy"}),
            lift("L6", crew="B", **{"load.t": "heavy"}),
            json.dumps(lift("L7"))[:-1] + ', "crew": 1, "crew": 2}',
            lift("L8", crew=1, **{"__$operation": 9}),
            '{"crew": 3}',
            "[1]",
        ],
    )
    cranes.refine()
    rows = stored(cranes, "silver")
    found = {name: json.loads(row._extra) if row._extra else None for name, row in rows.items()}
    assert found == {"L1": None, "L2": more, "L3": None, "L4": {"crew": 'A "1"'}}
    assert rows["L3"].wind_mps == 3.5
    aside = cranes.rejected("lifts")
    reasons = {row.lift_id: row._reasons for row in aside.collect()}
    assert {name: reasons[name] for name in ("L5", "L6", "L7")} == {
        key: [ODD_FIELD] for key in ("L5", "L6", "L7")
    }
    assert reasons["L8"] == ["operation is none of the allowed values"]
    assert aside.where("lift_id = 'L5'").collect()[0]._raw == json.dumps(lift("L5", **{"load.t": "heavy"}))
    assert aside.where("lift_id = 'L8'").collect()[0]._extra == '{"crew":1}'
    assert recycle("cranes", settings=cranes.settings).tables[0].passed == 0
    receipt("cranes", cranes.settings).check()


def test_messages_are_read_by_the_names_of_their_source(spark: SparkSession) -> None:
    message = json.dumps(lift("L1", crew="A")).encode()
    raw = spark.createDataFrame(
        [(b"L1", message, "lifts", 0, 7, datetime(2024, 1, 1))],
        "key binary, value binary, topic string, partition int, offset long, timestamp timestamp",
    )
    (row,) = as_rows(raw, load_contracts("cranes")["lifts"]).collect()
    assert (row.lift_id, row.load_t, row._extra, row._raw, row._offset) == (
        "L1",
        4.5,
        '{"crew":"A"}',
        None,
        7,
    )


def test_a_table_gains_the_column_of_kept_fields_and_does_not_lose_it(
    cranes: PumpStation, contract_becomes: Becomes
) -> None:
    keeps = load_tables("cranes").contracts["lifts"]
    refuses = keeps.model_copy(update={"arrives": keeps.arrives.model_copy(update={"extra": "refuse"})})
    contract_becomes(refuses)
    cranes.drops("lifts", "1.json", [lift("L1"), lift("L2", crew="A")])
    cranes.refine()
    assert "_extra" not in cranes.table("bronze", "lifts").columns
    assert [row._reasons for row in cranes.rejected("lifts").collect()] == [[ODD_FIELD]]
    contract_becomes(keeps)
    cranes.drops("lifts", "2.json", [lift("L3", crew="B"), lift("L4", crew="B", **{"__$operation": 9})])
    cranes.refine()
    recycle("cranes", settings=cranes.settings)
    found = {name: row._extra for name, row in stored(cranes, "silver").items()}
    assert found == {"L1": None, "L2": '{"crew":"A"}', "L3": '{"crew":"B"}'}
    receipt("cranes", cranes.settings).check()
    contract_becomes(refuses)
    cranes.drops("lifts", "3.json", [lift("L5")])
    with pytest.raises(UsageError, match=r"has the column _extra .*arrives: \{extra: keep\}"):
        cranes.refine()
