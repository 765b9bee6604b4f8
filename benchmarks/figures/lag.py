"""At ten thousand messages a second: how far the standing job is behind, and whether that grows."""

import time
from pathlib import Path

from benchmarks.report import Row
from benchmarks.steady import Watch, behind, under_load

RATE, MINUTES = 10_000, 10.0
TABLE = "sensor_readings"


def measure(home: Path, runs: int, minutes: float = MINUTES) -> list[Row]:  # noqa: ARG001 - one run is long enough
    from headrace.sources.broker import offsets_now

    with under_load(home / "lag", TABLE, RATE, minutes) as (settings, _, seconds):
        watch = Watch(lambda: behind(settings, TABLE))
        before, began = _sent(offsets_now(TABLE, settings)), time.monotonic()
        watch.start()
        time.sleep(seconds)
        lag = watch.stop()
        rate = (_sent(offsets_now(TABLE, settings)) - before) / (time.monotonic() - began)
    return [
        Row(
            f"{RATE:,} messages a second for {minutes:.0f} minutes (sent: {rate:,.0f}): messages not yet in silver",
            "a slope that is not positive over the last 80 %",
            f"{lag.mean:,.0f} behind (most {lag.most:,.0f}), {lag.per_hour / 60:+,.0f} ± {lag.error / 60:,.0f} "
            "a minute",
            not lag.rises and rate > 0.97 * RATE,
        )
    ]


def _sent(offsets: dict[int, tuple[int, int]]) -> int:
    return sum(end for _, end in offsets.values())
