"""Groups whose senders move together over days, long before one of them passes a limit: something is about to fail.

Of each kind in a group the median deviation counts, by how much that median usually moves, so that no single
instrument can speak for it. That two kinds leave their levels together, either way, and stay away does not happen by
chance. A group that moves at once from one block to the next was switched, not worn.
"""

from collections.abc import Mapping

import numpy as np

from headrace.alarms.detectors.detector import CRITICAL, Arrays, Detector, joined, transitions
from headrace.alarms.levels import Block, learn, medians_of, switch, usual_of
from headrace.alarms.senders import Senders

MOST = 10.0  # what a block may add at most, so that it is forgotten soon
CARRY = 0.5  # of the evidence so far that is kept from block to block
FAR = 4.0
AT_ONCE, CALM = 9.0, 2.0
BACK = 0.5
MEDIAN = 1.57  # variance of a median of normal values, times their number
KINDS = np.int64(2**16)


class Failing(Detector):
    kind = "failing"
    is_of_groups = True

    def __init__(self, senders: Senders) -> None:
        super().__init__(senders, times=np.int32(0), is_on=np.bool_(False), is_switched=np.bool_(False))
        self._pairs = Arrays(evidence=np.float64(0), spread=np.float64(0), known=np.float64(0))
        self._names = np.empty(0, np.int64)

    def state(self) -> dict[str, np.ndarray]:
        return super().state() | self._pairs.state() | {"names": self._names}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        super().restore(state)
        self._pairs.restore(state)
        self._names = np.array(state["names"])

    def judge(self, block: Block) -> np.ndarray:
        self._arrays.fit(len(self._senders.groups))
        known = np.flatnonzero(~np.isnan(block.score) & (self._senders.group[: len(block.score)] >= 0))
        if not len(known):
            return joined(())
        pairs, moved = self._moved(known, block.score[known])
        before = self._pairs["evidence"][pairs]
        self._pairs["evidence"][pairs] = CARRY * before + (1 - CARRY) * np.clip(moved, -MOST, MOST)
        leaps = (np.abs(moved) > AT_ONCE) & (np.abs(before) < CALM)
        evidence = np.abs(self._pairs["evidence"][pairs])
        return self._changes(self._names[pairs] // KINDS, evidence, leaps, block.at)

    def _moved(self, known: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Each kind of each group by its place, and how far its median is from usual."""
        names = self._senders.group[known].astype(np.int64) * KINDS + self._senders.kind[known]
        medians, counts = medians_of(names, score)
        names, first = np.unique(names, return_index=True)
        median, count = medians[first], counts[first]
        self._names = np.append(self._names, np.setdiff1d(names, self._names))
        self._pairs.fit(len(self._names))
        order = np.argsort(self._names)
        pairs = np.take(order, np.searchsorted(self._names, names, sorter=order))
        moved = median / usual_of(self._pairs, pairs, MEDIAN / count)
        near = np.abs(moved) <= FAR
        learn(self._pairs, pairs[near], median[near])
        return pairs, moved

    def _changes(self, groups: np.ndarray, evidence: np.ndarray, leaps: np.ndarray, at: int) -> np.ndarray:
        """Groups whose weight, the least evidence of their most moved kinds, passes what the rules ask."""
        here, first, many = np.unique(groups, return_index=True, return_counts=True)
        order = np.lexsort((-evidence, groups))
        arrays, rule = self._arrays, self._senders.rules.defaults.failing
        kinds = min(rule.kinds, int(many.max()))
        nth = order[np.minimum(first + kinds - 1, first + many - 1)]
        weight = np.where(many >= kinds, evidence[nth], 0.0)
        leaping = np.add.reduceat(leaps.astype(np.int64), first)
        switched = (arrays["is_switched"][here] & (weight >= CALM)) | (leaping >= kinds)
        is_far = (weight >= rule.deviations) & ~switched & rule.enabled
        arrays["is_switched"][here] = switched
        begins, ends = switch(arrays, here, is_far, weight < BACK * rule.deviations, rule.blocks)
        changed = np.flatnonzero(begins | ends)
        return transitions(
            here[changed], at, is_on=begins[changed], severity=CRITICAL, value=weight[changed],
            limit=rule.deviations,
        )  # fmt: skip
