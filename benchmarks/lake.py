"""The lakes that several figures share."""

import shutil
from pathlib import Path

DOMAIN = "refinery"
BATCH_FACTS = ("crude_shipments", "quality_tests", "tank_inventory", "production_output")


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
