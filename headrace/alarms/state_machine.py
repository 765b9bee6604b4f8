"""Every alarm through the states of ISA-18.2.

Transitions and actions come in the order of their time. What is due before one of them is done first: a shelving that
ends, a flood that is over, an alarm that returned long ago and was never acknowledged.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from headrace.alarms.actions import Action
from headrace.alarms.alarm import Alarm
from headrace.alarms.events import Event
from headrace.alarms.notification import Notification
from headrace.alarms.register import Register, as_array, from_array
from headrace.alarms.senders import Senders
from headrace.alarms.transitions import Transition

BY_TIME, BY_CHATTER = "time", "chatter"


class StateMachine:
    def __init__(self, senders: Senders) -> None:
        self._register = Register(senders)
        self._annunciation = Notification(self._register)

    def take(self, transitions: Iterable[Transition], now: int) -> list[Event]:
        """The events of transitions, and of what is due until now."""
        for transition in transitions:
            self._go_on(transition.at)
            self._one(transition)
        self._go_on(now)
        return self._register.events()

    def act(self, action: Action) -> list[Event]:
        alarm = self._register.named(action.alarm_id)
        if alarm is None:
            self._refuse(action, f"no alarm {action.alarm_id} stands")
        else:
            does = {
                "acknowledge": self._acknowledge,
                "shelve": self._shelve_by_hand,
                "unshelve": self._unshelve_by_hand,
            }
            does[action.what](alarm, action)
        return self._register.events()

    def refuse(self, why: str) -> list[Event]:
        """What came as an action and is none."""
        self._register.refuse(None, None, why)
        return self._register.events()

    @property
    def counters(self) -> list[int]:
        """How far time and the numbers of events and alarms have come."""
        return self._register.counters

    @counters.setter
    def counters(self, counters: list[int]) -> None:
        self._register.counters = counters

    def standing(self) -> Counter[tuple[str, str]]:
        """How many alarms there are of each priority and state."""
        return Counter((alarm.priority, alarm.state) for alarm in self._register)

    @property
    def floods(self) -> int:
        return len(self._annunciation.floods.consoles)

    def state(self) -> dict[str, np.ndarray]:
        kept = {"register": self._register.state(), "floods": self._annunciation.state()}
        return {"text": as_array(kept)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        kept = from_array(state["text"])
        self._register.restore(kept["register"])
        self._annunciation.restore(kept["floods"])

    def _one(self, transition: Transition) -> None:
        alarm = self._register.find((transition.kind, transition.code))
        if transition.is_on and (alarm is None or not alarm.is_on):
            self._raise(alarm or self._register.open(transition), transition)
        elif transition.is_on and alarm is not None and transition.severity != alarm.severity:
            self._change(alarm, transition)
        elif not transition.is_on and alarm is not None and alarm.is_on:
            self._clear(alarm, transition)

    def _raise(self, alarm: Alarm, transition: Transition) -> None:
        alarm.is_on, alarm.is_acknowledged, alarm.raised_at, alarm.spread_at = (
            True,
            False,
            transition.at,
            transition.at,
        )
        self._register.measure(alarm, transition)
        self._annunciation.begins(alarm)
        chatters = self._register.chatters(alarm, transition.at)
        if alarm.shelved_until is None and not chatters:
            self._annunciation.announce(alarm, transition.at, "raised")
        else:
            self._register.tell(alarm, "raised", transition.at)
        if chatters and alarm.shelved_until is None:
            rule = self._register.rules.chatter
            self._shelve(
                alarm,
                transition.at,
                rule.shelved_for.total_seconds(),
                BY_CHATTER,
                "it comes and goes too often",
            )
        self._annunciation.hide_what_shows(alarm, transition.at)

    def _change(self, alarm: Alarm, transition: Transition) -> None:
        """Another severity: the same alarm, told again where it became graver."""
        is_graver = transition.severity > alarm.severity
        self._register.measure(alarm, transition)
        if not is_graver:
            self._register.tell(alarm, "eased", transition.at)
            return
        alarm.is_acknowledged = False
        if alarm.shelved_by == BY_CHATTER:
            alarm.shelved_until, alarm.shelved_by = None, ""
        if alarm.shelved_until is None:
            self._annunciation.announce(alarm, transition.at, "escalated")
        else:
            self._register.tell(alarm, "escalated", transition.at)

    def _clear(self, alarm: Alarm, transition: Transition) -> None:
        alarm.is_told = alarm.is_told and not alarm.is_hidden and alarm.shelved_until is None
        alarm.is_on, alarm.cleared_at = False, transition.at
        alarm.value = alarm.value if np.isnan(transition.value) else transition.value
        self._register.tell(alarm, "cleared", transition.at)
        self._annunciation.ends(alarm, transition.at)
        self._register.settle(alarm)

    def _go_on(self, at: int) -> None:
        self._annunciation.go_on(at)
        for due, alarm in self._register.due(at):
            if alarm.shelved_until is not None and alarm.shelved_until <= due:
                self._come_back(alarm, due)
            elif alarm.state == "returned" and self._register.lapses_at(alarm) <= due:
                alarm.is_told = False
                self._register.tell(alarm, "lapsed", due, by=BY_TIME)
                self._register.settle(alarm)
        self._register.now = max(self._register.now, at)

    def _shelve(self, alarm: Alarm, at: int, lasts: float, by: str, note: str) -> None:
        self._register.comes_back(alarm, at + round(lasts * 1e6))
        alarm.shelved_by = by
        self._register.tell(alarm, "shelved", at, by=by, message=note)

    def _come_back(self, alarm: Alarm, at: int) -> None:
        """A shelving is over; what still is on is told anew."""
        alarm.shelved_until, alarm.shelved_by = None, ""
        if alarm.is_on:
            alarm.is_acknowledged = False
            self._annunciation.announce(alarm, at, "unshelved")
        else:
            self._register.tell(alarm, "unshelved", at, by=BY_TIME)
        self._register.settle(alarm)

    def _acknowledge(self, alarm: Alarm, action: Action) -> None:
        if alarm.is_acknowledged:
            self._refuse(action, f"{alarm.alarm_id} is acknowledged already")
            return
        alarm.is_acknowledged = True
        self._register.tell(alarm, "acknowledged", self._register.now, by=action.by, message=action.note)
        self._register.settle(alarm)

    def _shelve_by_hand(self, alarm: Alarm, action: Action) -> None:
        longest = self._register.rules.longest_shelving.total_seconds()
        if action.lasts is None or action.lasts > longest:
            self._refuse(action, f"an alarm is shelved for at most {longest / 3600:g} hours")
            return
        self._shelve(alarm, self._register.now, action.lasts, action.by, action.note)

    def _unshelve_by_hand(self, alarm: Alarm, action: Action) -> None:
        if alarm.shelved_until is None:
            self._refuse(action, f"{alarm.alarm_id} is not shelved")
            return
        alarm.shelved_until, alarm.shelved_by = None, ""
        self._register.tell(alarm, "unshelved", self._register.now, by=action.by, message=action.note)
        self._register.settle(alarm)

    def _refuse(self, action: Action, why: str) -> None:
        self._register.refuse(action.alarm_id, action.by, why)
