"""Profile bench once more with nothing new."""

from pathlib import Path

from benchmarks.lake import DOMAIN, bench_home, needs_whole
from benchmarks.process import headrace
from benchmarks.report import Row, spread


def measure(home: Path, runs: int) -> list[Row]:
    needs_whole(home)
    taken = []
    for _ in range(runs):
        made = headrace(bench_home(home), "generate", DOMAIN, "--profile", "bench", "--yes")
        refined = headrace(bench_home(home), "refine", DOMAIN)
        taken.append(made.seconds + refined.seconds)
    return [Row("the same again with nothing new", "30 s at most", spread(taken, "s", 1), max(taken) <= 30)]
