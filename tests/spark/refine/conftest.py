"""A source that leaves files of the toy domain of pumps, and a lake to refine them into."""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from headrace.contracts.load import load_contracts
from headrace.contracts.model import Contract
from headrace.lake.paths import Paths
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.run import RefineResult, refine
from headrace.settings import Settings


@dataclass
class PumpStation:
    spark: SparkSession
    settings: Settings
    domain: str = "pumps"

    @property
    def paths(self) -> Paths:
        return Paths.of(self.domain, self.settings)

    def lands(self, table: str, rows: Sequence[dict[str, Any] | str], sent: str = "20240102T000000") -> Path:
        """Leaves one file; a row given as text goes in as it is."""
        contract = load_contracts(self.domain)[table]
        kind = contract.arrives.files
        assert kind is not None
        day = f"{sent[:4]}-{sent[4:6]}-{sent[6:8]}"
        folder = Path(self.paths.landing(table)) / day
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{table}_{sent}_{len(list(folder.iterdir())):02d}.{kind}"
        lines = [row if isinstance(row, str) else _line(row, kind, list(contract.columns)) for row in rows]
        header = [",".join(contract.columns)] if kind == "csv" else []
        file.write_text("".join(f"{line}\n" for line in [*header, *lines]))
        return written_a_while_ago(file)

    def drops(self, table: str, name: str, rows: Sequence[dict[str, Any] | str] | bytes) -> Path:
        """Drops one live file, written a while ago; bytes are its whole body."""
        file = Path(self.paths.dropped(table)) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = () if isinstance(rows, bytes) else (r if isinstance(r, str) else json.dumps(r) for r in rows)
        file.write_bytes(rows if isinstance(rows, bytes) else "".join(f"{line}\n" for line in lines).encode())
        return written_a_while_ago(file)

    def lands_parents(self) -> None:
        self.lands("stations", [{"station_id": "S1", "station_name": "North", "is_open": True}])
        self.lands(
            "pumps",
            [
                {"pump_id": "P1", "station_id": "S1", "max_bar": 10.0, "is_active": True},
                {"pump_id": "P2", "station_id": "S1", "max_bar": 10.0, "is_active": False},
            ],
        )

    def refine(self, **chosen: Any) -> RefineResult:
        return refine(self.domain, settings=self.settings, **chosen)

    def table(self, layer: str, name: str) -> DataFrame:
        return self.spark.read.format("delta").load(self.paths.table(layer, name))

    def rejected(self, name: str) -> DataFrame:
        return self.spark.read.format("delta").load(self.paths.rejected(name))

    def result(self, made: RefineResult, layer: str, table: str) -> dict[str, int]:
        (found,) = [each for each in made.tables if (each.layer, each.table) == (layer, table)]
        return {"rows_in": found.rows_in, **found.counts}


def written_a_while_ago(file: Path) -> Path:
    """Nobody waits for it to be whole; of two files the one that was written first stays the older one."""
    at = time.time() - 60
    os.utime(file, (at, at))
    return file


def _line(row: dict[str, Any], kind: str, columns: list[str]) -> str:
    if kind == "json":
        return json.dumps(row)
    return ",".join("" if row.get(name) is None else str(row[name]) for name in columns)


@pytest.fixture
def station(spark: SparkSession, settings: Settings) -> PumpStation:
    return PumpStation(spark, settings)


Becomes = Callable[[Contract], None]


@pytest.fixture
def contract_becomes(monkeypatch: pytest.MonkeyPatch) -> Becomes:
    """Lets a table of any domain have another contract."""

    def become(contract: Contract) -> None:
        def load(domain: str) -> Catalog:
            catalog = load_tables(domain)
            return replace(catalog, contracts={**catalog.contracts, contract.table: contract})

        for user in ("headrace.refine.run", "headrace.refine.silver", "headrace.operate.receipt"):
            monkeypatch.setattr(f"{user}.load_tables", load)

    return become


def stroke(number: int, **other: Any) -> dict[str, Any]:
    return {
        "stroke_id": f"K{number}",
        "pump_id": "P1",
        "stroke_at": f"2024-01-01T10:{number:02d}:00",
        "bar": 5.0,
        "mode": "AUTO",
        **other,
    }


def all_is_large(patch: pytest.MonkeyPatch) -> None:
    """As if no batch and no gold table fitted into memory: Spark writes them."""
    patch.setattr("headrace.lake.session.MOST_VALUES", -1)
    patch.setattr("headrace.writes.batch.MOST_IN_MEMORY", -1)
