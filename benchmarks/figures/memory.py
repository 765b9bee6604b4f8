"""The most memory held at three sizes, all processes together."""

import shutil
from pathlib import Path

from benchmarks.lake import DOMAIN
from benchmarks.process import headrace
from benchmarks.report import Row

SCALES = {"1/1000": "0.001", "1/100": "0.01", "1/20": "0.05"}
GIB = 2**30


def measure(home: Path, runs: int) -> list[Row]:  # noqa: ARG001 - the largest of all samples is what counts
    held: dict[str, float] = {}
    for name, scale in SCALES.items():
        here = home / "memory"
        shutil.rmtree(here, ignore_errors=True)
        made = headrace(
            here, "generate", DOMAIN, "--profile", "bench", "--scale", scale, "--days", "14", "--yes"
        )
        refined = headrace(here, "refine", DOMAIN)
        held[name] = max(made.peak_bytes, refined.peak_bytes) / GIB
        shutil.rmtree(here)
    apart = max(held.values()) / min(held.values()) - 1
    return [
        Row(
            f"peak memory at {', '.join(SCALES)} (14 days)",
            "within 10 % of each other, under 6 GiB",
            f"{', '.join(f'{size:.2f}' for size in held.values())} GiB, {apart:.0%} apart",
            apart <= 0.10 and max(held.values()) < 6,
        )
    ]
