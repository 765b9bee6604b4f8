"""Groups that leave their usual course over days, long before a sender passes a limit: something is about to fail.

A group that leaps from one block to the next was switched, not worn: nothing is said of it until it has run again for a
while, and what was said before still holds then.
"""

import numpy as np

from headrace.alarms.detectors.detector import CRITICAL, Detector, switch, transitions
from headrace.alarms.levels import Course
from headrace.alarms.senders import Senders

BACK = 0.5


class Failing(Detector):
    kind = "failing"
    is_of_groups = True

    def __init__(self, senders: Senders) -> None:
        super().__init__(senders, times=np.int32(0), is_on=np.bool_(False))

    def judge(self, course: Course) -> np.ndarray:
        self._arrays.fit(len(course.evidence))
        rule, groups = self._senders.rules.defaults.failing, np.flatnonzero(course.is_steady)
        evidence = course.evidence[groups]
        is_unusual = (evidence >= rule.deviations) & rule.enabled
        begins, ends = switch(
            self._arrays, groups, is_unusual, evidence < BACK * rule.deviations, rule.blocks
        )
        changed = np.flatnonzero(begins | ends)
        return transitions(
            groups[changed], course.at, is_on=begins[changed], severity=CRITICAL, value=evidence[changed],
            limit=rule.deviations,
        )  # fmt: skip
