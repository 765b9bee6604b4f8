"""What is going on, told to whoever listens: a terminal, a log, nobody."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal


@dataclass(frozen=True)
class Event:
    stage: str
    item: str
    state: Literal["started", "going", "done", "skipped", "failed"]
    rows: int | None = None
    seconds: float | None = None
    note: str = ""
    done: int | None = None
    total: int | None = None
    at: float = field(default_factory=monotonic, compare=False)


Listener = Callable[[Event], None]
_listeners: list[Listener] = []


def tell(event: Event) -> None:
    for listener in _listeners:
        listener(event)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextmanager
def held_back() -> Iterator[list[Event]]:
    """Keeps events from the listeners until it is over, and tells then those that are left in the list."""
    held: list[Event] = []
    listeners = _listeners[:]
    _listeners[:] = [held.append]
    try:
        yield held
    finally:
        _listeners[:] = listeners
        for event in held:
            tell(event)


class Stopwatch:
    def __init__(self) -> None:
        self._began = monotonic()

    @property
    def seconds(self) -> float:
        return round(monotonic() - self._began, 3)
