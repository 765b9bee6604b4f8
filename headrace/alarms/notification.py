"""Whether an operator is told of an alarm: not where its cause is announced already, nor in a flood unless it is grave,
nor where maintenance is to do something about it.

Causes: the first alarm of a group is taken for the cause of those of its kind that follow at once ("first out"). A
group on its way to failure explains what its members show, and a stuck instrument explains what it shows itself.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any

from headrace.alarms.register import Alarm, Register, micros
from headrace.alarms.rules import PRIORITIES, FloodRule

BAD_INSTRUMENT = "stuck"
SHOWN_BY_IT = ("limit", "drift")
WHOLE_GROUP = "failing"
EXPLAINED_BY_GROUP = ("limit", "drift", "stuck")
FIRST_OUT = ("limit", "silent")


class Floods:
    def __init__(self, rule: FloodRule) -> None:
        self._rule, self._within = rule, micros(rule.within)
        self._recent: dict[int, deque[int]] = {}
        self.since: dict[int, int] = {}
        """When the flood of each console that has one began."""

    def counts(self, console: int, at: int) -> bool:
        """Counts an alarm that is not hidden by its cause: whether a flood begins with it."""
        recent = self._recent.setdefault(console, deque(maxlen=self._rule.begins + 1))
        recent.append(at)
        newer = sum(at - each < self._within for each in recent)
        begins = console not in self.since and newer > self._rule.begins
        if begins:
            self.since[console] = at
        return begins

    def ended(self, at: int) -> Iterator[tuple[int, int]]:
        """Consoles whose flood is over by now, and since when."""
        for console in sorted(self.since):
            recent = sorted(self._recent[console])
            over = recent[-max(self._rule.ends, 1)] + self._within
            if over <= at:
                del self.since[console]
                yield console, over

    def state(self) -> dict[str, Any]:
        return {
            "recent": {str(console): list(recent) for console, recent in self._recent.items()},
            "since": {str(console): at for console, at in self.since.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        most = self._rule.begins + 1
        self._recent = {int(console): deque(recent, most) for console, recent in state["recent"].items()}
        self.since = {int(console): at for console, at in state["since"].items()}


class Notification:
    def __init__(self, register: Register) -> None:
        self._register, self.floods = register, Floods(register.rules.flood)
        self._of_group: dict[int, dict[str, Alarm]] = defaultdict(dict)
        self._of_sender: dict[int, dict[str, Alarm]] = defaultdict(dict)

    def begins(self, alarm: Alarm) -> None:
        self._of_group[alarm.group][alarm.alarm_id] = alarm
        if not alarm.is_group:
            self._of_sender[alarm.code][alarm.alarm_id] = alarm

    def ends(self, alarm: Alarm, at: int) -> None:
        """Of the alarms that outlive their cause, the gravest (of those, the oldest) is announced, and is the cause of
        the rest."""
        group = self._of_group[alarm.group]
        group.pop(alarm.alarm_id, None)
        if not alarm.is_group:
            self._of_sender[alarm.code].pop(alarm.alarm_id, None)
        hidden = []
        for each in group.values():
            if each.cause_id == alarm.alarm_id and each.is_hidden_by_cause:
                hidden.append(each)
            elif each.cause_id == alarm.alarm_id:
                each.cause_id = None
        if not hidden:
            return
        hidden.sort(key=lambda each: (-PRIORITIES.index(each.priority), each.raised_at, each.alarm_id))
        first, *others = hidden
        first.cause_id, first.is_hidden_by_cause, first.spread_at = None, False, at
        self.announce(first, at, "released")
        for each in others:
            each.cause_id = first.cause_id or first.alarm_id

    def announce(self, alarm: Alarm, at: int, event: str) -> None:
        """Records an event, with which an operator is told of the alarm unless a cause or a flood hides it."""
        cause = next((each for each in self._causes(alarm, at) if each is not alarm), None)
        flood, rank = self._register.rules.flood, PRIORITIES.index(alarm.priority)
        alarm.cause_id, alarm.is_hidden_by_cause = None, False
        if cause is not None:  # of two that are no fault of the instrument, the graver is announced as well
            is_hidden = cause.kind == BAD_INSTRUMENT or PRIORITIES.index(cause.priority) >= rank
            alarm.cause_id, alarm.is_hidden_by_cause = cause.alarm_id, is_hidden
            cause.spread_at = max(cause.spread_at, at)
        is_operators = alarm.goes_to == "operator"
        drowns = alarm.console in self.floods.since and rank < PRIORITIES.index(flood.lets_through)
        alarm.is_hidden_by_flood = drowns and is_operators and not alarm.is_hidden_by_cause
        is_told = is_operators and not alarm.is_hidden
        alarm.is_told = alarm.is_told or is_told
        self._register.record(alarm, event, at, is_told=is_told)
        if is_operators and not alarm.is_hidden_by_cause and self.floods.counts(alarm.console, at):
            self._register.record_flood(alarm.console, "flood_began", at)

    def hide_shown_by(self, cause: Alarm, at: int) -> None:
        """Alarms that stood already turn out to be those of a bad instrument."""
        for alarm in self._of_sender[cause.code].values() if cause.kind == BAD_INSTRUMENT else ():
            if alarm.kind in SHOWN_BY_IT and not alarm.is_hidden_by_cause:
                alarm.cause_id = cause.alarm_id
                alarm.is_hidden_by_cause, alarm.is_hidden_by_flood = True, False
                self._register.record(alarm, "suppressed", at)

    def go_on(self, at: int) -> None:
        """Ends floods that are over by now, and shows which of their alarms still stand."""
        for console, over in self.floods.ended(at):
            alarms = self._register.alarms.values()
            hidden = (each for each in alarms if each.console == console and each.is_hidden_by_flood)
            left = [each for each in hidden if each.is_on]
            message = f"still standing of what came with it: {len(left)}"
            self._register.record_flood(console, "flood_ended", over, message)
            for alarm in left:
                alarm.is_hidden_by_flood, alarm.is_told = False, True
                self._register.record(alarm, "released", over)

    def restore(self, floods: dict[str, Any]) -> None:
        self.floods.restore(floods)
        for alarm in self._register.alarms.values():
            if alarm.is_on:
                self.begins(alarm)

    def _causes(self, alarm: Alarm, at: int) -> Iterator[Alarm]:
        """Alarms that may be its cause, the likeliest first."""
        if not alarm.is_group and alarm.kind in SHOWN_BY_IT:
            yield from (each for each in self._of_sender[alarm.code].values() if each.kind == BAD_INSTRUMENT)
        if alarm.group < 0:
            return
        others = self._of_group[alarm.group].values()
        if alarm.kind in EXPLAINED_BY_GROUP:
            yield from (each for each in others if each.kind == WHOLE_GROUP)
        if alarm.kind in FIRST_OUT:
            first = (each for each in others if each.kind == alarm.kind and each.cause_id is None)
            within = micros(self._register.rules.cause.within)
            yield from (each for each in first if at - each.spread_at <= within)
