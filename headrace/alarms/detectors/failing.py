"""Groups whose senders move together over days, long before one of them passes a limit: something is about to fail.

Of each kind of sender in a group the median deviation counts, so that no single instrument can speak for it, measured
by how much that median usually moves. Which way a kind moves before a failure need not be known: that two kinds leave
their levels together and stay away is what does not happen by chance. What moves at once from one block to the next
was switched, not worn.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from headrace.alarms.arrays import Arrays, medians_of
from headrace.alarms.levels import SEASONED, Block, Levels
from headrace.alarms.readings import Readings
from headrace.alarms.senders import Senders
from headrace.alarms.transitions import CRITICAL, Transitions

MOST = 10.0  # what a block may add at most, so that it is forgotten soon
CARRY = 0.5  # of the evidence so far that is kept from block to block
FAR = 4.0
AT_ONCE, CALM = 9.0, 2.0
BACK = 0.5
MEMORY = 120.0
MEDIAN = 1.57  # variance of a median of normal values, times their number


class Failing:
    kind = "failing"
    of: Literal["sender", "group"] = "group"

    def __init__(self, senders: Senders, levels: Levels) -> None:
        self._senders, self._levels = senders, levels
        self._kept = Arrays(times=np.int32(0), is_on=np.bool_(False), is_switched=np.bool_(False))
        self._pairs = Arrays(evidence=np.float64(0), spread=np.float64(0), known=np.float64(0))
        self._names = np.empty(0, np.int64)

    def step(self, readings: Readings) -> Transitions:
        self._kept.fit(len(self._senders.groups))
        return Transitions.joined([self._judged(block) for block in self._levels.blocks(readings)])

    def state(self) -> dict[str, np.ndarray]:
        return self._kept.state() | self._pairs.state() | {"names": self._names}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._kept.restore(state)
        self._pairs.restore(state)
        self._names = np.array(state["names"])

    def _judged(self, block: Block) -> Transitions:
        known = np.flatnonzero(~np.isnan(block.score) & (self._senders.group[: len(block.score)] >= 0))
        if not len(known):
            return Transitions.none()
        pairs, moved = self._moved(known, block.score[known])
        before = self._pairs["evidence"][pairs]
        self._pairs["evidence"][pairs] = CARRY * before + (1 - CARRY) * np.clip(moved, -MOST, MOST)
        groups = self._names[pairs] // KINDS
        leaps = (np.abs(moved) > AT_ONCE) & (np.abs(before) < CALM)
        return self._told(groups, np.abs(self._pairs["evidence"][pairs]), leaps, block.at)

    def _moved(self, known: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Each kind of each group by its place, and how far its median is from usual."""
        names = self._senders.group[known].astype(np.int64) * KINDS + self._senders.kind[known]
        medians, counts = medians_of(names, score)
        names, first = np.unique(names, return_index=True)
        pairs, median, count = self._places(names), medians[first], counts[first]
        spread, seen = self._pairs["spread"], self._pairs["known"]
        usual = (SEASONED * MEDIAN / count + seen[pairs] * spread[pairs]) / (SEASONED + seen[pairs])
        moved: np.ndarray = median / np.sqrt(usual)
        near = np.abs(moved) <= FAR
        learns = pairs[near]
        gain = np.maximum(1 / (seen[learns] + 1), 1 / MEMORY)
        spread[learns] += gain * (median[near] ** 2 - spread[learns])
        seen[learns] = np.minimum(seen[learns] + 1, MEMORY)
        return pairs, moved

    def _places(self, names: np.ndarray) -> np.ndarray:
        """Where each pair of a group and a kind is kept; new ones are added behind."""
        self._names = np.append(self._names, np.setdiff1d(names, self._names))
        self._pairs.fit(len(self._names))
        order = np.argsort(self._names)
        places: np.ndarray = order[np.searchsorted(self._names, names, sorter=order)]
        return places

    def _told(self, groups: np.ndarray, evidence: np.ndarray, leaps: np.ndarray, at: int) -> Transitions:
        here, first, many = np.unique(groups, return_index=True, return_counts=True)
        order = np.lexsort((-evidence, groups))
        kinds = min(self._senders.rules.defaults.failing.kinds, int(many.max()))
        nth = order[np.minimum(first + kinds - 1, first + many - 1)]
        weight = np.where(many >= kinds, evidence[nth], 0.0)
        leaping = np.add.reduceat(leaps.astype(np.int64), first)
        kept, rule = self._kept, self._senders.rules.defaults.failing
        calm = weight < CALM
        switched = (kept["is_switched"][here] & ~calm) | (leaping >= kinds)
        times = np.where((weight >= rule.deviations) & ~switched & rule.enabled, kept["times"][here] + 1, 0)
        was_on = kept["is_on"][here]
        begins, ends = ~was_on & (times >= rule.blocks), was_on & (weight < BACK * rule.deviations)
        kept["is_switched"][here], kept["times"][here] = switched, times
        kept["is_on"][here] = (was_on | begins) & ~ends
        told = np.flatnonzero(begins | ends)
        return Transitions.of(
            here[told], np.full(len(told), at), is_on=begins[told], severity=CRITICAL, value=weight[told],
            limit=rule.deviations,
        )  # fmt: skip


KINDS = np.int64(2**16)
