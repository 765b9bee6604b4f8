"""Readings as a producer sends them whose clock is wrong: their times are moved, all else is as it was."""

import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow.compute as pc
from deltalake import DeltaTable

from headrace.contracts.model import Contract
from headrace.lake.paths import Paths

READINGS = 50


def readings_off(contract: Contract, paths: Paths, by: timedelta) -> Iterator[tuple[str, bytes, bytes]]:
    """Key, sender and message of each: those in silver, under keys of their own, as if they had happened just now by a
    clock that is off."""
    sender = str(contract.sender_column)
    silver = DeltaTable(paths.table("silver", contract.table)).to_pyarrow_dataset()
    now = datetime.now(UTC) + by
    for number, row in enumerate(silver.head(READINGS, columns=list(contract.columns)).to_pylist()):
        later = now - row[str(contract.event_time)]
        key = f"CLOCK{by // timedelta(seconds=1):+d}-{number}"
        moved = {name: _moved(value, later) for name, value in row.items()} | {contract.key_column: key}
        yield key, str(row[sender]).encode(), json.dumps(moved).encode()


def keys_in_silver(contract: Contract, paths: Paths, keys: Collection[str]) -> set[str]:
    silver = DeltaTable(paths.table("silver", contract.table)).to_pyarrow_dataset()
    found = silver.to_table(
        columns=[contract.key_column], filter=pc.field(contract.key_column).isin(list(keys))
    )
    return set(found[contract.key_column].to_pylist())


def _moved(value: Any, by: timedelta) -> Any:
    return (value + by).isoformat() if isinstance(value, datetime) else value
