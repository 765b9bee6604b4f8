"""How long a command took by the clock, and each stage of it: the time in which one of its items was under way."""

import os
import time
from collections.abc import Iterable
from threading import Lock

from headrace.progress import Event

START, REST = "start", "rest"
Span = tuple[float, float]


class StageClock:
    def __init__(self) -> None:
        self._lock = Lock()
        self._running: dict[str, set[str]] = {}
        self._since: dict[str, float] = {}
        self._spans: dict[str, list[Span]] = {}

    def __call__(self, event: Event) -> None:
        with self._lock:
            running, spans = (
                self._running.setdefault(event.stage, set()),
                self._spans.setdefault(event.stage, []),
            )
            if event.state in ("started", "going"):
                if not running:
                    self._since[event.stage] = event.at
                running.add(event.item)
            elif event.item in running:
                running.remove(event.item)
                if not running:
                    spans.append((self._since[event.stage], event.at))

    @property
    def seconds(self) -> dict[str, float]:
        return {stage: _length(spans) for stage, spans in self._spans.items()}

    def spent(self, since: float, now: float) -> dict[str, float]:
        """What the time between two instants was spent on, each second once: `start` is all before the first stage, and
        while Spark or Prefect start; `rest` is what no stage tells of."""
        spans = {stage: each for stage, each in self._spans.items() if each}
        first = min((span[0] for each in spans.values() for span in each), default=now)
        spans = {START: [(since, first), *spans.pop(START, [])], **spans}
        told: list[Span] = []
        parts: dict[str, float] = {}
        for stage, each in spans.items():
            before = _length(told)
            told += each
            parts[stage] = _length(told) - before
        return {**parts, REST: max(now - since - _length(told), 0.0)}


def _length(spans: Iterable[Span]) -> float:
    """Of all together, what they share counted once."""
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(end - max(begin, reached), 0.0)
        reached = max(reached, end)
    return total


def seconds_since_start() -> float:
    """Since this process began, imports and all."""
    import psutil

    return time.time() - psutil.Process(os.getpid()).create_time()


def time_taken(clock: StageClock, since: float | None = None) -> dict[str, float]:
    """What the time since an instant was spent on, by default this process's life so far."""
    now = time.monotonic()
    return {
        stage: round(took, 1)
        for stage, took in clock.spent(now - seconds_since_start() if since is None else since, now).items()
        if round(took, 1)
    }


def in_words(parts: dict[str, float]) -> str:
    """'8 min 41 s: start 38.0 s, bronze …'"""
    from cli.screen import seconds

    names = {"scan": "scans"}
    said = ", ".join(f"{names.get(stage, stage)} {seconds(took)}" for stage, took in parts.items())
    return f"{seconds(sum(parts.values()))}: {said}"
