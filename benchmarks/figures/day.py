"""Profile bench with one more day."""

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.elsewhere import readings_judged, thrown_away
from benchmarks.lake import BATCH_FACTS, DOMAIN, bench_home, needs_whole
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
    last, facts = _last_day(), ("sensor_readings", *BATCH_FACTS)
    return [
        Row(
            "the same with one more day (1/40 of the rows)",
            "15 % of the first run at most",
            f"{spread(taken, 's', 1)}, {share:.0%} of {first:.0f} s",
            share <= 0.15,
            noop=f"a day's facts judged and thrown away {thrown_away(here, facts, last):.0f} s",
            duckdb=f"a day's readings judged {readings_judged(here, last):.1f} s",
        )
    ]


def _last_day() -> datetime:
    from simulation.generate.plan import load_profile

    return load_profile(DOMAIN, "bench").end - timedelta(days=1)


def _first_run(home: Path) -> float:
    said = json.loads((home / "results.json").read_text())["whole"]["rows"][0]["measured"]
    return float(said.split()[0].replace(",", ""))
