"""Starts the standing job where its heartbeat has ended.

A job that dies at once is started three times; then somebody has to look. One that waits for its topic or a table is
started again every ten minutes. A step without a sign of life yet is waited for, a quarter of an hour at most.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Literal

from headrace.errors import HeadraceError
from headrace.lake import objects
from headrace.lake.lease import living_holder
from headrace.lake.paths import Paths
from headrace.live.heartbeat import last_beat
from headrace.settings import Settings

ENDED = ("stopped", "failed", "waiting")
AT_ONCE = 120.0  # a job that lived no longer than so many seconds died at once
MOST_STARTS = 3
ASKED_AGAIN = 600.0
SPEAKS_WITHIN = 900.0  # of being started: a cluster starts, its places are taken, code is fetched


@dataclass(frozen=True)
class Starts:
    """Those in a row after which the job died at once; the step of the last one, and the engine that knows it."""

    in_vain: int = 0
    at: float = 0.0
    step: str = ""
    engine: str = ""


@dataclass(frozen=True)
class Step:
    """As its engine sees it."""

    is_over: bool
    state: str


@dataclass(frozen=True)
class Supervised:
    domain: str
    state: Literal["alive", "started", "waiting"]
    said: str


Start = Callable[[str, Settings], str | None]
Look = Callable[[str, Settings], Step]


def keep(
    domain: str, settings: Settings, start: Start, tables: Iterable[tuple[str, str]], look: Look | None = None
) -> Supervised:
    """start: starts the standing job of a domain on its engine and returns at once, with the id of its step where there
    is one to look at. tables: layer and name of those that nobody else may hold when it starts."""
    paths, now, job = Paths.of(domain, settings), time.time(), f"the standing job of {domain}"
    beat, file = last_beat(paths), paths.heartbeat.replace(".json", ".starts.json")
    starts = Starts(**(objects.get_json(file) or {}))
    if beat is not None and beat.state not in ENDED and beat.age < settings.heartbeat_seconds:
        if beat.at - starts.at > AT_ONCE and starts.in_vain:
            objects.put_json(file, asdict(replace(starts, in_vain=0)))
        return Supervised(domain, "alive", f"{beat.state}, last sign of life {beat.age:.0f} s ago")
    if starts.at and now - starts.at < settings.heartbeat_seconds:
        return Supervised(domain, "alive", f"was started {now - starts.at:.0f} s ago and is given time")
    engine = f"{settings.engine} {settings.emr_id}".strip()  # another cluster does not know the step
    is_silent = look and starts.step and starts.engine == engine and not (beat and beat.at > starts.at)
    silent = _silent_step(starts, settings, look) if look and is_silent else None
    if silent is not None and not silent.is_over:
        return Supervised(domain, "waiting", f"{job} waits for {silent.state}")
    for layer, name in tables:  # the job could not begin, which would not be its fault
        if (holder := living_holder(paths.lease(layer, name))) is not None:
            return Supervised(domain, "waiting", f"{layer}.{name} is being written by {holder.job!r}")
    missing = beat.waits_for if silent is None and beat is not None else ""
    if missing and now - starts.at < ASKED_AGAIN:
        return Supervised(domain, "waiting", f"{job} waits for {missing}")
    lived = beat.at - starts.at if beat is not None else 0.0
    died_at_once = starts.at and lived < AT_ONCE and not missing
    starts = replace(starts, in_vain=starts.in_vain + 1) if died_at_once else Starts()
    if starts.in_vain >= MOST_STARTS:
        last_words = f"none, {silent.state}" if silent else (beat.error if beat else "") or "none"
        raise HeadraceError(
            f"{job} was started {MOST_STARTS} times and died at once each time. Its last words: {last_words}. Mend the "
            f"cause, then start it with headrace stream {domain}."
        )
    step = start(domain, settings)
    objects.put_json(file, asdict(replace(starts, at=now, step=step or "", engine=engine)))
    why = f"its last sign of life ({beat.state}) is {beat.age:.0f} s old" if beat else "it was never run"
    return Supervised(domain, "started", f"{silent.state} and counts as dead" if silent else why)


def _silent_step(starts: Starts, settings: Settings, look: Look) -> Step:
    """The step of the last start, of which no sign of life came. One that stays silent for too long is over."""
    if time.time() - starts.at >= SPEAKS_WITHIN:
        within = f"{SPEAKS_WITHIN / 60:.0f} minutes"
        return Step(is_over=True, state=f"its step {starts.step} gave no sign of life in {within}")
    step = look(starts.step, settings)
    seen = f"its step {starts.step} ({step.state})"
    return replace(step, state=f"{seen} gave no sign of life" if step.is_over else seen)
