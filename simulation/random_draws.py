"""Random draws that can be repeated: each is a hash of the seed, a salt and keys. The same draw gives the same value on
any number of cores, in any order, and for any span of time.

A salt names what is drawn ("capacity"); keys name for whom and when. A key is a column or a column's name.
Spark hashes an int and a long of the same value differently, so cast keys the same way in every draw.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from hashlib import blake2b
from math import lcm
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

ANCHOR = datetime(2020, 1, 1)
ANCHOR_SECONDS = int(ANCHOR.replace(tzinfo=UTC).timestamp())
FINEST_WEIGHT = 1000
MORE_THAN_ENOUGH_PARTITIONS = 1 << 16
Key = Column | str


@dataclass(frozen=True)
class World:
    """A simulated world, and the draws of its seed. `counts`: the number of entities of each dimension."""

    seed: int
    start: datetime
    end: datetime
    counts: dict[str, int] = field(default_factory=dict)
    stride: timedelta | None = None

    def hashed(self, salt: str, *keys: Key) -> Column:
        """64 random bits, as a long."""
        return F.xxhash64(F.lit(_start_of(self.seed, salt)).cast("long"), *(_column(key) for key in keys))

    def uniform(self, salt: str, *keys: Key, low: float = 0.0, high: float = 1.0) -> Column:
        """Evenly in [low, high)."""
        unit = F.shiftrightunsigned(self.hashed(salt, *keys), 11) * F.lit(2.0**-53)
        return unit if (low, high) == (0.0, 1.0) else unit * F.lit(float(high - low)) + F.lit(float(low))

    def integer(self, salt: str, *keys: Key, low: int, high: int) -> Column:
        """A whole number in [low, high], both included."""
        return F.floor(self.uniform(salt, *keys, low=low, high=high + 1)).cast("int")

    def normal(self, salt: str, *keys: Key, mean: float = 0.0, sd: float = 1.0) -> Column:
        """Nearly normal: the sum of four even draws, so never beyond 3.46 sd."""
        return standard_normal(self.hashed(salt, *keys)) * F.lit(float(sd)) + F.lit(float(mean))

    def happens(self, salt: str, *keys: Key, rate: float) -> Column:
        return self.uniform(salt, *keys) < F.lit(rate)

    def choice(
        self, salt: str, *keys: Key, values: Sequence[Any], weights: Sequence[float] | None = None
    ) -> Column:
        """One of the values (plain ones or columns), evenly or by weight."""
        return pick(self.uniform(salt, *keys), values, weights)

    def smooth(self, salt: str, *keys: Key, at: Column, every: timedelta) -> Column:
        """A slow random walk in [-1, 1] that is new after about `every`; keys are out of phase with each other."""
        phase = self.uniform(f"{salt} phase", *keys)
        steps = elapsed(at) / F.lit(every.total_seconds()) + phase
        left = F.floor(steps).cast("long")
        part = steps - left
        eased = part * part * (F.lit(3.0) - part * F.lit(2.0))
        before = self.uniform(salt, *keys, left, low=-1, high=1)
        after = self.uniform(salt, *keys, left + F.lit(1).cast("long"), low=-1, high=1)
        return before + (after - before) * eased


def pick(unit: Column, values: Sequence[Any], weights: Sequence[float] | None = None) -> Column:
    """The value that a draw in [0, 1) falls on: a look-up in a table with one place per equal share."""
    shares = _shares(weights or [1.0] * len(values))
    options = [value if isinstance(value, Column) else F.lit(value) for value in values]
    places = [option for option, share in zip(options, shares, strict=True) for _ in range(share)]
    return F.get(F.array(*places), F.floor(unit * F.lit(float(len(places)))).cast("int"))


def _shares(weights: Sequence[float]) -> list[int]:
    """The weights as whole numbers of thousandths at most."""
    total = sum(weights)
    parts = [Fraction(weight / total).limit_denominator(FINEST_WEIGHT) for weight in weights]
    places = min(lcm(*(part.denominator for part in parts)), FINEST_WEIGHT)
    return [round(part * places) for part in parts]


def standard_normal(bits: Column) -> Column:
    """From 64 random bits: the sum of their four 16-bit slices, centred and scaled."""
    slices = [F.shiftrightunsigned(bits, by).bitwiseAND(F.lit(0xFFFF)) for by in (0, 16, 32, 48)]
    total = slices[0] + slices[1] + slices[2] + slices[3]
    return (total - F.lit(2.0 * 65535)) * F.lit(3**0.5 / 65536)


def elapsed(at: Column) -> Column:
    """Seconds since the anchor, as a double."""
    return at.cast("double") - F.lit(float(ANCHOR_SECONDS))


def each_tick(blocks: DataFrame) -> DataFrame:
    """A row per instant of each block of time, and one more with `_copy` for an instant sent twice.

    `_second` counts from 1970. All other columns of the block are carried along.
    """
    carried = [F.col(name) for name in blocks.columns if name != "_ticks"]
    # with the plain explode, the optimiser computes all ticks a second time to see that there are any
    ticks = compiled_apart(blocks).select(*carried, F.explode_outer("_ticks").alias("_tick"))
    second = F.col("_first") + F.shiftright("_tick", 1) * F.col("_every")
    is_copy = F.col("_tick").bitwiseAND(F.lit(1)) == 1
    ticks = ticks.where(F.col("_tick").isNotNull())
    return ticks.select(*carried, second.alias("_second"), is_copy.alias("_copy"))


def compiled_apart(rows: DataFrame) -> DataFrame:
    """The same rows. What comes before and after becomes two Java methods: a single one may grow too long to be
    compiled. Coalescing to more partitions than there are changes nothing else."""
    return rows.coalesce(MORE_THAN_ENOUGH_PARTITIONS)


def seconds(at: datetime) -> int:
    """Seconds since 1970 of an instant in UTC."""
    return int(at.replace(tzinfo=UTC).timestamp())


def _start_of(seed: int, salt: str) -> int:
    """Seed and salt, hashed once here rather than once a row."""
    return int.from_bytes(blake2b(f"{seed} {salt}".encode(), digest_size=8).digest(), signed=True)


def _column(key: Key) -> Column:
    return F.col(key) if isinstance(key, str) else key
