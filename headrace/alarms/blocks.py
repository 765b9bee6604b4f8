"""Means of each sender's readings over blocks of hours, each without its least and greatest reading.

A block is closed when time has passed its end by a grace. One in which most readings repeat the one before them says
nothing of the process.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from headrace.alarms.detectors.detector import NEVER, Arrays, Readings

BLOCK = 6 * 3_600_000_000
GRACE = 600_000_000
SUMMARIES = {"sums": np.add, "counts": np.add, "repeats": np.add, "least": np.minimum, "most": np.maximum}
EMPTY = {"sums": 0, "counts": 0, "repeats": 0, "least": np.inf, "most": -np.inf}


@dataclass(frozen=True)
class Block:
    at: int
    """When it is closed, in microseconds: a little after its end."""
    means: np.ndarray
    """One of each sender; nan where nothing was read that is to be believed."""


class Blocks:
    """Readings of two blocks are summed up at once: a block is open until a grace has passed after its end."""

    def __init__(self) -> None:
        self._arrays = Arrays(
            sums=np.zeros(2), counts=np.zeros(2, np.int64), repeats=np.zeros(2, np.int64),
            least=np.full(2, np.inf), most=np.full(2, -np.inf), last=np.float64(np.nan),
        )  # fmt: skip
        self._open = int(NEVER)

    def state(self) -> dict[str, np.ndarray]:
        return self._arrays.state() | {"open": np.array(self._open)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._arrays.restore(state)
        self._open = int(state["open"])

    def closed(self, readings: Readings) -> Iterator[Block]:
        """Those that this batch closes."""
        self._arrays.fit(readings.senders)
        codes, at, values = readings.codes, readings.at, readings.values
        if np.isnan(values).any():
            read = ~np.isnan(values)
            codes, at, values = codes[read], at[read], values[read]
        codes, blocks, parts = self._parts(codes, at // BLOCK, values)
        if self._open == NEVER:
            if not len(blocks):
                return
            self._open = int(blocks.min())
        now = max(self._open, (readings.now - GRACE) // BLOCK)
        held = {self._open, self._open + 1} if self._arrays["counts"].any() else set()
        for block in sorted({*np.unique(blocks).tolist(), *held}):
            if block < self._open or block > now + 1:  # too late, or by a clock that runs ahead
                continue
            rows = np.flatnonzero(blocks == block)
            for name, fold in SUMMARIES.items():
                of_block = self._arrays[name][:, block % 2]
                of_block[codes[rows]] = fold(of_block[codes[rows]], parts[name][rows])
            if block < now:
                yield self._close(block)
        self._open = now

    def _parts(
        self, codes: np.ndarray, blocks: np.ndarray, values: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """This batch's share of each sender's blocks."""
        is_other = np.diff(codes, prepend=-1) != 0
        before = np.empty_like(values)
        before[1:] = values[:-1]
        before[is_other] = self._arrays["last"][codes[is_other]]
        self._arrays["last"][codes] = values  # rising in time, so that the last one stays
        first = np.flatnonzero((np.diff(blocks, prepend=-1) != 0) | is_other)
        parts = {
            "sums": np.add.reduceat(values, first),
            "counts": np.diff(first, append=len(codes)),
            "repeats": np.add.reduceat((values == before).astype(np.int64), first),
            "least": np.minimum.reduceat(values, first),
            "most": np.maximum.reduceat(values, first),
        }
        return codes[first], blocks[first], parts

    def _close(self, block: int) -> Block:
        sums, counts, repeats, least, most = (self._arrays[name][:, block % 2].copy() for name in SUMMARIES)
        for name, empty in EMPTY.items():
            self._arrays[name][:, block % 2] = empty
        with np.errstate(divide="ignore", invalid="ignore"):  # nan where nothing was read
            means = np.where(counts >= 3, (sums - least - most) / (counts - 2), sums / counts)
        return Block((block + 1) * BLOCK + GRACE, np.where(2 * repeats < counts, means, np.nan))
