"""Starts the standing job where its heartbeat has ended.

A job that dies as soon as it is started is started three times; then somebody has to look. One that says it waits, for
its topic or a table, is asked again every ten minutes. One whose step has given no sign of life yet is waited for, a
quarter of an hour at most, unless its engine knows the step as over.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Literal

from headrace.errors import HeadraceError
from headrace.lake import objects
from headrace.lake.lease import living_holder
from headrace.lake.paths import Paths
from headrace.live.heartbeat import Heartbeat, last_beat
from headrace.settings import Settings

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
    said: str


@dataclass(frozen=True)
class Supervised:
    domain: str
    state: Literal["alive", "started", "waiting"]
    said: str


Tables = Iterable[tuple[str, str]]
Start = Callable[[str, Settings], str | None]
Look = Callable[[str, Settings], Step]


def keep(
    domain: str, settings: Settings, start: Start, tables: Tables, look: Look | None = None
) -> Supervised:
    """start: starts the standing job of a domain on its engine and returns at once, with the id of its step where there
    is one to look at. tables: layer and name of those that nobody else may hold when it starts."""
    paths, now = Paths.of(domain, settings), time.time()
    beat, starts = last_beat(paths), _starts(paths)
    if beat is not None and is_alive(beat, settings):
        if beat.at - starts.at > AT_ONCE and starts.in_vain:
            _remember(paths, replace(starts, in_vain=0))
        return Supervised(domain, "alive", f"{beat.state}, last sign of life {beat.age:.0f} s ago")
    if starts.at and now - starts.at < settings.heartbeat_seconds:
        return Supervised(domain, "alive", f"was started {now - starts.at:.0f} s ago and is given time")
    silent = _silent_step(starts, beat, settings, look)
    if silent is not None and not silent.is_over:
        return Supervised(domain, "waiting", f"the standing job of {domain} waits for {silent.said}")
    if (busy := _written_by_others(tables, paths)) is not None:
        return Supervised(domain, "waiting", busy)
    missing = beat.waits_for if silent is None and beat is not None else ""
    if missing and now - starts.at < ASKED_AGAIN:
        return Supervised(domain, "waiting", f"the standing job of {domain} waits for {missing}")
    starts = Starts() if missing else _after_death(starts, beat)
    if starts.in_vain >= MOST_STARTS:
        raise HeadraceError(
            f"the standing job of {domain} was started {MOST_STARTS} times and died at once each time. Its last words: "
            f"{_last_words(beat, silent)}. Mend the cause, then start it with headrace stream {domain}."
        )
    step = start(domain, settings)
    _remember(paths, replace(starts, at=now, step=step or "", engine=_engine(settings)))
    return Supervised(domain, "started", _why(beat, silent))


def is_alive(beat: Heartbeat, settings: Settings) -> bool:
    return beat.state not in ("stopped", "failed", "waiting") and beat.age < settings.heartbeat_seconds


def _silent_step(
    starts: Starts, beat: Heartbeat | None, settings: Settings, look: Look | None
) -> Step | None:
    """That of the last start, where no sign of life came of it. One that stays silent for too long is over."""
    if look is None or not starts.step or starts.engine != _engine(settings):
        return None
    if beat is not None and beat.at > starts.at:
        return None
    if time.time() - starts.at >= SPEAKS_WITHIN:
        within = f"{SPEAKS_WITHIN / 60:.0f} minutes"
        return Step(is_over=True, said=f"its step {starts.step} gave no sign of life in {within}")
    step = look(starts.step, settings)
    seen = f"its step {starts.step} ({step.said})"
    return replace(step, said=f"{seen} gave no sign of life" if step.is_over else seen)


def _engine(settings: Settings) -> str:
    """Another cluster does not know the step."""
    return f"{settings.engine} {settings.emr_id}".strip()


def _last_words(beat: Heartbeat | None, silent: Step | None) -> str:
    if silent is not None:
        return f"none, {silent.said}"
    return (beat.error if beat is not None else "") or "none"


def _why(beat: Heartbeat | None, silent: Step | None) -> str:
    if silent is not None:
        return f"{silent.said} and counts as dead"
    if beat is None:
        return "it was never run"
    return f"its last sign of life ({beat.state}) is {beat.age:.0f} s old"


def _written_by_others(tables: Tables, paths: Paths) -> str | None:
    """Who holds a table that the job needs. It could not begin, which would not be its fault."""
    for layer, name in tables:
        holder = living_holder(paths.lease(layer, name))
        if holder is not None:
            return f"{layer}.{name} is being written by {holder.job!r}"
    return None


def _after_death(starts: Starts, beat: Heartbeat | None) -> Starts:
    """Counts the last start as in vain where the job did not outlive it for long."""
    if not starts.at:
        return starts
    lived = beat.at - starts.at if beat is not None else 0.0
    return replace(starts, in_vain=starts.in_vain + 1) if lived < AT_ONCE else Starts()


def _starts(paths: Paths) -> Starts:
    return Starts(**(objects.get_json(_file(paths)) or {}))


def _remember(paths: Paths, starts: Starts) -> None:
    objects.put_json(_file(paths), asdict(starts))


def _file(paths: Paths) -> str:
    return paths.heartbeat.replace(".json", ".starts.json")
