"""The lakes that several figures share, and the same work in other hands."""

import shutil
import time
from pathlib import Path

import duckdb
from deltalake import DeltaTable

DOMAIN = "refinery"


def bench_home(home: Path) -> Path:
    return home / "whole"


def begin_anew(here: Path) -> None:
    """Prefect's own database stays: it is part of the set-up."""
    for made in ("lake", "landing", "truth"):
        shutil.rmtree(here / made, ignore_errors=True)


def needs_whole(home: Path) -> None:
    if not (bench_home(home) / "lake").exists():
        raise SystemExit("this figure goes on from another: run `make bench only=whole` first")


def table(home: Path, layer: str, name: str) -> str:
    return str((home / "lake" / DOMAIN / layer / name).absolute())


def rows_of(home: Path, layer: str, name: str) -> int:
    from headrace.lake.log import row_count

    return row_count(table(home, layer, name))


def duckdb_seconds(home: Path, sql: str, **tables: tuple[str, str]) -> float:
    """How long DuckDB takes for a statement over tables of the lake, given as name=(layer, table)."""
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        for name, (layer, of) in tables.items():
            db.register(name, DeltaTable(table(home, layer, of)).to_pyarrow_dataset())
        began = time.monotonic()
        db.execute(sql)
        return time.monotonic() - began
