"""Whether an operator is told of an alarm: not where its cause is told already, nor in a flood unless it is grave.

Causes: the first alarm of a group is taken for the cause of those of its kind that follow at once ("first out"). A
group on its way to failure explains what its members show, and a stuck instrument explains what it shows itself.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any

from headrace.alarms.alarm import Alarm
from headrace.alarms.register import Register, micros
from headrace.alarms.rules import PRIORITIES, FloodRule

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


class Floods:
    def __init__(self, rule: FloodRule) -> None:
        self._rule, self._within = rule, round(rule.within.total_seconds() * 1e6)
        self._recent: dict[int, deque[int]] = {}
        self._since: dict[int, int] = {}

    def is_on(self, console: int) -> bool:
        return console in self._since

    @property
    def consoles(self) -> list[int]:
        return sorted(self._since)

    def counts(self, console: int, at: int) -> bool:
        """One more alarm that an operator was told of, or would have been; says whether a flood begins with it."""
        recent = self._recent.setdefault(console, deque(maxlen=self._rule.begins + 1))
        recent.append(at)
        begins = not self.is_on(console) and len(self._newer(recent, at)) > self._rule.begins
        if begins:
            self._since[console] = at
        return begins

    def ended(self, at: int) -> Iterator[tuple[int, int]]:
        """Consoles whose flood is over by now, and since when."""
        for console in self.consoles:
            recent = sorted(self._recent[console])
            over = recent[-self._rule.ends] + self._within if self._rule.ends else recent[-1] + self._within
            if over <= at:
                del self._since[console]
                yield console, over

    def state(self) -> dict[str, Any]:
        return {
            "recent": {str(console): list(recent) for console, recent in self._recent.items()},
            "since": {str(console): at for console, at in self._since.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        most = self._rule.begins + 1
        self._recent = {int(console): deque(recent, most) for console, recent in state["recent"].items()}
        self._since = {int(console): at for console, at in state["since"].items()}

    def _newer(self, recent: deque[int], at: int) -> list[int]:
        return [each for each in recent if at - each < self._within]


class Notification:
    def __init__(self, register: Register) -> None:
        self._register = register
        self._causes = Causes(micros(register.rules.cause.within))
        self.floods = Floods(register.rules.flood)

    def begins(self, alarm: Alarm) -> None:
        self._causes.begins(alarm)

    def ends(self, alarm: Alarm, at: int) -> None:
        """What outlives its cause: the gravest is told, and is the cause of the rest."""
        self._causes.ends(alarm)
        hidden = []
        for each in self._causes.explained(alarm):
            if each.is_hidden_by_cause:
                hidden.append(each)
            else:
                each.cause_id = None
        if not hidden:
            return
        first, *others = hidden
        first.cause_id, first.is_hidden_by_cause, first.spread_at = None, False, at
        self.announce(first, at, "released")
        for each in others:
            each.cause_id = first.cause_id or first.alarm_id

    def announce(self, alarm: Alarm, at: int, event: str) -> None:
        cause = self._causes.of(alarm, at)
        alarm.cause_id = cause.alarm_id if cause else None
        if cause is not None:
            cause.spread_at = max(cause.spread_at, at)
        alarm.is_hidden_by_cause = cause is not None and self._causes.hides(cause, alarm)
        alarm.is_hidden_by_flood = not alarm.is_hidden_by_cause and self._drowns(alarm)
        alarm.is_told = alarm.is_told or not alarm.is_hidden
        self._register.tell(alarm, event, at, is_annunciated=not alarm.is_hidden)
        if not alarm.is_hidden_by_cause and self.floods.counts(alarm.console, at):
            self._register.tell_console(alarm.console, "flood_began", at)

    def hide_what_shows(self, cause: Alarm, at: int) -> None:
        """Alarms that stood already turn out to be those of a bad instrument."""
        for alarm in self._causes.shown_by_bad_instrument(cause):
            if not alarm.is_hidden_by_cause:
                alarm.cause_id = cause.alarm_id
                alarm.is_hidden_by_cause, alarm.is_hidden_by_flood = True, False
                self._register.tell(alarm, "suppressed", at)

    def go_on(self, at: int) -> None:
        """Ends floods that are over by now, and shows what still stands of what came with them."""
        for console, over in self.floods.ended(at):
            hidden = (each for each in self._register if each.console == console and each.is_hidden_by_flood)
            left = [each for each in hidden if each.is_on]
            said = f"still standing of what came with it: {len(left)}"
            self._register.tell_console(console, "flood_ended", over, said)
            for alarm in left:
                alarm.is_hidden_by_flood, alarm.is_told = False, True
                self._register.tell(alarm, "released", over)

    def state(self) -> Any:
        return self.floods.state()

    def restore(self, state: Any) -> None:
        self.floods.restore(state)
        for alarm in self._register:
            if alarm.is_on:
                self._causes.begins(alarm)

    def _drowns(self, alarm: Alarm) -> bool:
        lets_through = self._register.rules.flood.lets_through
        is_grave = PRIORITIES.index(alarm.priority) >= PRIORITIES.index(lets_through)
        return self.floods.is_on(alarm.console) and not is_grave
