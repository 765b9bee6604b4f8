"""What each sender usually shows, learned from means over blocks of hours, and how far it is from that now.

Alarms that take days to become sure need no more than this. A block is judged when time has passed its end, by its mean
without its least and greatest reading, so a single odd one does not count. What is far from usual is not learned from,
unless it has stayed there so long that it must be the new level: after a recalibration, say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from headrace.alarms.arrays import Arrays
from headrace.alarms.readings import NEVER, Readings
from headrace.alarms.senders import Senders

BLOCK = 6 * 3_600_000_000
GRACE = 600_000_000
SEASONED = 12  # blocks that must be known of a sender before it is judged
MEMORY = 120.0  # blocks that a level is learned over
FAR = 4.0  # usual deviations
SETTLED = 28  # blocks in a row that far: a new level


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
    def __init__(self, senders: Senders) -> None:
        self._senders = senders
        self._kept = Arrays(
            level=np.float64(0), spread=np.float64(0), known=np.float64(0), far=np.int32(0), there=np.float64(0),
            sums=(np.float64(0), 2), counts=(np.int64(0), 2),
            least=(np.float64(np.inf), 2), most=(np.float64(-np.inf), 2),
        )  # fmt: skip
        self._open = int(NEVER)
        self._seen: tuple[Readings | None, list[Block]] = (None, [])

    def blocks(self, readings: Readings) -> list[Block]:
        """Those that this batch has closed; it may be asked by several about the same batch."""
        if self._seen[0] is not readings:
            self._seen = (readings, list(self._closed(readings)))
        return self._seen[1]

    def state(self) -> dict[str, np.ndarray]:
        return self._kept.state() | {"open": np.array(self._open)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._kept.restore(state)
        self._open = int(state["open"])

    def _closed(self, readings: Readings) -> Iterator[Block]:
        self._kept.fit(readings.senders)
        parts = _Parts.of(readings)
        if self._open == NEVER:
            if not len(parts.blocks):
                return
            self._open = int(parts.blocks.min())
        now = max(self._open, (readings.now - GRACE) // BLOCK)
        held = {self._open, self._open + 1} if self._kept["counts"].any() else set()
        for block in sorted({*np.unique(parts.blocks).tolist(), *held}):
            if block < self._open or block > now + 1:  # too late, or by a clock that runs ahead
                continue
            self._fold(parts, block)
            if block < now:
                yield self._judged(block)
        self._open = now

    def _fold(self, parts: "_Parts", block: int) -> None:
        rows, slot = np.flatnonzero(parts.blocks == block), block % 2
        codes, kept = parts.codes[rows], self._kept
        kept["sums"][codes, slot] += parts.sums[rows]
        kept["counts"][codes, slot] += parts.counts[rows]
        kept["least"][codes, slot] = np.minimum(kept["least"][codes, slot], parts.least[rows])
        kept["most"][codes, slot] = np.maximum(kept["most"][codes, slot], parts.most[rows])

    def _judged(self, block: int) -> Block:
        means, usual = self._means(block % 2), self._usual()
        known, rest = self._kept["known"].copy(), means - self._kept["level"]
        with np.errstate(divide="ignore", invalid="ignore"):
            score = rest / usual
        is_known = ~np.isnan(means) & (known >= SEASONED) & (usual > 0)
        self._learn(means, rest, is_known & (np.abs(score) > FAR), usual)
        sure = np.sqrt(known / (known + SEASONED))
        return Block((block + 1) * BLOCK + GRACE, np.where(is_known, score, np.nan), sure)

    def _means(self, slot: int) -> np.ndarray:
        """Of the block in this place, which is emptied; nan where nothing was read."""
        sums, counts, least, most = (
            self._kept[name][:, slot].copy() for name in ("sums", "counts", "least", "most")
        )
        self._kept["sums"][:, slot], self._kept["counts"][:, slot] = 0, 0
        self._kept["least"][:, slot], self._kept["most"][:, slot] = np.inf, -np.inf
        trimmed = counts >= 3
        with np.errstate(invalid="ignore", divide="ignore"):
            means: np.ndarray = np.where(trimmed, (sums - least - most) / (counts - 2), sums / counts)
        return means

    def _usual(self) -> np.ndarray:
        """A sender's own usual deviation, leaning on those of its kind while little is known of it."""
        known, spread = self._kept["known"], self._kept["spread"]
        low, high = self._senders.limits[1], self._senders.limits[2]
        band = np.nan_to_num(high - low)
        kinds, share = self._senders.kind, np.zeros(len(known))
        judged = (band > 0) & (known >= SEASONED)
        for kind in np.unique(kinds[judged]):
            mine = kinds == kind
            share[mine] = np.median(np.sqrt(spread[mine & judged]) / band[mine & judged])
        lean = np.where((band > 0) & (share > 0), float(SEASONED), 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            usual: np.ndarray = np.sqrt((lean * (share * band) ** 2 + known * spread) / (lean + known))
        found: np.ndarray = np.nan_to_num(usual)
        return found

    def _settle(self, means: np.ndarray, is_far: np.ndarray, seen: np.ndarray, usual: np.ndarray) -> None:
        """Counts for how many blocks a sender has stayed about where it went; what goes on is no new level."""
        far, there = self._kept["far"], self._kept["there"]
        stays = is_far & (far > 0) & (np.abs(means - there) <= FAR * usual)
        begins = is_far & ~stays
        there[begins] = means[begins]
        far[seen] = np.where(stays[seen], far[seen] + 1, np.where(begins[seen], 1, 0))

    def _learn(self, means: np.ndarray, rest: np.ndarray, is_far: np.ndarray, usual: np.ndarray) -> None:
        level, spread, known, far = (self._kept[name] for name in ("level", "spread", "known", "far"))
        seen = ~np.isnan(means)
        takes = seen & ~is_far
        gain = 1 / (known[takes] + 1)
        moved = np.where(known[takes] > 0, rest[takes], 0.0)
        level[takes] = np.where(known[takes] > 0, level[takes] + gain * moved, means[takes])
        spread[takes] += np.maximum(gain, 1 / MEMORY) * (moved**2 - spread[takes])
        known[takes] = np.minimum(known[takes] + 1, MEMORY)
        self._settle(means, is_far, seen, usual)
        settled = far >= SETTLED
        level[settled], known[settled], far[settled] = means[settled], SEASONED, 0


@dataclass(frozen=True)
class _Parts:
    """What a batch holds of each sender and block."""

    codes: np.ndarray
    blocks: np.ndarray
    sums: np.ndarray
    counts: np.ndarray
    least: np.ndarray
    most: np.ndarray

    @classmethod
    def of(cls, readings: Readings) -> "_Parts":
        codes, at, values = readings.codes, readings.at, readings.values
        if np.isnan(values).any():
            read = ~np.isnan(values)
            codes, at, values = codes[read], at[read], values[read]
        blocks = at // BLOCK
        is_first = np.empty(len(codes), np.bool_)
        is_first[:1] = True
        is_first[1:] = (blocks[1:] != blocks[:-1]) | (codes[1:] != codes[:-1])
        first = np.flatnonzero(is_first)
        if not len(first):
            none = np.empty(0)
            return cls(codes, blocks, none, none.astype(np.int64), none, none)
        return cls(
            codes[first],
            blocks[first],
            np.add.reduceat(values, first),
            np.diff(first, append=len(codes)),
            np.minimum.reduceat(values, first),
            np.maximum.reduceat(values, first),
        )
