"""At ten thousand messages a second: how far the standing job is behind, and whether that grows."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures.drain import history
from benchmarks.lake import DOMAIN
from benchmarks.report import Row
from benchmarks.steady import Watch, behind, sent_so_far, under_load

if TYPE_CHECKING:
    from headrace.settings import Settings

RATE, MINUTES = 10_000, 10.0


def measure(home: Path, runs: int, minutes: float = MINUTES) -> list[Row]:  # noqa: ARG001 - one run is long enough
    return [lag_of(home / "lag", DOMAIN, ("sensor_readings",), RATE, minutes, history)]


def lag_of(
    here: Path,
    domain: str,
    topics: Sequence[str],
    rate: int,
    minutes: float,
    prepare: Callable[["Settings"], None],
) -> Row:
    with under_load(here, domain, topics, rate, minutes, prepare) as (settings, _, seconds):
        watch = Watch(lambda: behind(settings, domain, topics))
        before, began = sent_so_far(settings, topics), time.monotonic()
        watch.start()
        time.sleep(seconds)
        lag = watch.stop()
        sent = (sent_so_far(settings, topics) - before) / (time.monotonic() - began)
    return Row(
        f"{rate:,} messages a second of {' and '.join(topics)} for {minutes:.0f} minutes (sent: {sent:,.0f}): "
        "messages not yet in silver",
        "a slope that is not positive over the last 80 %",
        f"{lag.mean:,.0f} behind (most {lag.most:,.0f}), {lag.per_hour / 60:+,.0f} ± {lag.error / 60:,.0f} a minute",
        not lag.rises and sent > 0.97 * rate,
    )
