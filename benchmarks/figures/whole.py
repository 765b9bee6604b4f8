"""Profile bench, from nothing to gold with all scans; and the work on its readings in other hands."""

from pathlib import Path

from benchmarks.elsewhere import readings_judged, thrown_away
from benchmarks.lake import DOMAIN, begin_anew, bench_home
from benchmarks.process import headrace
from benchmarks.report import Row, spread


def measure(home: Path, runs: int) -> list[Row]:
    here, taken = bench_home(home), []
    for _ in range(runs):
        begin_anew(here)
        ran = headrace(here, "demo", DOMAIN, "--profile", "bench")
        stages = ran.said["seconds"]
        taken.append(ran.seconds - stages.pop("score"))
    return [
        Row(
            "profile bench: generate to gold, scans included (`headrace demo refinery --profile bench`)",
            "360 s at most",
            f"{spread(taken, 's')}, the last one "
            + ", ".join(f"{name} {took:.0f}" for name, took in stages.items()),
            max(taken) <= 360,
            noop=f"silver readings judged and thrown away {thrown_away(here, ['sensor_readings']):.0f} s",
            duckdb=f"silver readings alone {readings_judged(here):.0f} s",
        )
    ]
