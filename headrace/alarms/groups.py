"""How far each group is from how groups usually run: Hotelling's T² of what its kinds of senders show.

What a kind shows is the median of its senders in the group, in bands of theirs, so no single instrument speaks for it.
How kinds move together, with the load say, is learned over all groups: what follows that is usual. A group of
which little is known yet is held against its peers, so that one that began in trouble is not taken for healthy.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from headrace.alarms.detectors.detector import Arrays

WANDER = 0.02  # bands by which a kind may be off as long as nothing is known
BELIEVED = 20.0  # groups' blocks that this counts for
MEMORY = 120.0  # blocks that are remembered of each group
NOISE = 9.0  # variances of one sender: no kind is known better
SLOW = 12.0  # blocks in which a group wanders once
NORMAL = 1.4826  # deviation of normal values, times the median of their distances
FEW = 3  # groups: fewer do not tell how groups differ
MEDIAN = 1.57  # variance of a median of normal values, times their number
CARRY, MOST = 0.5, 12.0  # evidence kept from block to block, and what a block may add at most
FAR = 4.0  # usual deviations, as far as a block is learned from
LEAP, STANDS, SHARE = (
    0.1,
    0.25,
    0.2,
)  # bands from block to block, bands from usual, share of a group's senders
WARMING = 3  # blocks after a group ran again
FEW_BLOCKS = 8  # after a stand


@dataclass(frozen=True)
class SenderBlock:
    """All senders in one block. `deviation` is how far each is from its level, `position` and `level` where both lie
    between its limits, all in bands; nan where nothing is known."""

    group: np.ndarray
    kind: np.ndarray
    deviation: np.ndarray
    position: np.ndarray
    level: np.ndarray
    known: np.ndarray


@dataclass(frozen=True)
class Kinds:
    """By group and kind: the median deviation of its senders, of how many, and the one that the group's other kinds let
    expect."""

    median: np.ndarray
    count: np.ndarray
    expected: np.ndarray


@dataclass(frozen=True)
class _Compared:
    """By group and kind: the median deviation of its senders, of how many; the group's deviation with its variance, and
    the part of that which is due to peers: how far the level is from theirs, as long as it is hardly known."""

    median: np.ndarray
    count: np.ndarray
    deviation: np.ndarray
    of_peers: np.ndarray
    variance: np.ndarray


class Groups:
    def __init__(self) -> None:
        self._arrays = Arrays(
            evidence=np.float64(0), switched=np.bool_(False), blocks_run=np.int32(FEW_BLOCKS)
        )
        self._before = Arrays(position=np.float64(np.nan))
        self._covariance = np.empty((0, 0))
        self._weight = np.empty((0, 0))
        self.distance = np.empty(0)
        """Of each group in the last block, Hotelling's T; nan where it was not judged."""

    def state(self) -> dict[str, np.ndarray]:
        own = {"covariance": self._covariance, "weight": self._weight}
        return self._arrays.state() | self._before.state() | own

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._arrays.restore(state)
        self._before.restore(state)
        self._covariance, self._weight = np.array(state["covariance"]), np.array(state["weight"])

    @property
    def evidence(self) -> np.ndarray:
        """How far each group has been from usual, of late."""
        evidence: np.ndarray = self._arrays["evidence"]
        return evidence

    @property
    def is_steady(self) -> np.ndarray:
        """Of each group: it neither stands nor warms up."""
        is_steady: np.ndarray = self._arrays["blocks_run"] >= WARMING
        return is_steady

    @property
    def is_restarted(self) -> np.ndarray:
        """Of each group: it runs again since few blocks."""
        is_restarted: np.ndarray = self._arrays["blocks_run"] < FEW_BLOCKS
        return is_restarted

    def clear_evidence(self, groups: np.ndarray) -> None:
        self._arrays["evidence"][groups] = 0

    def judge(self, now: SenderBlock, noise: np.ndarray, groups: int) -> Kinds:
        """noise: the variance of a sender's own deviation, by kind."""
        self._fit(groups, len(noise), len(now.deviation))
        self._note_leaps(now)
        found = self._compared(now, noise)
        inverse = np.linalg.inv(self._covariance + found.variance[:, :, None] * np.eye(len(noise)))
        inverse, seen = _without(inverse, found.count == 0), found.count > 0
        weights, diagonal = np.einsum("gkl,gl->gk", inverse, found.deviation), np.einsum("gkk->gk", inverse)
        alone = np.where(
            found.count == 1, weights**2 / diagonal, 0.0
        )  # one instrument may be at fault itself
        t_squared = np.einsum("gk,gk->g", weights, found.deviation) - alone.max(axis=1, initial=0.0)
        distance = np.sqrt(np.maximum(t_squared - seen.sum(axis=1), 0.0))
        evidence, judged = self.evidence, seen.any(axis=1) & self.is_steady
        evidence[judged] = CARRY * evidence[judged] + (1 - CARRY) * np.minimum(distance, MOST)[judged]
        self.distance = np.where(judged, distance, np.nan)
        expected = np.where(seen, found.deviation - weights / diagonal - found.of_peers, 0.0)
        return Kinds(found.median, found.count, expected)

    def learn(self, kinds: Kinds, is_usual: np.ndarray) -> None:
        """How kinds move together, from groups that run as usual."""
        seen = (kinds.count > 0) & is_usual[:, None]
        reach = FAR * np.sqrt(np.diag(self._covariance))
        moved = np.where(seen, np.clip(kinds.median, -reach, reach), 0.0)
        times = seen.T.astype(float) @ seen
        share = times / np.maximum(times + self._weight, 1.0)
        now = moved.T @ moved / np.maximum(times, 1.0)
        covariance = self._covariance + share * (now - self._covariance)
        values, vectors = np.linalg.eigh(covariance)  # of groups that lack kinds it may come out as none
        self._covariance = (vectors * np.maximum(values, 1e-9)) @ vectors.T
        self._weight = np.minimum(self._weight + times, MEMORY * max(len(is_usual), 1))

    def _fit(self, groups: int, kinds: int, senders: int) -> None:
        self._arrays.fit(groups)
        self._before.fit(senders)
        more = kinds - len(self._weight)
        if more > 0:
            known = len(self._weight)
            covariance, weight = WANDER**2 * np.eye(kinds), np.full((kinds, kinds), BELIEVED)
            covariance[:known, :known], weight[:known, :known] = self._covariance, self._weight
            self._covariance, self._weight = covariance, weight

    def _note_leaps(self, now: SenderBlock) -> None:
        """A group of which many senders leap at once was switched; it warms up for a while after it runs again."""
        before, count = self._before["position"], len(self._arrays["switched"])
        seen = np.flatnonzero(~np.isnan(now.deviation) & (now.group >= 0))
        group = now.group[seen]

        def many(which: np.ndarray) -> np.ndarray:
            most = np.maximum(SHARE * np.bincount(group, minlength=count), 2)
            many: np.ndarray = np.bincount(group[which], minlength=count) >= most
            return many

        leaps = many(np.abs(now.position[seen] - before[seen]) > LEAP)  # nan is none
        switched, blocks_run = self._arrays["switched"], self._arrays["blocks_run"]
        switched[:] = leaps | (switched & many(np.abs(now.deviation[seen]) > STANDS))
        blocks_run[:] = np.where(switched, 0, blocks_run + 1)
        self.clear_evidence(blocks_run == WARMING)  # what a stand has changed did not come over days
        before[seen] = now.position[seen]

    def _compared(self, now: SenderBlock, noise: np.ndarray) -> _Compared:
        """As far as little is known of a group, it is held against its peers."""
        shape = (len(self._arrays["switched"]), len(noise))
        seen = np.flatnonzero(~np.isnan(now.deviation) & (now.group >= 0))
        pair = now.group[seen].astype(np.int64) * shape[1] + now.kind[seen]
        median, count = pair_medians(pair, now.deviation[seen], shape)
        level, _ = pair_medians(pair, now.level[seen], shape)
        known, _ = pair_medians(pair, now.known[seen], shape)
        peer_level, peer_variance = _peers(now.kind[seen], now.level[seen], level, count)
        own_variance = np.diag(self._covariance) * SLOW
        peer_weight = own_variance / (own_variance + known * peer_variance)
        of_peers = np.where(count > 0, peer_weight * (level - peer_level), 0.0)
        deviation = _agreed(pair, now.deviation[seen], median, count) + of_peers
        return _Compared(median, count, deviation, of_peers, peer_weight * peer_variance + NOISE * noise)


