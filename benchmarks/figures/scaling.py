"""How long generating and refining take at three sizes, and what that makes of a core: what headrace cost goes by."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.lake import DOMAIN
from benchmarks.process import headrace
from benchmarks.report import Row

SCALES = {"1/1000": "0.001", "1/100": "0.01", "1/20": "0.05"}
CORES = 2


@dataclass(frozen=True)
class Sized:
    rows: int
    generate: float
    refine: float
    landed: int
    lake: int


def measure(home: Path, runs: int) -> list[Row]:  # noqa: ARG001 - a line through three sizes says more than three runs
    found = [_sized(home / "scaling", scale) for scale in SCALES.values()]
    rows = [each.rows for each in found]
    largest = found[-1]
    return [
        _row("generate", rows, [each.generate for each in found]),
        _row("refine, scans included", rows, [each.refine for each in found]),
        Row(
            "bytes a source row takes, landed and in all layers",
            "",
            f"{largest.landed / largest.rows:.1f} landed, {largest.lake / largest.rows:.1f} in the lake",
            None,
        ),
    ]


def _sized(here: Path, scale: str) -> Sized:
    shutil.rmtree(here, ignore_errors=True)
    plan = ["--profile", "bench", "--scale", scale, "--days", "14", "--yes"]
    made = headrace(here, "generate", DOMAIN, *plan)
    refined = headrace(here, "refine", DOMAIN)
    rows = _bronze_rows(here)
    sized = Sized(rows, made.seconds, refined.seconds, _bytes(here / "landing"), _bytes(here / "lake"))
    shutil.rmtree(here)
    return sized


def _row(what: str, rows: list[int], seconds: list[float]) -> Row:
    """Through the three sizes: seconds that any run takes, and those that each row takes."""
    each, fixed = np.polyfit(rows, seconds, 1)
    sizes = ", ".join(f"{count:,} rows {took:.0f} s" for count, took in zip(rows, seconds, strict=True))
    speed = f"{1 / each / CORES:,.0f} rows/s and core beyond {fixed:.0f} s"
    return Row(f"{what} at {', '.join(SCALES)} (14 days)", "", f"{sizes}: {speed}", None)


def _bronze_rows(here: Path) -> int:
    from headrace.contracts.load import load_contracts
    from headrace.lake.log import row_count
    from headrace.lake.paths import Paths
    from headrace.settings import get_settings

    paths = Paths.of(DOMAIN, get_settings().model_copy(update={"home": here}))
    return sum(row_count(paths.table("bronze", name)) for name in load_contracts(DOMAIN))


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
