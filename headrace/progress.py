"""What is going on, told to whoever listens: a terminal, a log, nobody."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


class Stopwatch:
    def __init__(self) -> None:
        self._began = monotonic()

    @property
    def seconds(self) -> float:
        return round(monotonic() - self._began, 3)
