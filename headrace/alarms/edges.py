"""What a detector says: conditions that began and ended, delays and deadband applied already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Literal, Protocol

import numpy as np

from headrace.alarms.readings import Readings

WARNING, CRITICAL = 1, 2
NONE = np.iinfo(np.int64).min
"""An instant that is not known."""


@dataclass(frozen=True)
class Edges:
    """Parallel arrays, one place an edge, in any order."""

    subject: np.ndarray
    """int32: the code of a sender, or of a group."""
    at: np.ndarray
    """int64: microseconds of event time at which it is told."""
    is_on: np.ndarray
    severity: np.ndarray
    """int8: WARNING or CRITICAL; a second edge that is on tells of another severity."""
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
    ) -> "Edges":
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
    def none(cls) -> "Edges":
        return cls.of(np.empty(0, np.int32), np.empty(0, np.int64), is_on=False)

    @classmethod
    def joined(cls, parts: Sequence["Edges"]) -> "Edges":
        parts = [part for part in parts if len(part)]
        if not parts:
            return cls.none()
        return cls(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(cls)))


class Detector(Protocol):
    """Folds batch after batch of readings into what it keeps, and tells what began or ended with each."""

    kind: str
    of: Literal["sender", "group"]

    def step(self, readings: Readings) -> Edges: ...

    def state(self) -> dict[str, np.ndarray]: ...

    def restore(self, state: Mapping[str, np.ndarray]) -> None: ...
