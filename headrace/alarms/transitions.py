"""Conditions that begin and end, as detectors find them: delays and deadband are applied already."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Literal, Protocol

import numpy as np

from headrace.alarms.readings import Readings

WARNING, CRITICAL = 1, 2
NONE = np.iinfo(np.int64).min
"""An instant that is not known."""


@dataclass(frozen=True)
class Transitions:
    """Parallel arrays, one place a transition, in any order."""

    subject: np.ndarray
    """int32: the code of a sender, or of a group."""
    at: np.ndarray
    """int64: microseconds of event time at which it is told."""
    is_on: np.ndarray
    severity: np.ndarray
    """int8: WARNING or CRITICAL; a second transition that is on tells of another severity."""
    value: np.ndarray
    limit: np.ndarray
    """What the value is held against; nan where nothing is."""
    since: np.ndarray
    """int64: when the condition itself began, or ended."""

    def __len__(self) -> int:
        return len(self.subject)

    @classmethod
    def of(
        cls,
        subject: np.ndarray,
        at: np.ndarray,
        *,
        is_on: np.ndarray | bool,
        severity: np.ndarray | int = WARNING,
        value: np.ndarray | float = np.nan,
        limit: np.ndarray | float = np.nan,
        since: np.ndarray | None = None,
    ) -> "Transitions":
        def filled(given: object, kind: type[np.generic]) -> np.ndarray:
            return np.broadcast_to(np.asarray(given, dtype=kind), subject.shape)

        return cls(
            subject.astype(np.int32),
            filled(at, np.int64),
            filled(is_on, np.bool_),
            filled(severity, np.int8),
            filled(value, np.float64),
            filled(limit, np.float64),
            filled(at if since is None else since, np.int64),
        )

    @classmethod
    @cache
    def none(cls) -> "Transitions":
        return cls.of(np.empty(0, np.int32), np.empty(0, np.int64), is_on=False)

    @classmethod
    def joined(cls, parts: Sequence["Transitions"]) -> "Transitions":
        parts = [part for part in parts if len(part)]
        if not parts:
            return cls.none()
        return cls(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(cls)))


class Detector(Protocol):
    """Folds batch after batch of readings into what it keeps, and tells what began or ended with each."""

    kind: str
    of: Literal["sender", "group"]

    def step(self, readings: Readings) -> Transitions: ...

    def state(self) -> dict[str, np.ndarray]: ...

    def restore(self, state: Mapping[str, np.ndarray]) -> None: ...


@dataclass(frozen=True)
class Transition:
    kind: str
    code: int
    is_group: bool
    at: int
    is_on: bool
    severity: int
    value: float
    limit: float
    since: int


def in_order(found: Sequence[tuple[Detector, Transitions]]) -> Iterator[Transition]:
    """Of the same instant, those of the detector that is named first."""
    transitions = Transitions.joined([each for _, each in found])
    ranks = np.concatenate(
        [np.full(len(each), rank) for rank, (_, each) in enumerate(found)] or [np.empty(0)]
    )
    for place in np.lexsort((np.arange(len(transitions)), ranks, transitions.at)).tolist():
        detector = found[int(ranks[place])][0]
        yield Transition(
            detector.kind,
            int(transitions.subject[place]),
            detector.of == "group",
            int(transitions.at[place]),
            bool(transitions.is_on[place]),
            int(transitions.severity[place]),
            float(transitions.value[place]),
            float(transitions.limit[place]),
            int(transitions.since[place]),
        )
