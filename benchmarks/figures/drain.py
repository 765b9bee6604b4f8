"""A full topic: into bronze, and on into silver with limits, rejects, duplicates and alarms.

Of a hundredth of the network, whose sensors say so much in six hours, and of all its half million sensors, who say it
in less than four minutes.
"""

import shutil
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.lake import DOMAIN
from benchmarks.report import Row

if TYPE_CHECKING:
    from headrace.settings import Settings

MESSAGES = 10_000_000
BRONZE, SILVER = ("bronze",), ("bronze", "silver")
TARGETS = {BRONZE: 120_000, SILVER: 50_000}
SENSORS = 500_000
PART, WHOLE = 0.01, 1.0
NEEDED = ("refineries", "processing_units", "sensors", "sensor_readings")


def measure(home: Path, runs: int) -> list[Row]:  # noqa: ARG001 - one run drains ten million messages thrice
    here = (home / "drain").absolute()
    return [*_of_network(here, PART, (BRONZE, SILVER)), *_of_network(here, WHOLE, (SILVER,))]


def _of_network(here: Path, scale: float, ways: Sequence[tuple[str, ...]]) -> list[Row]:
    from headrace.lake.session import get_spark
    from headrace.settings import get_settings
    from rehearsal.kafka import Broker, free_port
    from simulation.producer.topic_producer import fill

    shutil.rmtree(here, ignore_errors=True)
    get_spark(
        get_settings().model_copy(update={"home": here.with_name("drain-spark")})
    )  # its temporary files outlive the network's lake
    broker = Broker(here / "kafka", free_port())
    settings = get_settings().model_copy(
        update={"home": here / "full", "kafka_bootstrap": broker.address, "metrics_port": 0}
    )
    history(settings, scale, stride=timedelta(days=1), tables=NEEDED)
    broker.up()
    try:
        broker.make_topic("sensor_readings", partitions=4)
        sent = fill(DOMAIN, settings, MESSAGES)
        rates = {layers: _drained(settings, layers, sent.messages) for layers in ways}
    finally:
        broker.down()
    shutil.rmtree(here)
    what = f"a full topic of {sent.messages / 1e6:.0f} M readings of {SENSORS * scale:,.0f} sensors"
    return [_row(what, layers, rate) for layers, rate in rates.items()]


def history(settings: "Settings", scale: float = PART, **thinned: Any) -> None:
    """Two days of the network, thinned, and its dimensions in silver."""
    from headrace.refine.run import refine
    from simulation.generate.plan import load_profile
    from simulation.generate.run import generate

    plan = load_profile(DOMAIN, "fast").but(scale=scale, **thinned)
    generate(DOMAIN, plan, settings)
    refine(DOMAIN, layers=("bronze", "silver"), tables=plan.tables, settings=settings)


def _drained(settings: "Settings", layers: Sequence[str], messages: int) -> float:
    """Rows a second, from the job's start in a process whose Spark runs already."""
    from headrace.live.standing import StandingOptions, stand
    from headrace.operate.receipt import receipt

    copy = settings.model_copy(update={"home": settings.home.with_name("-".join(layers))})
    shutil.rmtree(copy.home, ignore_errors=True)
    shutil.copytree(settings.home, copy.home)
    began = time.monotonic()
    stand(DOMAIN, copy, threading.Event(), StandingOptions(until_empty=True, layers=layers))
    seconds = time.monotonic() - began
    receipt(DOMAIN, copy).check()
    shutil.rmtree(copy.home)
    print(f"  {' and '.join(layers)}: {messages / seconds:,.0f} rows/s", flush=True)
    return messages / seconds


def _row(what: str, layers: Sequence[str], rate: float) -> Row:
    into = "bronze" if layers == BRONZE else "bronze, silver and alarms"
    target = TARGETS[tuple(layers)]
    return Row(f"{what} into {into}", f"{target / 1000:.0f}k rows/s", f"{rate:,.0f} rows/s", rate >= target)
