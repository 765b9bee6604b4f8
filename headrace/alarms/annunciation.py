"""Whether an operator is told of an alarm: not where its cause is told already, nor in a flood unless it is grave."""

from typing import Any

from headrace.alarms.alarm import Alarm
from headrace.alarms.causes import Causes
from headrace.alarms.floods import Floods
from headrace.alarms.register import Register, micros
from headrace.alarms.rules import PRIORITIES


class Annunciation:
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
