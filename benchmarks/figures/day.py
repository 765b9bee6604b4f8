"""Profile bench with one more day."""

import json
import shutil
from pathlib import Path

from benchmarks.lake import DOMAIN, bench_home, needs_whole
from benchmarks.process import headrace
from benchmarks.report import Row, spread


def measure(home: Path, runs: int) -> list[Row]:
    needs_whole(home)
    taken = []
    for number in range(runs):
        here = home / f"day{number}"
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(bench_home(home), here)
        made = headrace(here, "generate", DOMAIN, "--profile", "bench", "--days", "41", "--yes")
        refined = headrace(here, "refine", DOMAIN)
        taken.append(made.seconds + refined.seconds)
        shutil.rmtree(here)
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
