"""Profile bench with one more day."""

import json
import shutil
from pathlib import Path

from benchmarks.lake import DOMAIN, bench_home, needs_whole
from benchmarks.process import headrace
from benchmarks.report import Row, spread


def measure(home: Path, runs: int) -> list[Row]:
    needs_whole(home)
    taken, here, before = [], bench_home(home), home / "before"
    for _ in range(runs):
        shutil.rmtree(before, ignore_errors=True)
        shutil.copytree(here, before)  # a lake is bound to its place, so the copy is what is kept
        try:
            made = headrace(here, "generate", DOMAIN, "--profile", "bench", "--days", "41", "--yes")
            refined = headrace(here, "refine", DOMAIN)
        finally:
            shutil.rmtree(here)
            before.rename(here)
        taken.append(made.seconds + refined.seconds)
    first = _first_run(home)
    share = max(taken) / first
    return [
        Row(
            "the same with one more day (1/40 of the rows)",
            "15 % of the first run at most",
            f"{spread(taken, 's', 1)}, {share:.0%} of {first:.0f} s",
            share <= 0.15,
        )
    ]


def _first_run(home: Path) -> float:
    said = json.loads((home / "results.json").read_text())["whole"]["rows"][0]["measured"]
    return float(said.split()[0].replace(",", ""))
