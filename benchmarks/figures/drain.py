"""A full topic: into bronze, and into bronze and silver with limits, rejects and duplicates."""

import shutil
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.lake import DOMAIN
from benchmarks.report import Row

if TYPE_CHECKING:
    from headrace.settings import Settings

MESSAGES = 10_000_000
TARGETS = {("bronze",): 120_000, ("bronze", "silver"): 50_000}


def measure(home: Path, runs: int) -> list[Row]:  # noqa: ARG001 - one run drains ten million messages twice
    from headrace.settings import Settings
    from rehearsal.kafka import Broker, free_port
    from streaming.fill import fill

    here = (home / "drain").absolute()
    shutil.rmtree(here, ignore_errors=True)
    broker = Broker(here / "kafka", free_port())
    settings = Settings(home=here / "full", kafka_bootstrap=broker.address, metrics_port=0)
    history(settings)
    broker.up()
    try:
        broker.make_topic("sensor_readings", partitions=4)
        sent = fill(DOMAIN, settings, MESSAGES)
        rows = [_drained(settings, layers, target, sent.messages) for layers, target in TARGETS.items()]
    finally:
        broker.down()
    shutil.rmtree(here)
    return rows


def history(settings: "Settings", scale: float = 0.01) -> None:
    """One day of the network, thinned, and its dimensions in silver."""
    from headrace.generate.plan import load_profile
    from headrace.generate.run import generate
    from headrace.refine.run import refine

    plan = load_profile(DOMAIN, "fast").but(scale=scale)
    generate(DOMAIN, plan, settings)
    refine(DOMAIN, layers=("bronze", "silver"), settings=settings)


def _drained(settings: "Settings", layers: Sequence[str], target: int, messages: int) -> Row:
    from headrace.lake.receipt import receipt
    from headrace.live.standing import stand

    copy = settings.model_copy(update={"home": settings.home.with_name("-".join(layers))})
    shutil.rmtree(copy.home, ignore_errors=True)
    shutil.copytree(settings.home, copy.home)
    began = time.monotonic()
    stand(DOMAIN, copy, threading.Event(), until_empty=True, layers=layers)
    seconds = time.monotonic() - began
    receipt(DOMAIN, copy).check()
    shutil.rmtree(copy.home)
    rate = messages / seconds
    return Row(
        f"a full topic of {messages / 1e6:.0f} M readings into {' and '.join(layers)}",
        f"{target / 1000:.0f}k rows/s",
        f"{rate:,.0f} rows/s",
        rate >= target,
    )
