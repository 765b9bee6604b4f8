"""The standing job under a constant load, looked at every few seconds."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import numpy as np
import psutil

if TYPE_CHECKING:
    from headrace.settings import Settings
    from rehearsal.subprocesses import Command

EVERY_SECONDS = 3.0
WARM_UP = 60
FIRST_LOOKED_AT = 0.2


@dataclass(frozen=True)
class Slope:
    """How a value went over the last four fifths of a run, by least squares."""

    mean: float
    per_hour: float
    error: float
    most: float

    @property
    def rises(self) -> bool:
        """At all: how much of it may be scatter is said beside it, by its error."""
        return self.per_hour > 0


class Watch(Thread):
    """Keeps what `look` tells, with the moment it was told."""

    def __init__(self, look: Callable[[], float]) -> None:
        super().__init__(daemon=True, name="watch")
        self._look, self._ended = look, Event()
        self._seen: list[tuple[float, float]] = []

    def run(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            self._seen.append((time.monotonic(), self._look()))

    def stop(self) -> Slope:
        self._ended.set()
        self.join()
        return slope_of(self._seen)


def slope_of(seen: list[tuple[float, float]]) -> Slope:
    at, value = np.array(seen).T
    late = at >= at[0] + FIRST_LOOKED_AT * (at[-1] - at[0])
    hours, value = (at[late] - at[0]) / 3600, value[late]
    (per_hour, _), covariance = np.polyfit(hours, value, 1, cov=True)
    return Slope(float(value.mean()), float(per_hour), float(np.sqrt(covariance[0, 0])), float(value.max()))


def held_by(job: "Command") -> float:
    """Resident bytes of the job's processes, Python and Java. What several share is counted once."""
    try:
        process = psutil.Process(job.process.pid)
        family = (process, *process.children(recursive=True))
        return float(sum(_held(each) for each in family if not _is_javas_own(each)))
    except psutil.NoSuchProcess:
        return float("nan")


def _is_javas_own(process: psutil.Process) -> bool:
    """While Java starts a program it is there twice for a moment, and each tells of the memory as its own."""
    try:
        parent = process.parent()
        return parent is not None and process.name() == "java" and process.cmdline() == parent.cmdline()
    except psutil.Error:
        return False


def _held(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:  # a program that was over before it was looked at
        return 0


def behind(settings: "Settings", domain: str, topics: Sequence[str]) -> float:
    """Messages in the topics that are not in silver."""
    from headrace.lake.paths import Paths
    from headrace.live.heartbeat import last_beat

    beat = last_beat(Paths.of(domain, settings))
    taken = sum(flow.rows for flow in (beat.flows if beat else ()) if flow.topic in topics)
    return float(sent_so_far(settings, topics) - taken)


def sent_so_far(settings: "Settings", topics: Sequence[str]) -> int:
    from headrace.sources.broker import offsets_now

    return sum(end for topic in topics for _, end in offsets_now(topic, settings).values())


@contextmanager
def under_load(
    home: Path,
    domain: str,
    topics: Sequence[str],
    rate: int,
    minutes: float,
    prepare: Callable[["Settings"], None],
) -> Iterator[tuple["Settings", "Command", float]]:
    """A lake, a broker, the standing job, and a producer apart that has warmed it up and goes on for so long."""
    from headrace.lake.paths import Paths
    from headrace.operate.receipt import receipt
    from headrace.settings import get_settings
    from rehearsal.kafka import Broker, free_port
    from rehearsal.subprocesses import running, wait_until_standing

    here = home.absolute()
    shutil.rmtree(here, ignore_errors=True)
    broker = Broker(here / "kafka", free_port())
    settings = get_settings().model_copy(
        update={"home": here, "kafka_bootstrap": broker.address, "metrics_port": 0}
    )
    prepare(settings)
    broker.up()
    seconds = WARM_UP + 60 * minutes
    words = ["produce", domain, "--rate", str(rate), "--for", f"{round(seconds + 300)}s"]
    try:
        for topic in topics:
            broker.make_topic(topic, partitions=2)
        with running(["stream", domain], settings, here / "logs" / "stream.log") as job:
            wait_until_standing(job, Paths.of(domain, settings))
            with running(words, settings.model_copy(update={"memory": "1g"}), here / "logs" / "produce.log"):
                while behind(settings, domain, topics) <= 0:
                    time.sleep(1)
                time.sleep(WARM_UP)
                yield settings, job, 60 * minutes
        found = receipt(domain, settings).check()
        assert found.lost == ()
    finally:
        broker.down()
    shutil.rmtree(here)
