"""Thirty days of the grid at ten times the source document's size, from bronze to gold; and its validation alone."""

import shutil
from pathlib import Path

from benchmarks.process import headrace
from benchmarks.report import Row, spread

DOMAIN, VALIDATED = "grid", "validated_reads"
AT_MOST, READS_A_SECOND = 180, 100_000


def measure(home: Path, runs: int) -> list[Row]:
    here = home / "month"
    made, refined, validated = list[float](), list[float](), list[float]()
    for _ in range(runs):
        shutil.rmtree(here, ignore_errors=True)
        made.append(headrace(here, "generate", DOMAIN, "--profile", "bench", "--yes").seconds)
        refined.append(headrace(here, "refine", DOMAIN).seconds)
        lake = here / "lake"
        for gone in (lake / DOMAIN / "gold" / VALIDATED, lake / "_ledger" / DOMAIN / "gold" / VALIDATED):
            shutil.rmtree(gone)
        again = headrace(here, "refine", DOMAIN, "--layers", "gold", "--table", VALIDATED, "--no-scans").said
        (table,) = again["tables"]
        validated.append(table["counts"]["written"] / table["seconds"])
    return [
        Row(
            "30 days of the grid at scale 10, refine with its scans",
            f"{AT_MOST} s at most",
            f"{spread(refined, 's')}; made in {spread(made, 's')}",
            max(refined) <= AT_MOST,
        ),
        Row(
            "its half-hours validated and estimated, and written",
            f"{READS_A_SECOND // 1000}k reads/s",
            spread(validated, "reads/s"),
            min(validated) >= READS_A_SECOND,
        ),
    ]
