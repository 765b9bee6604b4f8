"""Random draws that can be repeated, in arrays: each is a hash of the seed, a salt and keys. The same draw gives the
same value on any number of cores, in any order, and for any span of time.

A salt names what is drawn ("capacity"); keys are whole numbers that say for whom and when, one or an array each, and
broadcast against each other as NumPy does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import blake2b
from statistics import NormalDist
from typing import Any

import numpy as np

from simulation.arrays import Array

ANCHOR = datetime(2020, 1, 1)
ANCHOR_SECONDS = int(ANCHOR.replace(tzinfo=UTC).timestamp())
GOLDEN, FIRST, SECOND = (
    np.uint64(bits) for bits in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)
NORMAL_BITS = 12


@dataclass(frozen=True)
class World:
    """A simulated world, and the draws of its seed. `counts`: the number of entities of each dimension."""

    seed: int
    start: datetime
    end: datetime
    counts: dict[str, int] = field(default_factory=dict)
    stride: timedelta | None = None

    def hashed(self, salt: str, *keys: Any) -> Array:
        """64 random bits."""
        bits: Any = np.uint64(_start_of(self.seed, salt))
        with np.errstate(over="ignore"):
            for key in keys:
                bits = mixed(bits + np.asarray(key, np.int64).astype(np.uint64) * GOLDEN)
        return np.asarray(bits)

    def uniform(self, salt: str, *keys: Any, low: float = 0.0, high: float = 1.0) -> Array:
        """Evenly in [low, high)."""
        return unit_of(self.hashed(salt, *keys)) * (high - low) + low

    def integer(self, salt: str, *keys: Any, low: int, high: int) -> Array:
        """A whole number in [low, high], both included."""
        return np.asarray(np.floor(self.uniform(salt, *keys, low=low, high=high + 1)), np.int64)

    def normal(self, salt: str, *keys: Any, mean: float = 0.0, sd: float = 1.0) -> Array:
        return standard_normal(self.hashed(salt, *keys)) * sd + mean

    def happens(self, salt: str, *keys: Any, rate: Any) -> Array:
        return np.asarray(self.uniform(salt, *keys) < rate)

    def pick(self, salt: str, *keys: Any, weights: Sequence[float]) -> Array:
        """The place of one of the weights, drawn by them."""
        bounds = np.cumsum(weights) / np.sum(weights)
        return np.searchsorted(bounds[:-1], self.uniform(salt, *keys), side="right")

    def choice(
        self, salt: str, *keys: Any, values: Sequence[Any], weights: Sequence[float] | None = None
    ) -> Array:
        """One of the values, evenly or by weight."""
        places = self.pick(salt, *keys, weights=weights or [1.0] * len(values))
        return np.asarray(np.asarray(values)[places])

    def smooth(self, salt: str, *keys: Any, at: Any, every: timedelta) -> Array:
        """A slow random walk in [-1, 1] over the seconds `at`, new after about `every`; keys are out of phase with each
        other."""
        steps = (np.asarray(at) - ANCHOR_SECONDS) / every.total_seconds() + self.uniform(
            f"{salt} phase", *keys
        )
        left = np.floor(steps)
        part = steps - left
        before, after = (self.uniform(salt, *keys, left + ahead, low=-1, high=1) for ahead in (0, 1))
        return np.asarray(before + (after - before) * (part * part * (3.0 - part * 2.0)))


def mixed(bits: Any) -> Any:
    """The finalizer of SplitMix64: a change in one bit changes half of all."""
    bits = (bits ^ (bits >> np.uint64(30))) * FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * SECOND
    return bits ^ (bits >> np.uint64(31))


def unit_of(bits: Array) -> Array:
    """Even in [0, 1), from 64 random bits."""
    return (bits >> np.uint64(11)).astype(np.int64) * 2.0**-53


def standard_normal(bits: Array) -> Array:
    """From the highest twelve of 64 random bits; never beyond 3.7."""
    return _quantiles()[(bits >> np.uint64(64 - NORMAL_BITS)).astype(np.int64)]


@cache
def _quantiles() -> Array:
    normal, count = NormalDist(), 1 << NORMAL_BITS
    return np.array([normal.inv_cdf((place + 0.5) / count) for place in range(count)])


def seconds(at: datetime) -> int:
    """Seconds since 1970 of an instant in UTC."""
    return int(at.replace(tzinfo=UTC).timestamp())


def instant_of_minute(minute: Array) -> Array:
    """Of minutes since the anchor."""
    return (np.asarray(minute, np.int64) * 60 + ANCHOR_SECONDS).astype("datetime64[s]")


@cache
def _start_of(seed: int, salt: str) -> int:
    return int.from_bytes(blake2b(f"{seed} {salt}".encode(), digest_size=8).digest())
