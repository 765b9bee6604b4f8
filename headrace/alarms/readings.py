"""One batch of readings as arrays, by sender and time.

A row that is older than its sender's last one is late, and so is a second one of the same instant: it is counted,
nothing else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

NEVER = np.int64(-(2**62))
AHEAD = 0.05
FEW = 3


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
    """How far event time has come for most; it never goes back."""
    late: int
    senders: int
    """How many are known by now: as long must be what is kept of them."""

    @cached_property
    def first(self) -> np.ndarray:
        """The place at which each sender's readings begin, and behind the last one the end."""
        begins = np.flatnonzero(np.diff(self.codes, prepend=-1))
        return np.append(begins, len(self.codes))

    @cached_property
    def present(self) -> np.ndarray:
        """The code of each sender that has readings here."""
        found: np.ndarray = self.codes[self.first[:-1]]
        return found

    @cached_property
    def last(self) -> np.ndarray:
        """The place of each sender's last reading."""
        return self.first[1:] - 1


def in_rounds(codes: np.ndarray) -> Iterator[np.ndarray]:
    """Places in rising codes: the first of every sender, then the second of every sender that has one, and so on."""
    if not len(codes):
        return
    begins = np.flatnonzero(np.diff(codes, prepend=-1))
    counts = np.diff(begins, append=len(codes))
    for number in range(int(counts.max())):
        yield begins[counts > number] + number


class Clock:
    """Puts batches in order and tells how far time has come; keeps each sender's last instant."""

    def __init__(self) -> None:
        self.last = np.empty(0, np.int64)
        self.now = int(NEVER)

    def readings(self, codes: np.ndarray, at: np.ndarray, values: np.ndarray, senders: int) -> Readings:
        self._fit(senders)
        order = _order(codes, at)
        if order is not None:
            codes, at, values = codes[order], at[order], values[order]
        is_new = at > self.last[codes]
        is_new[1:] &= (at[1:] != at[:-1]) | (codes[1:] != codes[:-1])
        late = len(at) - int(np.count_nonzero(is_new))
        if late:
            codes, at, values = codes[is_new], at[is_new], values[is_new]
        previous = np.empty_like(at)
        previous[1:] = at[:-1]
        begins = np.flatnonzero(np.diff(codes, prepend=-1))
        previous[begins] = self.last[codes[begins]]
        ends = np.flatnonzero(np.diff(codes, append=-1))
        self.last[codes[ends]] = at[ends]
        self._go_on(at[ends])
        return Readings(codes, at, values, previous, self.now, late, senders)

    def state(self) -> dict[str, np.ndarray]:
        return {"last": self.last, "now": np.array(self.now)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self.last, self.now = np.array(state["last"]), int(state["now"])

    def _go_on(self, lasts: np.ndarray) -> None:
        """A few senders whose clocks run ahead do not carry the others along."""
        if not len(lasts):
            return
        ahead = min(len(lasts), max(FEW, int(len(lasts) * AHEAD)))
        self.now = max(self.now, int(np.partition(lasts, -ahead)[-ahead]))

    def _fit(self, senders: int) -> None:
        more = senders - len(self.last)
        if more > 0:
            self.last = np.append(self.last, np.full(more, NEVER))


def _order(codes: np.ndarray, at: np.ndarray) -> np.ndarray | None:
    """By sender and time; None where they lie so already. Rows of the same instant stay in their order."""
    if len(codes) < 2:
        return None
    since = at - at.min()
    unit = next(unit for unit in (1_000_000, 1_000, 1) if not np.any(since % unit))
    span = int(since.max()) // unit + 1
    if int(codes.max()) * span >= 2**62:
        return np.lexsort((at, codes))
    key = codes.astype(np.int64) * span + since // unit
    if bool(np.all(key[1:] >= key[:-1])):
        return None
    bits = len(key).bit_length()
    if int(key.max()) >= 2 ** (62 - bits):
        return np.argsort(key, kind="stable")
    packed = (key << bits) | np.arange(
        len(key)
    )  # sorting numbers is four times as fast as sorting their places
    packed.sort()
    order: np.ndarray = packed & ((1 << bits) - 1)
    return order
