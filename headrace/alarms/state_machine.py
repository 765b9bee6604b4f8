"""Every alarm through the states of ISA-18.2.

Transitions and actions come in the order of their time. What is due before one of them is done first: a shelving that
ends, a flood that is over, an alarm that returned long ago and was never acknowledged.
"""

import json
from collections.abc import Iterable, Mapping

import numpy as np

from headrace.alarms.actions import Action, Received
from headrace.alarms.detectors.detector import Transition
from headrace.alarms.events import Event
from headrace.alarms.notification import Notification
from headrace.alarms.register import Alarm, Register, micros
from headrace.alarms.senders import Senders

BY_TIME, BY_CHATTER = "time", "chatter"


class StateMachine:
    def __init__(self, senders: Senders) -> None:
        self.register = Register(senders)
        self.notification = Notification(self.register)

    def take(self, transitions: Iterable[Transition], now: int) -> list[Event]:
        """The events of transitions, and of what is due until now."""
        for transition in transitions:
            self._go_on(transition.at)
            alarm = self.register.alarms.get((transition.kind, transition.code))
            if transition.is_on and (alarm is None or not alarm.is_on):
                self._raise(alarm or self.register.open(transition), transition)
            elif transition.is_on and alarm is not None and transition.severity != alarm.severity:
                self._change(alarm, transition)
            elif not transition.is_on and alarm is not None and alarm.is_on:
                self._clear(alarm, transition)
        self._go_on(now)
        return self.register.events()

    def act(self, received: Received) -> list[Event]:
        """The events of an action. One that is not an action, or cannot be done, is recorded as refused."""
        register = self.register
        action = Action.model_validate(received.action) if received.action else None
        alarm = register.by_id.get(action.alarm_id) if action else None
        why = received.refused if action is None else self._objection(alarm, action)
        if action is None or alarm is None or why:
            register.refuse(action.alarm_id if action else None, action.by if action else None, why)
        elif action.what == "shelve":
            self._shelve(alarm, register.now, round((action.lasts or 0) * 1e6), action.by, action.note)
        else:
            if action.what == "acknowledge":
                alarm.is_acknowledged = True
            else:
                alarm.shelved_until, alarm.shelved_by = None, ""
            register.record(alarm, f"{action.what}d", register.now, by=action.by, message=action.note)
            register.settle(alarm)
        return register.events()

    def state(self) -> dict[str, np.ndarray]:
        state = {"register": self.register.state(), "floods": self.notification.floods.state()}
        return {"text": np.frombuffer(json.dumps(state).encode(), np.uint8)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        saved = json.loads(state["text"].tobytes())
        self.register.restore(saved["register"])
        self.notification.restore(saved["floods"])

    def _raise(self, alarm: Alarm, transition: Transition) -> None:
        at, rule = transition.at, self.register.rules.chatter
        alarm.is_on, alarm.is_acknowledged, alarm.raised_at, alarm.spread_at = True, False, at, at
        self.register.measure(alarm, transition)
        self.notification.begins(alarm)
        chatters, is_shelved = self.register.chatters(alarm, at), alarm.shelved_until is not None
        if is_shelved or chatters:
            self.register.record(alarm, "raised", at)
        else:
            self.notification.announce(alarm, at, "raised")
        if chatters and not is_shelved:
            self._shelve(alarm, at, micros(rule.shelved_for), BY_CHATTER, "it comes and goes too often")
        self.notification.hide_shown_by(alarm, at)

    def _change(self, alarm: Alarm, transition: Transition) -> None:
        """Another severity of the same alarm; it is announced again where it became graver."""
        is_graver = transition.severity > alarm.severity
        self.register.measure(alarm, transition)
        if not is_graver:
            self.register.record(alarm, "eased", transition.at)
            return
        alarm.is_acknowledged = False
        if alarm.shelved_by == BY_CHATTER:
            alarm.shelved_until, alarm.shelved_by = None, ""
        if alarm.shelved_until is None:
            self.notification.announce(alarm, transition.at, "escalated")
        else:
            self.register.record(alarm, "escalated", transition.at)

    def _clear(self, alarm: Alarm, transition: Transition) -> None:
        alarm.is_told = alarm.is_told and not alarm.is_hidden and alarm.shelved_until is None
        alarm.is_on, alarm.cleared_at = False, transition.at
        alarm.value = alarm.value if np.isnan(transition.value) else transition.value
        self.register.record(alarm, "cleared", transition.at)
        self.notification.ends(alarm, transition.at)
        self.register.settle(alarm)

    def _go_on(self, at: int) -> None:
        """Does what is due: a shelved alarm comes back, and is announced anew where it is still on."""
        register = self.register
        self.notification.go_on(at)
        for due, alarm in register.due(at):
            if alarm.shelved_until is not None and alarm.shelved_until <= due:
                alarm.shelved_until, alarm.shelved_by = None, ""
                if alarm.is_on:
                    alarm.is_acknowledged = False
                    self.notification.announce(alarm, due, "unshelved")
                else:
                    register.record(alarm, "unshelved", due, by=BY_TIME)
                register.settle(alarm)
            elif alarm.state == "returned" and register.lapses_at(alarm) <= due:
                alarm.is_told = False
                register.record(alarm, "lapsed", due, by=BY_TIME)
                register.settle(alarm)
        register.now = max(register.now, at)

    def _shelve(self, alarm: Alarm, at: int, lasts: int, by: str, note: str) -> None:
        self.register.shelve(alarm, at + lasts, by)
        self.register.record(alarm, "shelved", at, by=by, message=note)

    def _objection(self, alarm: Alarm | None, action: Action) -> str:
        """Why an action cannot be done; nothing where it can."""
        longest = self.register.rules.longest_shelving.total_seconds()
        if alarm is None:
            return f"no alarm {action.alarm_id} stands"
        if action.what == "acknowledge" and alarm.is_acknowledged:
            return f"{alarm.alarm_id} is acknowledged already"
        if action.what == "unshelve" and alarm.shelved_until is None:
            return f"{alarm.alarm_id} is not shelved"
        if action.what == "shelve" and (action.lasts is None or action.lasts > longest):
            return f"an alarm is shelved for at most {longest / 3600:g} hours"
        return ""
