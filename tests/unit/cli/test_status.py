"""What waits, and who writes, told without Spark."""

import json
import os
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from headrace.lake.lease import leased
from headrace.lake.paths import Paths
from headrace.settings import Settings


@pytest.fixture
def paths(home: Path) -> Paths:
    return Paths.of("pumps", Settings(home=home))


def lands(paths: Paths, rows: int) -> None:
    file = Path(paths.landing("strokes")) / "strokes_20240102T000000_00.json"
    file.parent.mkdir(parents=True)
    stroke = {
        "stroke_id": "K1",
        "pump_id": "P1",
        "stroke_at": "2024-01-01T10:00:00",
        "bar": 5.0,
        "mode": "AUTO",
    }
    file.write_text(f"{json.dumps(stroke)}\n" * rows)
    os.utime(file, (time.time() - 60,) * 2)


def typed(*words: str) -> str:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_of_an_empty_home_it_says_what_to_begin_with(home: Path) -> None:
    assert "headrace generate" in typed("status", "pumps")
    assert typed("refine", "pumps", "--dry-run").startswith("Nothing is new")


def test_a_file_that_waits_is_new_and_all_that_is_made_from_it_would_run(paths: Paths) -> None:
    lands(paths, rows=100)
    found = json.loads(typed("refine", "pumps", "--dry-run", "--json"))
    steps = {f"{each['layer']}.{each['table']}": each for each in found["tables"]}
    assert 50 < steps["bronze.strokes"]["rows"] < 200
    assert steps["silver.strokes"]["rows"] == steps["bronze.strokes"]["rows"]
    assert "gold.pump_days" in steps
    assert "bronze.orders" not in steps
    assert found["seconds"] > 0
    assert not Path(paths.lake).exists()
    said = typed("status", "pumps")
    assert "1 file waits" in said
    assert f"would run   {len(steps)} tables" in said


def test_a_selection_narrows_it(paths: Paths) -> None:
    lands(paths, rows=1)
    found = json.loads(typed("refine", "pumps", "-n", "--select", "+silver.strokes", "--json"))
    assert {(each["layer"], each["table"]) for each in found["tables"]} == {
        ("bronze", "strokes"),
        ("silver", "strokes"),
    }


def test_who_holds_what_is_said(paths: Paths) -> None:
    leases = [paths.lease("silver", name) for name in ("strokes", "orders")]
    with leased(leases, job="refine pumps", seconds=60):
        said = typed("status", "pumps")
        (held,) = json.loads(typed("status", "pumps", "--json"))["held"]
    assert held["tables"] == ["silver.orders", "silver.strokes"]
    assert f"silver.orders and 1 more by refine pumps (process {os.getpid()}" in said
    assert "no table is being written" in typed("status", "pumps")


def test_tables_are_listed_with_what_they_are_made_from() -> None:
    rows = {each["table"]: each for each in json.loads(typed("ls", "pumps", "--json"))}
    assert rows["silver.strokes"]["written"] == "Append"
    assert "bronze.strokes" in rows["silver.strokes"]["made_from"]
    assert rows["bronze.strokes"]["made_from"] == []
    assert list(rows).index("bronze.strokes") < list(rows).index("silver.strokes")


def test_layers_that_are_repeated_and_layers_behind_commas_mean_the_same() -> None:
    repeated = typed("ls", "pumps", "--layers", "silver", "--layers", "bronze")
    assert repeated == typed("ls", "pumps", "--layers", "bronze,silver")
    assert "bronze.strokes" in repeated
    assert "silver.strokes" in repeated
    assert "gold." not in repeated


def test_the_version_is_told() -> None:
    assert typed("--version").startswith("headrace 0.")
