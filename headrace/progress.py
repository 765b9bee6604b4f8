"""What is going on, told to whoever listens: a terminal, a log, nobody, or people behind a topic of SNS."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from headrace.settings import Settings

LONGEST_SUBJECT = 100  # SNS takes no longer one, and no line break in it


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


def tell_people(what: str, about: str, settings: "Settings") -> bool:
    """Whether there is anybody to be told; without a topic it goes to the log alone."""
    tell(Event("tell", what, "done", note=about))
    if not settings.alerts_topic_arn:
        return False
    import boto3  # here: it takes longer to import than most commands run

    from headrace.aws_errors import refused

    subject = " ".join(what.split())[:LONGEST_SUBJECT]
    with refused(f"topic {settings.alerts_topic_arn}", "HEADRACE_ALERTS_TOPIC_ARN"):
        boto3.client("sns").publish(
            TopicArn=settings.alerts_topic_arn, Subject=subject, Message=f"{what}\n{about}"
        )
    return True


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
