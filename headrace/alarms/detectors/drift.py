"""Instruments that leave their own level little by little while their neighbours stay at theirs.

A neighbour is of the same kind in the same group. A day of blocks is looked at, so that the course of a day does not
count. Who leaves at once does not drift: that is the process, or another calibration.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from headrace.alarms.arrays import Arrays, medians_of
from headrace.alarms.levels import SEASONED, Block, Levels
from headrace.alarms.readings import Readings
from headrace.alarms.senders import Senders
from headrace.alarms.transitions import Transitions

DAY = 4  # blocks
JUMP = 5.0  # usual deviations from one block to the next
NEAR = 4.0
OTHERS = 2.0  # usual deviations that neighbours may move by
BACK = 0.5  # of the way that raised it
MEMORY = 120.0


class Drift:
    kind = "drift"
    of: Literal["sender", "group"] = "sender"

    def __init__(self, senders: Senders, levels: Levels) -> None:
        self._senders, self._levels = senders, levels
        self._kept = Arrays(
            days=(np.float64(0), DAY), filled=np.int32(0), last=np.float64(0), spread=np.float64(1),
            known=np.float64(0), times=np.int32(0), is_on=np.bool_(False),
        )  # fmt: skip

    def step(self, readings: Readings) -> Transitions:
        self._kept.fit(readings.senders)
        return Transitions.joined([self._judged(block) for block in self._levels.blocks(readings)])

    def state(self) -> dict[str, np.ndarray]:
        return self._kept.state()

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._kept.restore(state)

    def _judged(self, block: Block) -> Transitions:
        codes = self._take(block)
        if not len(codes):
            return Transitions.none()
        day = self._kept["days"][codes].mean(axis=1)
        score = day / self._usual(codes) * block.sure[codes]
        others = self._others(codes, score)
        self._learn(codes, day)
        most = self._senders.setting(lambda of: of.drift.deviations)[codes]
        enabled = self._senders.setting(lambda of: of.drift.enabled)[codes]
        is_away = (np.abs(score) >= most) & (np.abs(others) < OTHERS) & enabled
        times = np.where(is_away, self._kept["times"][codes] + 1, 0)
        self._kept["times"][codes] = times
        was_on = self._kept["is_on"][codes]
        asked = self._senders.setting(lambda of: of.drift.blocks)[codes]
        begins = ~was_on & (times >= asked)
        ends = was_on & (np.abs(score) < BACK * most)
        self._kept["is_on"][codes] = (was_on | begins) & ~ends
        told = np.flatnonzero(begins | ends)
        return Transitions.of(
            codes[told], np.full(len(told), block.at), is_on=begins[told], value=score[told], limit=most[told]
        )

    def _take(self, block: Block) -> np.ndarray:
        """Adds the block to the days of those that did not leap away, and says whose days are full."""
        kept, known = self._kept, ~np.isnan(block.score)
        score = np.where(known, block.score, 0.0)
        leaps = (np.abs(score - kept["last"][: len(score)]) > JUMP) & (np.abs(score) > NEAR)
        codes = np.flatnonzero(known & ~leaps)
        days = kept["days"]
        days[codes, :-1] = days[codes, 1:]
        days[codes, -1] = score[codes]
        kept["last"][codes] = score[codes]
        kept["filled"][codes] = np.minimum(kept["filled"][codes] + 1, DAY)
        full: np.ndarray = codes[kept["filled"][codes] == DAY]
        return full

    def _usual(self, codes: np.ndarray) -> np.ndarray:
        known, spread = self._kept["known"][codes], self._kept["spread"][codes]
        pooled = float(np.median(spread))
        usual: np.ndarray = np.sqrt((SEASONED * pooled + known * spread) / (SEASONED + known))
        return usual

    def _others(self, codes: np.ndarray, score: np.ndarray) -> np.ndarray:
        """How far the neighbours are from their levels; without any of its kind, the group."""
        kinds = np.int64(max(len(self._senders.kinds), 1))
        group, kind = self._senders.group[codes].astype(np.int64), self._senders.kind[codes]
        near, count = medians_of(group * kinds + kind, score)
        wide, many = medians_of(group, score)
        others = np.where(count == 2, 2 * near - score, near)
        alone = np.where(many > 2, wide, 0.0)
        found: np.ndarray = np.where(count == 1, alone, others)
        return found

    def _learn(self, codes: np.ndarray, day: np.ndarray) -> None:
        spread, known = self._kept["spread"], self._kept["known"]
        near = np.abs(day) <= NEAR * np.sqrt(spread[codes])
        codes, day = codes[near], day[near]
        gain = np.maximum(1 / (known[codes] + 1), 1 / MEMORY)
        spread[codes] += gain * (day**2 - spread[codes])
        known[codes] = np.minimum(known[codes] + 1, MEMORY)
