"""What every detector takes and gives: a batch of readings as arrays, arrays that it keeps, and transitions.

Transitions are conditions that begin and end: delays and deadband are applied already.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from headrace.alarms.senders import Senders

NEVER = np.int64(-(2**62))
WARNING, CRITICAL = 1, 2
TRANSITION = np.dtype(
    [
        ("code", np.int32),  # of a sender, or of a group
        ("at", np.int64),  # microseconds of event time at which an operator may be told
        ("is_on", np.bool_),
        ("severity", np.int8),  # one that is on already changes its severity
        ("value", np.float64),
        ("limit", np.float64),  # what the value is held against; nan where nothing is
        ("since", np.int64),  # when the condition itself began, or ended
    ]
)


class Arrays:
    """Arrays by name, each with one place a sender (or a group).

    They are given by what a new place begins with: a value, or an array of several values a place.
    """

    def __init__(self, **begins: np.generic | np.ndarray) -> None:
        self._begins = begins
        self._arrays = {name: np.empty((0, *begin.shape), begin.dtype) for name, begin in begins.items()}

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]

    def fit(self, count: int) -> None:
        """Makes room for so many."""
        for name, array in self._arrays.items():
            if (more := count - len(array)) > 0:
                new = np.broadcast_to(self._begins[name], (more, *array.shape[1:]))
                self._arrays[name] = np.concatenate([array, new])

    def state(self) -> dict[str, np.ndarray]:
        return dict(self._arrays)

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._arrays = {name: np.array(state[name]) for name in self._begins}


@dataclass(frozen=True)
class Readings:
    codes: np.ndarray
    """int32, rising."""
    at: np.ndarray
    """int64 microseconds, rising within a sender."""
    values: np.ndarray
    """float64, nan where nothing was read."""
    previous: np.ndarray
    """int64: when the same sender was read before; NEVER for its first."""
    now: int
    """How far event time has come for most senders; it never goes back."""
    late: int
    senders: int
    """How many senders are known by now."""

    @cached_property
    def first(self) -> np.ndarray:
        """The place at which each sender's readings begin, and the end of the last one's."""
        return np.append(np.flatnonzero(np.diff(self.codes, prepend=-1)), len(self.codes))

    @cached_property
    def present(self) -> np.ndarray:
        """The code of each sender that has readings here."""
        return np.take(self.codes, self.first[:-1])

    @cached_property
    def last(self) -> np.ndarray:
        """The place of each sender's last reading."""
        return self.first[1:] - 1


def in_rounds(codes: np.ndarray) -> Iterator[np.ndarray]:
    """Places in rising codes: the first of every sender, then the second of every sender that has one, and so on."""
    begins = np.flatnonzero(np.diff(codes, prepend=-1))
    counts = np.diff(begins, append=len(codes))
    for number in range(int(counts.max(initial=0))):
        yield begins[counts > number] + number


@dataclass(frozen=True)
class Transition:
    kind: str
    is_group: bool
    code: int
    at: int
    is_on: bool
    severity: int
    value: float
    limit: float
    since: int


class Detector:
    """Folds readings into arrays, and finds what begins or ends with them."""

    kind: ClassVar[str]
    is_of_groups: ClassVar[bool] = False

    def __init__(self, senders: Senders, **begins: np.generic | np.ndarray) -> None:
        self._senders, self._arrays = senders, Arrays(**begins)

    def state(self) -> dict[str, np.ndarray]:
        return self._arrays.state()

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._arrays.restore(state)


def switch(
    arrays: Arrays, places: np.ndarray, is_met: np.ndarray, is_over: np.ndarray, blocks: np.ndarray | int
) -> tuple[np.ndarray, np.ndarray]:
    """Where a condition begins, which was met for so many blocks in a row, and where one is over."""
    times, was_on = np.where(is_met, arrays["times"][places] + 1, 0), arrays["is_on"][places]
    begins, ends = ~was_on & (times >= blocks), was_on & is_over
    arrays["times"][places], arrays["is_on"][places] = times, (was_on | begins) & ~ends
    return begins, ends


def transitions(
    codes: np.ndarray,
    at: np.ndarray | int,
    *,
    is_on: np.ndarray | bool,
    severity: np.ndarray | int = WARNING,
    value: np.ndarray | float = np.nan,
    limit: np.ndarray | float = np.nan,
    since: np.ndarray | None = None,
) -> np.ndarray:
    rows = np.empty(len(codes), TRANSITION)
    rows["code"], rows["at"], rows["is_on"], rows["severity"] = codes, at, is_on, severity
    rows["value"], rows["limit"], rows["since"] = value, limit, at if since is None else since
    return rows


def joined(parts: Iterable[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty(0, TRANSITION), *parts])


def in_order(changes: Sequence[tuple[Detector, np.ndarray]]) -> Iterator[Transition]:
    """Of the same instant, those of the detector that is named first."""
    every = joined(each for _, each in changes)
    ranks = np.repeat(np.arange(len(changes)), [len(each) for _, each in changes])
    order = np.lexsort((ranks, every["at"]))
    for rank, row in zip(ranks[order].tolist(), every[order].tolist(), strict=True):
        detector = changes[rank][0]
        yield Transition(detector.kind, detector.is_of_groups, *row)
