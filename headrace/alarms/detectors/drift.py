"""Instruments that leave their own level little by little, while nothing else on their group does.

Where several of a kind leave theirs in one group at the same time, that is the process.
"""

import numpy as np

from headrace.alarms.detectors.detector import Detector, switch, transitions
from headrace.alarms.levels import Course
from headrace.alarms.senders import Senders

BACK = 0.5  # of the way that raised it
FEW = 0.25  # of a kind in a group


class Drift(Detector):
    kind = "drift"

    def __init__(self, senders: Senders) -> None:
        super().__init__(senders, times=np.int32(0), is_on=np.bool_(False))

    def judge(self, course: Course) -> np.ndarray:
        codes, score, setting = course.judged, course.drift, self._senders.setting
        self._arrays.fit(len(self._senders))
        most = setting(lambda of: of.drift.deviations)[codes]
        is_far = (np.abs(score) >= most) & setting(lambda of: of.drift.enabled)[codes]
        asked = setting(lambda of: of.drift.blocks)[codes]
        is_alone = is_far & ~self._in_company(codes, is_far)
        begins, ends = switch(self._arrays, codes, is_alone, np.abs(score) < BACK * most, asked)
        changed = np.flatnonzero(begins | ends)
        return transitions(
            codes[changed], course.at, is_on=begins[changed], value=score[changed], limit=most[changed]
        )

    def _in_company(self, codes: np.ndarray, is_far: np.ndarray) -> np.ndarray:
        group, kind = self._senders.group[codes].astype(np.int64), self._senders.kind[codes]
        pair = np.where(group < 0, -1, group * (len(self._senders.kinds) + 1) + kind + 1) + 1
        far, every = np.bincount(pair, is_far), np.bincount(pair)
        is_shared: np.ndarray = ((far >= 2) & (far >= FEW * every))[pair] & (group >= 0)
        return is_shared