def pair_medians(
    pair: np.ndarray, values: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """The median and the number of values of each pair, by group and kind; 0 where there is none."""
    medians, counts = np.zeros(shape), np.zeros(shape, np.int64)
    order = np.lexsort((values, pair))
    ranked, pairs = values[order], pair[order]
    starts = np.flatnonzero(np.diff(pairs, prepend=-1))
    sizes = np.diff(starts, append=len(pairs))
    medians.flat[pairs[starts]] = (ranked[starts + (sizes - 1) // 2] + ranked[starts + sizes // 2]) / 2
    counts.flat[pairs[starts]] = sizes
    return medians, counts


def _peers(
    kind: np.ndarray, levels: np.ndarray, of_groups: np.ndarray, count: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where senders of each kind usually lie between their limits, and how much groups differ in that, by group."""
    usual, _ = pair_medians(kind.astype(np.int64), levels, (1, count.shape[1]))
    off, _ = pair_medians(kind.astype(np.int64), np.abs(levels - usual[0, kind]), (1, count.shape[1]))
    by_chance = MEDIAN * (NORMAL * off) ** 2 / np.maximum(count, 1)
    is_there = count > 0
    every = _variance(of_groups, is_there, is_there.sum(axis=0))
    others = _variance(of_groups, is_there, is_there.sum(axis=0) - is_there, without_own=True)
    spread = np.where(is_there.sum(axis=0) > FEW, np.sqrt(every * others), every)
    return usual, np.maximum(np.maximum(by_chance, spread), 1e-9)


def _variance(
    values: np.ndarray, is_there: np.ndarray, count: np.ndarray, without_own: bool = False
) -> np.ndarray:
    """By kind, over groups: over all of them, or over all others."""
    there = np.where(is_there, values, 0.0)
    mean, squares = (
        (part.sum(axis=0) - (part if without_own else 0)) / np.maximum(count, 1) for part in (there, there**2)
    )
    variance: np.ndarray = np.maximum(squares - mean**2, 0.0)
    return variance


def _agreed(pair: np.ndarray, deviations: np.ndarray, median: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Of two senders, only what both show counts for their group."""
    low, high = np.full(median.shape, np.inf), np.full(median.shape, -np.inf)
    np.minimum.at(low.reshape(-1), pair, deviations)
    np.maximum.at(high.reshape(-1), pair, deviations)
    least = np.where(np.abs(high) < np.abs(low), high, low)
    both = np.where(np.sign(low) == np.sign(high), least, 0.0)
    return np.where(count == 2, both, median)


def _without(inverse: np.ndarray, lacks: np.ndarray) -> np.ndarray:
    """The inverse as it would be without the kinds that a group lacks."""
    for kind in np.flatnonzero(lacks.any(axis=0)):
        groups = np.flatnonzero(lacks[:, kind])
        row = inverse[groups, kind, :]
        inverse[groups] -= row[:, :, None] * row[:, None, :] / row[:, kind, None, None]
        inverse[groups, kind, kind] = 1.0
    return inverse
