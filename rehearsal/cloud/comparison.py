"""What people read through Glue, held against a run of the same plan here: by a hash over the business columns."""

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import boto3
import pyarrow as pa
from deltalake import DeltaTable

from headrace.lake.paths import Paths
from headrace.settings import Settings

DIGITS = 9  # sums come in another order where work is spread otherwise


@dataclass(frozen=True)
class Compared:
    name: str
    rows: int
    is_same: bool
    said: str = ""


def compared(domain: str, layer: str, database: str, here: Settings) -> list[Compared]:
    """Every table of a database in Glue."""
    pages = boto3.client("glue").get_paginator("get_tables").paginate(DatabaseName=database)
    tables = [table for page in pages for table in page["TableList"]]
    return [_compared(each, Paths.of(domain, here).table(layer, each["Name"])) for each in tables]


def _compared(registered: dict[str, Any], here: str) -> Compared:
    name = f"{registered['DatabaseName']}.{registered['Name']}"
    there = DeltaTable(registered["StorageDescriptor"]["Location"]).to_pyarrow_table()
    columns = [*registered["StorageDescriptor"]["Columns"], *registered.get("PartitionKeys", [])]
    told = {each["Name"] for each in columns}
    if told != set(there.column_names):
        return Compared(
            name, len(there), False, f"Glue tells of other columns: {told ^ set(there.column_names)}"
        )
    same = DeltaTable(here).to_pyarrow_table()
    if len(same) != len(there):
        return Compared(name, len(there), False, f"{len(there)} rows, and {len(same)} here")
    differing = [column for column in _business(same) if _hash(there, [column]) != _hash(same, [column])]
    is_same = _hash(there, _business(there)) == _hash(same, _business(same))
    return Compared(
        name, len(there), is_same, f"differs in {', '.join(differing) or 'its rows'}" if not is_same else ""
    )


def _business(table: pa.Table) -> list[str]:
    """Without what the engine adds: when, by which run."""
    return sorted(name for name in table.column_names if not name.startswith("_"))


def _hash(table: pa.Table, columns: list[str]) -> str:
    """Over the rows as a set: in which order they lie is nobody's promise."""
    read = table.select(columns).to_pydict()
    rows = sorted(repr([_plain(value) for value in row]) for row in zip(*read.values(), strict=True))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}" if math.isfinite(value) else str(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in sorted(value.items())}
    return value
