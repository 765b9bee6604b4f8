"""What each sender usually shows, learned from means over blocks of hours, and how far it is from that now.

A block is judged when time has passed its end, by its mean without its least and greatest reading. A mean far from
usual is not learned, unless it has stayed there so long that it must be the new level: after a recalibration, say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from headrace.alarms.detectors.detector import NEVER, Arrays, Readings
from headrace.alarms.senders import Senders

BLOCK = 6 * 3_600_000_000
GRACE = 600_000_000
SEASONED = 12  # blocks that must be known of a sender before it is judged
MEMORY = 120.0  # blocks that a level is learned over
FAR = 4.0  # usual deviations
SETTLED = 28  # blocks in a row that far: a new level
SUMMARIES = {"sums": np.add, "counts": np.add, "least": np.minimum, "most": np.maximum}


@dataclass(frozen=True)
class Block:
    """One block of hours; arrays have a place for each sender."""

    at: int
    """When it is judged, in microseconds: a little after its end."""
    score: np.ndarray
    """How far the sender was from its usual level, in its usual deviations; nan where nothing is known."""
    sure: np.ndarray
    """What part of that is not the level's own doubt: a level of few days may be as far off as its sender."""


class Levels:
    """Readings of two blocks are summed up at once: a block is open until a grace has passed after its end."""

    def __init__(self, senders: Senders) -> None:
        self._senders = senders
        self._arrays = Arrays(
            level=np.float64(0), spread=np.float64(0), known=np.float64(0), far=np.int32(0),
            there=np.float64(0), sums=np.zeros(2), counts=np.zeros(2, np.int64),
            least=np.full(2, np.inf), most=np.full(2, -np.inf),
        )  # fmt: skip
        self._open = int(NEVER)

    def state(self) -> dict[str, np.ndarray]:
        return self._arrays.state() | {"open": np.array(self._open)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._arrays.restore(state)
        self._open = int(state["open"])

    def blocks(self, readings: Readings) -> Iterator[Block]:
        """Those that this batch closes."""
        self._arrays.fit(readings.senders)
        codes, at, values = readings.codes, readings.at, readings.values
        if np.isnan(values).any():
            read = ~np.isnan(values)
            codes, at, values = codes[read], at[read], values[read]
        blocks = at // BLOCK
        first = np.flatnonzero((np.diff(blocks, prepend=-1) != 0) | (np.diff(codes, prepend=-1) != 0))
        parts = {
            "sums": np.add.reduceat(values, first),
            "counts": np.diff(first, append=len(codes)),
            "least": np.minimum.reduceat(values, first),
            "most": np.maximum.reduceat(values, first),
        }
        codes, blocks = codes[first], blocks[first]
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
                yield self._judged(block)
        self._open = now

    def _judged(self, block: int) -> Block:
        sums, counts, least, most = (self._arrays[name][:, block % 2].copy() for name in SUMMARIES)
        for name, empty in zip(SUMMARIES, (0, 0, np.inf, -np.inf), strict=True):
            self._arrays[name][:, block % 2] = empty
        usual, known = self._usual(), self._arrays["known"].copy()
        with np.errstate(divide="ignore", invalid="ignore"):  # nan where nothing was read
            means = np.where(counts >= 3, (sums - least - most) / (counts - 2), sums / counts)
            rest = means - self._arrays["level"]
            score = rest / usual
        is_known = ~np.isnan(means) & (known >= SEASONED) & (usual > 0)
        self._learn(means, rest, is_known & (np.abs(score) > FAR), usual)
        sure = np.sqrt(known / (known + SEASONED))
        return Block((block + 1) * BLOCK + GRACE, np.where(is_known, score, np.nan), sure)

    def _usual(self) -> np.ndarray:
        """A sender's own usual deviation, leaning on those of its kind while little is known of it."""
        known, spread = self._arrays["known"], self._arrays["spread"]
        low, high = self._senders.limits[1], self._senders.limits[2]
        band = np.nan_to_num(high - low)
        kinds, share = self._senders.kind, np.zeros(len(known))
        judged = (band > 0) & (known >= SEASONED)
        for kind in np.unique(kinds[judged]):
            mine = kinds == kind
            share[mine] = np.median(np.sqrt(spread[mine & judged]) / band[mine & judged])
        lean = np.where((band > 0) & (share > 0), float(SEASONED), 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            own = np.sqrt((lean * (share * band) ** 2 + known * spread) / (lean + known))
        usual: np.ndarray = np.nan_to_num(own)
        return usual

    def _learn(self, means: np.ndarray, rest: np.ndarray, is_far: np.ndarray, usual: np.ndarray) -> None:
        """A sender that has stayed about where it went for long enough is at a new level; one that goes on is not."""
        level, spread, known, far, there = (
            self._arrays[name] for name in ("level", "spread", "known", "far", "there")
        )
        seen = ~np.isnan(means)
        takes = seen & ~is_far
        gain = 1 / (known[takes] + 1)
        moved = np.where(known[takes] > 0, rest[takes], 0.0)
        level[takes] = np.where(known[takes] > 0, level[takes] + gain * moved, means[takes])
        spread[takes] += np.maximum(gain, 1 / MEMORY) * (moved**2 - spread[takes])
        known[takes] = np.minimum(known[takes] + 1, MEMORY)
        stays = is_far & (far > 0) & (np.abs(means - there) <= FAR * usual)
        begins = is_far & ~stays
        there[begins] = means[begins]
        far[seen] = np.where(stays[seen], far[seen] + 1, np.where(begins[seen], 1, 0))
        settled = far >= SETTLED
        level[settled], known[settled], far[settled] = means[settled], SEASONED, 0


def usual_of(arrays: Arrays, places: np.ndarray, variance: np.ndarray | float) -> np.ndarray:
    """How much each place usually moves: as it was seen to, or by this variance while little is known of it."""
    known, spread = arrays["known"][places], arrays["spread"][places]
    usual: np.ndarray = np.sqrt((SEASONED * variance + known * spread) / (SEASONED + known))
    return usual


def learn(arrays: Arrays, places: np.ndarray, moved: np.ndarray) -> None:
    known, spread = arrays["known"], arrays["spread"]
    gain = np.maximum(1 / (known[places] + 1), 1 / MEMORY)
    spread[places] += gain * (moved**2 - spread[places])
    known[places] = np.minimum(known[places] + 1, MEMORY)


def switch(
    arrays: Arrays, places: np.ndarray, is_away: np.ndarray, is_back: np.ndarray, blocks: np.ndarray | int
) -> tuple[np.ndarray, np.ndarray]:
    """Where a condition begins, that has held for so many blocks, and where one ends."""
    times, was_on = np.where(is_away, arrays["times"][places] + 1, 0), arrays["is_on"][places]
    begins, ends = ~was_on & (times >= blocks), was_on & is_back
    arrays["times"][places], arrays["is_on"][places] = times, (was_on | begins) & ~ends
    return begins, ends


def medians_of(keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each place the median of all values with its key, and how many they are."""
    order = np.lexsort((values, keys))
    ranked = values[order]
    starts = np.flatnonzero(np.diff(keys[order], prepend=keys[order[:1]] - 1))
    sizes = np.diff(starts, append=len(keys))
    middle = (ranked[starts + (sizes - 1) // 2] + ranked[starts + sizes // 2]) / 2
    medians, counts = np.empty_like(values), np.empty(len(keys), np.int64)
    medians[order], counts[order] = np.repeat(middle, sizes), np.repeat(sizes, sizes)
    return medians, counts
