"""Live files: each is read once, whatever it is named, holds, or was interrupted by."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from headrace.contracts.model import Contract, Evolves
from headrace.errors import UsageError
from headrace.operate.receipt import receipt
from headrace.refine.catalog import load_tables
from headrace.refine.silver import recycle
from headrace.settings import Settings
from headrace.sources.file_index import FileIndex
from tests.spark.refine.conftest import Becomes, PumpStation

AT = "2024-01-01T10:00:00"


@pytest.fixture
def valves(spark: SparkSession, settings: Settings) -> PumpStation:
    """Its turns come as Parquet by contract."""
    return PumpStation(spark, settings, "valves")


def turn(name: str, at: str = AT, **other: Any) -> dict[str, Any]:
    return {"turn_id": name, "turned_at": at, "angle_deg": 90.0, "notch": 1, **other}


def parquet(*rows: dict[str, Any]) -> bytes:
    body = io.BytesIO()
    instants = [
        row | {"turned_at": datetime.fromisoformat(row["turned_at"]).replace(tzinfo=UTC)} for row in rows
    ]
    table = pa.Table.from_pylist(instants)
    for name, kind in (("turned_at", pa.timestamp("us", tz="UTC")), ("notch", pa.int32())):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table[name].cast(kind))
    pq.write_table(table, body)
    return body.getvalue()


def keys(valves: PumpStation) -> list[str]:
    return sorted(row.turn_id for row in valves.table("silver", "turns").collect())


def test_the_ending_of_a_live_file_says_how_it_is_read_and_each_is_read_once(valves: PumpStation) -> None:
    valves.drops(
        "turns", "turns_1.json", [turn("T1"), turn("T2", notch=9), '{"turn', turn("T3", colour="red")]
    )
    valves.drops("turns", "turns_2.parquet", parquet(turn("T4")))
    valves.drops("turns", "day=1/odd [name].jsonl", b'{"turn_id": "T5\xff", "turned_at": "2024-01-01"}\n')
    valves.drops("turns", "cut.parquet", parquet(turn("T8"))[:200])
    valves.drops("turns", "notes.txt", b"hello")
    valves.drops("turns", "empty.json", b"")
    valves.refine()
    assert keys(valves) == ["T1", "T4"]
    raw = {row._raw for row in valves.rejected("turns").collect()}
    assert {'{"turn', None} < raw
    assert any(text and text.startswith("base64:eyJ0dXJuX2lkIjogIlQ1/") for text in raw)
    assert any(text and '"colour": "red"' in text for text in raw)
    sources = {row._source for row in valves.table("bronze", "turns").select("_source").distinct().collect()}
    assert sources == {"dropped:turns_1.json", "dropped:turns_2.parquet", "dropped:day=1/odd [name].jsonl"}
    found = FileIndex(valves.paths, "turns").set_aside()
    aside = {file.name.removeprefix("dropped:"): file.set_aside for file in found}
    assert set(aside) == {"cut.parquet", "notes.txt", "empty.json"}
    assert {file.name for file in Path(valves.paths.dropped_aside("turns")).iterdir()} == set(aside)
    receipt("valves", valves.settings).check()

    valves.drops(
        "turns", "turns_1.json", [turn("T1"), turn("T2", notch=9), '{"turn', turn("T3", colour="red")]
    )
    valves.drops("turns", "turns_3.parquet", parquet(turn("T6")))
    valves.drops("turns", "turns_2.parquet", parquet(turn("T7")))
    valves.refine()
    assert valves.table("bronze", "turns").count() == 7
    assert keys(valves) == ["T1", "T4", "T6"]
    assert not [file for file in Path(valves.paths.dropped("turns")).rglob("*") if file.is_file()]
    receipt("valves", valves.settings).check()


def with_column(contract: Contract, name: str, kind: str, *, evolves: bool = True) -> Contract:
    columns = {**contract.columns, name: type(contract.columns["notch"])(type=kind, required=evolves)}
    since = (Evolves(since=datetime(2024, 1, 2), columns=(name,)),) if evolves else ()
    return contract.model_copy(update={"columns": columns, "evolves": since})


def test_a_column_that_evolved_is_null_before_and_taken_from_its_moment_on(
    valves: PumpStation, contract_becomes: Becomes
) -> None:
    early = turn("T0", "2024-01-02T00:00:00", torque_nm=4.5)
    valves.drops("turns", "turns_1.json", [turn("T1"), turn("T2", notch=9), early])
    valves.refine()
    contract_becomes(with_column(load_tables("valves").contracts["turns"], "torque_nm", "float"))
    later = "2024-01-02T00:00:00"
    valves.drops("turns", "turns_2.json", [turn("T3"), turn("T4", later, torque_nm=5.5), turn("T5", later)])
    valves.drops("turns", "turns_3.parquet", parquet(turn("T6")))
    valves.drops("turns", "turns_4.parquet", parquet(turn("T7", later, torque_nm=6.5)))
    valves.refine()
    found = {row.turn_id: row.torque_nm for row in valves.table("silver", "turns").collect()}
    assert found == {"T1": None, "T3": None, "T4": 5.5, "T6": None, "T7": 6.5}
    reasons = {row.turn_id: row._reasons for row in valves.rejected("turns").collect()}
    assert reasons["T5"] == ["torque_nm is null"]
    assert reasons["T0"] == ["a field is unreadable or unexpected"]
    recycle("valves", settings=valves.settings)
    found = {row.turn_id: row.torque_nm for row in valves.table("silver", "turns").collect()}
    assert (len(found), found["T0"]) == (6, 4.5)
    receipt("valves", valves.settings).check()


def test_a_contract_that_bronze_cannot_follow_is_refused_before_anything_is_written(
    valves: PumpStation, contract_becomes: Becomes
) -> None:
    valves.drops("turns", "turns_1.json", [turn("T1")])
    valves.refine()
    told = load_tables("valves").contracts["turns"]
    file = valves.drops("turns", "turns_2.json", [turn("T2")])
    contract_becomes(with_column(told, "notch", "string", evolves=False))
    with pytest.raises(UsageError, match=r"notch is string \(string\), but bronze.turns holds it as int"):
        valves.refine()
    contract_becomes(with_column(told, "colour", "string", evolves=False))
    with pytest.raises(UsageError, match=r"lacks: colour.*evolves"):
        valves.refine()
    fewer = {name: spec for name, spec in told.columns.items() if name != "angle_deg"}
    contract_becomes(told.model_copy(update={"columns": fewer}))
    with pytest.raises(UsageError, match="the contract of turns lacks: angle_deg"):
        valves.refine()
    assert file.exists()
    contract_becomes(told)
    valves.refine()
    assert keys(valves) == ["T1", "T2"]
