"""Episodes, which befall a sender for hours: a stuck or drifting instrument, a silence, an outage that delays
delivery, a process beyond its limits. They fall into slots of time, at most one of a kind in each, so that each block
of six hours finds its episodes without any other block.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from headrace.contracts.model import Contract
from simulation.arrays import Array, Arrays, repeated
from simulation.generate.row_index import BLOCK_SECONDS, Piece, blocks_of
from simulation.random_draws import ANCHOR_SECONDS, World, seconds

BLOCKS_PER_SLOT = 40
SLOT_SECONDS = BLOCKS_PER_SLOT * BLOCK_SECONDS
HOUR = 3600
LENGTHS = {
    "stuck": (6, 24),
    "drift": (48, 120),
    "gap": (3, 24),
    "late": (2, 4),
    "excursion": (2, 10),
}  # hours
AROUND = {"excursion": 5400}  # seconds before and after in which the process moves there and back
GIVES_WAY = {
    "excursion": ("stuck", "drift", "gap")
}  # a faulty instrument would show it wrongly or not at all


@dataclass(frozen=True)
class Episodes(Arrays):
    """Of one kind. `of`: the place of what each of them befalls, a sender or a row. `begin`, `end`: seconds since 1970.
    `strength` is even in [0, 1)."""

    of: Array
    begin: Array
    end: Array
    strength: Array


def episode_kinds(contract: Contract) -> tuple[str, ...]:
    return tuple(kind for kind in LENGTHS if contract.faults.get(kind, 0.0) > 0)  # type: ignore[call-overload]


def episodes_in_slots(kind: str, contract: Contract, world: World, index: Array, slot: Array) -> Episodes:
    """Those that happen to these senders in these slots; `of` is the place in `index`.

    The contract's rate is the share of rows inside such episodes, including those dropped in favour of others."""
    drawn, happens = _drawn(kind, contract, world, index, slot)
    around = AROUND.get(kind, 0)
    for other in GIVES_WAY.get(kind, ()):
        if other in episode_kinds(contract):
            there, is_there = _drawn(other, contract, world, index, slot)
            meets = (there.begin < drawn.end + around) & (there.end > drawn.begin - around)
            happens = happens & ~(is_there & meets)
    return drawn.where(np.flatnonzero(happens))


def _drawn(kind: str, contract: Contract, world: World, index: Array, slot: Array) -> tuple[Episodes, Array]:
    shortest, longest = (hours * HOUR for hours in LENGTHS[kind])
    rate = contract.faults.get(kind, 0.0) * SLOT_SECONDS / ((shortest + longest) / 2)  # type: ignore[call-overload]
    salt, around = f"{contract.table} {kind}", AROUND.get(kind, 0)  # around lies within the slot as well
    lasts = world.uniform(f"{salt} length", index, slot, low=shortest, high=longest)
    begins = world.uniform(f"{salt} start", index, slot) * (SLOT_SECONDS - 2 * around - lasts)
    start = ANCHOR_SECONDS + around + slot * SLOT_SECONDS + begins.astype(np.int64)
    strength = world.uniform(f"{salt} strength", index, slot)
    happens = world.happens(salt, index, slot, rate=rate)
    return Episodes(np.arange(len(index)), start, start + lasts.astype(np.int64), strength), happens


def episodes_of(contract: Contract, world: World, piece: Piece) -> Mapping[str, Episodes]:
    """All that touch the piece, by kind; `of` is the number of the sender."""
    first, last = blocks_of(piece)
    slots = np.arange(first // BLOCKS_PER_SLOT, -(-last // BLOCKS_PER_SLOT))
    index, slot = (
        found.ravel() for found in np.meshgrid(np.arange(piece.low, piece.high), slots, indexing="ij")
    )
    found = {}
    for kind in episode_kinds(contract):
        each = episodes_in_slots(kind, contract, world, index, slot)
        each = Episodes(index[each.of], each.begin, each.end, each.strength)
        found[kind] = each.where((each.begin < seconds(piece.end)) & (each.end > seconds(piece.start)))
    return found


@dataclass(frozen=True)
class Ticks:
    """Readings of some senders in some blocks: who, when, and for each kind the rows that lie in an episode of it."""

    index: Array
    second: Array
    episodes: Mapping[str, Episodes]

    def where(self, chosen: Array) -> "Ticks":
        """The chosen rows, by their places in order."""
        to = np.full(len(self.index), -1)
        to[chosen] = np.arange(len(chosen))
        left = {}
        for kind, each in self.episodes.items():
            each = each.where(to[each.of] >= 0)
            left[kind] = Episodes(to[each.of], each.begin, each.end, each.strength)
        return Ticks(self.index[chosen], self.second[chosen], left)


def ticks_of(
    contract: Contract, world: World, piece: Piece, index: Array, block: Array, every: Array
) -> Ticks:
    """The instants of each sender's clock in its block, within the piece, without those that a silence swallows."""
    begins = ANCHOR_SECONDS + block * BLOCK_SECONDS
    opens = np.maximum(begins, seconds(piece.start))
    closes = np.minimum(begins + BLOCK_SECONDS, seconds(piece.end))
    first = ANCHOR_SECONDS + -(-(opens - ANCHOR_SECONDS) // every) * every
    counts = np.maximum(0, -(-(closes - first) // every))
    rows, tick = repeated(counts)
    second = first[rows] + tick * every[rows]
    starts = np.cumsum(counts) - counts
    found = {}
    for kind in episode_kinds(contract):
        around = AROUND.get(kind, 0)
        each = episodes_in_slots(kind, contract, world, index, block // BLOCKS_PER_SLOT)
        of = each.of
        near = each.where((each.begin - around < closes[of]) & (each.end + around > opens[of]))
        which, place = repeated(counts[near.of])
        at = starts[near.of][which] + place
        inside = Episodes(at, near.begin[which], near.end[which], near.strength[which])
        found[kind] = inside.where((second[at] >= inside.begin - around) & (second[at] < inside.end + around))
    ticks = Ticks(index[rows], second, found)
    silent = found.pop("gap", None)
    if silent is None or not len(silent.of):
        return ticks
    heard = np.ones(len(second), bool)
    heard[silent.of] = False
    return ticks.where(np.flatnonzero(heard))
