"""Instruments that leave their own level little by little while their neighbours stay at theirs.

A neighbour is of the same kind in the same group. A day of blocks is looked at, so that the course of a day does not
count. A sender that leaves at once does not drift: that is the process, or another calibration.
"""

import numpy as np

from headrace.alarms.detectors.detector import Detector, joined, transitions
from headrace.alarms.levels import Block, learn, medians_of, switch, usual_of
from headrace.alarms.senders import Senders

DAY = 4  # blocks
JUMP = 5.0  # usual deviations from one block to the next
NEAR = 4.0
OTHERS = 2.0  # usual deviations that neighbours may move by
BACK = 0.5  # of the way that raised it


class Drift(Detector):
    kind = "drift"

    def __init__(self, senders: Senders) -> None:
        super().__init__(
            senders, days=np.zeros(DAY), filled=np.int32(0), last=np.float64(0), spread=np.float64(1),
            known=np.float64(0), times=np.int32(0), is_on=np.bool_(False),
        )  # fmt: skip

    def judge(self, block: Block) -> np.ndarray:
        self._arrays.fit(len(block.score))
        codes = self._take(block)
        if not len(codes):
            return joined(())
        setting, day = self._senders.setting, self._arrays["days"][codes].mean(axis=1)
        pooled, spread = float(np.median(self._arrays["spread"][codes])), self._arrays["spread"][codes]
        score = day / usual_of(self._arrays, codes, pooled) * block.sure[codes]
        near = np.abs(day) <= NEAR * np.sqrt(spread)
        learn(self._arrays, codes[near], day[near])
        most = setting(lambda of: of.drift.deviations)[codes]
        enabled = setting(lambda of: of.drift.enabled)[codes]
        is_away = (np.abs(score) >= most) & (np.abs(self._others(codes, score)) < OTHERS) & enabled
        asked = setting(lambda of: of.drift.blocks)[codes]
        begins, ends = switch(self._arrays, codes, is_away, np.abs(score) < BACK * most, asked)
        changed = np.flatnonzero(begins | ends)
        return transitions(
            codes[changed], block.at, is_on=begins[changed], value=score[changed], limit=most[changed]
        )

    def _take(self, block: Block) -> np.ndarray:
        """Adds the block to the days of those that did not leap away, and finds those whose days are full."""
        arrays, known = self._arrays, ~np.isnan(block.score)
        score = np.where(known, block.score, 0.0)
        leaps = (np.abs(score - arrays["last"][: len(score)]) > JUMP) & (np.abs(score) > NEAR)
        codes = np.flatnonzero(known & ~leaps)
        days = arrays["days"]
        days[codes, :-1] = days[codes, 1:]
        days[codes, -1] = arrays["last"][codes] = score[codes]
        arrays["filled"][codes] = np.minimum(arrays["filled"][codes] + 1, DAY)
        return codes[np.flatnonzero(arrays["filled"][codes] == DAY)]

    def _others(self, codes: np.ndarray, score: np.ndarray) -> np.ndarray:
        """How far the neighbours are from their levels; without any of its kind, the group."""
        kinds = np.int64(max(len(self._senders.kinds), 1))
        group, kind = self._senders.group[codes].astype(np.int64), self._senders.kind[codes]
        near, count = medians_of(group * kinds + kind, score)
        wide, many = medians_of(group, score)
        others = np.where(count == 2, 2 * near - score, near)
        return np.where(count == 1, np.where(many > 2, wide, 0.0), others)
