"""One alarm a cause: which alarms are there only because of another one.

The first of a group to be told is taken for the cause of those of its kind that follow at once ("first out"). A group
on its way to failure explains what its members show, and an instrument that is stuck what it shows itself.
"""

from collections import defaultdict
from collections.abc import Iterator

from headrace.alarms.alarm import Alarm
from headrace.alarms.rules import PRIORITIES

BAD_INSTRUMENT = "stuck"
SHOWN_BY_IT = ("limit", "drift")
WHOLE_GROUP = "failing"
EXPLAINED_BY_GROUP = ("limit", "drift", "stuck")
FIRST_OUT = ("limit", "silent")


class Causes:
    def __init__(self, within: int) -> None:
        self._within = within
        self._of_group: dict[int, dict[str, Alarm]] = defaultdict(dict)
        self._of_sender: dict[int, dict[str, Alarm]] = defaultdict(dict)

    def begins(self, alarm: Alarm) -> None:
        """It is on from now."""
        self._of_group[alarm.group][alarm.alarm_id] = alarm
        if not alarm.is_group:
            self._of_sender[alarm.code][alarm.alarm_id] = alarm

    def ends(self, alarm: Alarm) -> None:
        self._of_group[alarm.group].pop(alarm.alarm_id, None)
        if not alarm.is_group:
            self._of_sender[alarm.code].pop(alarm.alarm_id, None)

    def of(self, alarm: Alarm, at: int) -> Alarm | None:
        return next((each for each in self._candidates(alarm, at) if each is not alarm), None)

    def shown_by_bad_instrument(self, alarm: Alarm) -> list[Alarm]:
        """What stands because of an instrument that is now known to be bad."""
        if alarm.kind != BAD_INSTRUMENT:
            return []
        return [each for each in self._of_sender[alarm.code].values() if each.kind in SHOWN_BY_IT]

    def explained(self, alarm: Alarm) -> list[Alarm]:
        """What was laid to it and still is on, the gravest first and the oldest of those."""
        found = [each for each in self._of_group[alarm.group].values() if each.cause_id == alarm.alarm_id]
        return sorted(
            found, key=lambda each: (-PRIORITIES.index(each.priority), each.raised_at, each.alarm_id)
        )

    def hides(self, cause: Alarm, alarm: Alarm) -> bool:
        """What a bad instrument shows is not worth a word; else the graver of two is told besides its cause."""
        is_bad_instrument = (
            cause.kind == BAD_INSTRUMENT and cause.code == alarm.code and alarm.kind in SHOWN_BY_IT
        )
        return is_bad_instrument or PRIORITIES.index(cause.priority) >= PRIORITIES.index(alarm.priority)

    def _candidates(self, alarm: Alarm, at: int) -> Iterator[Alarm]:
        if not alarm.is_group and alarm.kind in SHOWN_BY_IT:
            yield from (each for each in self._of_sender[alarm.code].values() if each.kind == BAD_INSTRUMENT)
        if alarm.group < 0:
            return
        others = self._of_group[alarm.group].values()
        if alarm.kind in EXPLAINED_BY_GROUP:
            yield from (each for each in others if each.kind == WHOLE_GROUP)
        if alarm.kind in FIRST_OUT:
            first = (each for each in others if each.kind == alarm.kind and each.cause_id is None)
            yield from (each for each in first if at - each.spread_at <= self._within)
