"""What is generated has the names of the source in files and messages, and those of the contract in bronze."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from headrace.contracts.load import load_contracts
from headrace.contracts.model import Contract
from headrace.lake.paths import Paths
from headrace.settings import Settings
from headrace.sources.inspection import look_at
from simulation.generate.run import make
from simulation.generate.writers import as_topic
from tests.spark.simulation.generate.conftest import plan

NAMES = ["__$lift", "time (UTC)", "load.t", "__$operation", "wind_mps"]


def lifts(**arrives: Any) -> Contract:
    found = load_contracts("cranes")["lifts"]
    return found.model_copy(update={"arrives": found.arrives.model_copy(update=arrives)})


def made(contract: Contract, settings: Settings, **how: Any) -> Paths:
    make("cranes", {"lifts": contract}, {}, plan(tables=("lifts",), **how), settings)
    return Paths.of("cranes", settings)


@pytest.mark.parametrize("kind", ["json", "csv", "parquet"])
def test_files_have_the_names_of_the_source(spark: SparkSession, settings: Settings, kind: str) -> None:
    contract = lifts(files=kind)
    files = sorted(Path(made(contract, settings).landing("lifts")).rglob(f"*.{kind}"))
    looks = [look_at(io.BytesIO(file.read_bytes()), file.name, contract, of_contract=True) for file in files]
    assert [look.reason for look in looks if look.reason] == []
    assert sum(look.lines for look in looks) > 100
    if kind == "parquet":
        assert pq.read_schema(files[0]).names == NAMES
        return
    lines = files[0].read_text().splitlines()
    if kind == "csv":
        assert next(csv.reader(lines)) == NAMES
        return
    names = [list(json.loads(line)) for line in lines if line.endswith("}") and '":' in line]
    assert names
    assert all(each == NAMES for each in names)
    assert any('"n/a"' in line for line in lines)


def test_messages_have_the_names_of_the_source(spark: SparkSession, settings: Settings) -> None:
    paths = made(as_topic(lifts()), settings, into="topic")
    parts = Path(paths.outbox("lifts")).glob("2*/part-*.parquet")
    values = pd.concat(pq.read_table(part).to_pandas() for part in parts)["value"]
    assert {tuple(json.loads(each)) for each in values if each.endswith("}") and '":' in each} == {
        tuple(NAMES)
    }


def test_bronze_has_the_names_of_the_contract(spark: SparkSession, settings: Settings) -> None:
    table = made(lifts(), settings, into="bronze").table("bronze", "lifts")
    found = spark.read.format("delta").load(table)
    assert found.where("load_t IS NOT NULL AND _extra IS NULL").count() > 100
    assert found.columns[:4] == ["lift_id", "lifted_at", "load_t", "operation"]
