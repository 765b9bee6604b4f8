"""At five thousand messages a second of both topics of the grid: how far its standing job is behind."""

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures.lag import lag_of
from benchmarks.report import Row

if TYPE_CHECKING:
    from headrace.settings import Settings

DOMAIN, RATE, MINUTES = "grid", 5_000, 10.0
TOPICS = ("energy.smart_meter.readings", "energy.substation.telemetry")


def measure(home: Path, runs: int, minutes: float = MINUTES) -> list[Row]:  # noqa: ARG001 - one run is long enough
    return [lag_of(home / "lag-grid", DOMAIN, TOPICS, RATE, minutes, _two_days)]


def _two_days(settings: "Settings") -> None:
    """Two days of the network, whose masters are in silver."""
    from headrace.refine.run import refine
    from simulation.generate.plan import load_profile
    from simulation.generate.run import generate

    generate(DOMAIN, load_profile(DOMAIN, "fast"), settings)
    refine(DOMAIN, layers=("bronze", "silver"), settings=settings)
