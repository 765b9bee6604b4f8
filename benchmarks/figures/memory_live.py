"""What the standing job holds under a constant load: an hour by default, `--minutes` says otherwise."""

import time
from pathlib import Path

from benchmarks.figures.drain import history
from benchmarks.lake import DOMAIN
from benchmarks.report import Row
from benchmarks.steady import Watch, held_by, under_load

RATE, MINUTES = 1000, 60.0
TABLE = "sensor_readings"
GIB = 2**30


def measure(home: Path, runs: int, minutes: float = MINUTES) -> list[Row]:  # noqa: ARG001 - one run is long enough
    with under_load(home / "memory_live", DOMAIN, (TABLE,), RATE, minutes, history) as (_, job, seconds):
        watch = Watch(lambda: held_by(job))
        watch.start()
        time.sleep(seconds)
        held = watch.stop()
    growth = held.per_hour / held.mean
    return [
        Row(
            f"{RATE:,} messages a second for {minutes:.0f} minutes: memory of the standing job, Python and Java",
            "under 6 GiB, growing less than 2 % an hour",
            f"{held.mean / GIB:.2f} GiB (most {held.most / GIB:.2f}), {growth:+.1%} ± {held.error / held.mean:.1%} "
            "an hour over the last four fifths",
            held.most < 6 * GIB and growth < 0.02,
        )
    ]
