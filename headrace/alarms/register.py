"""The alarms that are not over, when each is due, and the events recorded.

The states are those of ISA-18.2: `returned` is its "returned to normal, unacknowledged"; `suppressed` is an alarm whose
cause is announced already, or that came in a flood.
"""

import heapq
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import numpy as np

from headrace.alarms.detectors.detector import CRITICAL, Transition
from headrace.alarms.events import Event
from headrace.alarms.rules import GoesTo, LimitPriorities, Priority
from headrace.alarms.senders import Senders

State = Literal["unacknowledged", "acknowledged", "returned", "normal", "shelved", "suppressed"]
STANDING: tuple[State, ...] = ("unacknowledged", "acknowledged", "returned", "shelved", "suppressed")
EXPLAINED = ("raised", "escalated", "released")
IN_WORDS = {
    "stuck": "shows {value:g} without change since {since}",
    "silent": "was last heard at {since}",
    "drift": "leaves the level of its neighbours since {since}",
    "failing": "is on its way to failure since {since}",
}
Key = tuple[str, int]
"""The kind of an alarm and the code of its subject."""


@dataclass
class Alarm:
    alarm_id: str
    kind: str
    code: int
    is_group: bool
    group: int
    console: int
    raised_at: int
    severity: int
    priority: Priority
    value: float
    limit: float
    since: int
    goes_to: GoesTo = "operator"
    is_on: bool = True
    is_told: bool = False
    """Whether an operator was told of it and it was not acknowledged since."""
    is_acknowledged: bool = False
    shelved_until: int | None = None
    shelved_by: str = ""
    cause_id: str | None = None
    is_hidden_by_cause: bool = False
    is_hidden_by_flood: bool = False
    spread_at: int = 0
    """When it was last found to be the cause of another alarm."""
    cleared_at: int = 0

    @property
    def key(self) -> Key:
        return (self.kind, self.code)

    @property
    def is_hidden(self) -> bool:
        return self.is_hidden_by_cause or self.is_hidden_by_flood

    @property
    def state(self) -> State:
        if self.shelved_until is not None:
            return "shelved"
        if not self.is_on:
            return "returned" if self.is_told and not self.is_acknowledged else "normal"
        if self.is_hidden:
            return "suppressed"
        return "acknowledged" if self.is_acknowledged else "unacknowledged"


class Register:
    def __init__(self, senders: Senders) -> None:
        self.senders, self.rules = senders, senders.rules
        self.now = 0
        self.alarms: dict[Key, Alarm] = {}
        self.by_id: dict[str, Alarm] = {}
        self._raises: dict[Key, list[int]] = {}
        self._due: list[tuple[int, Key]] = []
        self._number = self._opened = 0
        self._events: list[Event] = []

    def open(self, transition: Transition) -> Alarm:
        self._opened += 1
        senders, code = self.senders, transition.code
        member = np.flatnonzero(senders.group == code)[-1] if transition.is_group else code
        alarm = Alarm(
            f"A{self._opened}", transition.kind, code, transition.is_group,
            int(senders.group[member]), int(senders.console[member]),
            transition.at, transition.severity, self._priority(transition),
            transition.value, transition.limit, transition.since, self._rule(transition).goes_to,
        )  # fmt: skip
        self.alarms[alarm.key] = self.by_id[alarm.alarm_id] = alarm
        return alarm

    def measure(self, alarm: Alarm, transition: Transition) -> None:
        alarm.severity, alarm.priority = transition.severity, self._priority(transition)
        alarm.value, alarm.limit, alarm.since = transition.value, transition.limit, transition.since

    def settle(self, alarm: Alarm) -> None:
        """Forgets an alarm that is over; one that returned stays until it is acknowledged or lapses."""
        if alarm.state == "normal":
            del self.alarms[alarm.key], self.by_id[alarm.alarm_id]
        elif alarm.state == "returned":
            heapq.heappush(self._due, (self.lapses_at(alarm), alarm.key))

    def lapses_at(self, alarm: Alarm) -> int:
        return alarm.cleared_at + micros(self.rules.returned_lapses_after)

    def shelve(self, alarm: Alarm, until: int, by: str) -> None:
        alarm.shelved_until, alarm.shelved_by = until, by
        heapq.heappush(self._due, (until, alarm.key))

    def due(self, at: int) -> Iterator[tuple[int, Alarm]]:
        """The earliest first; what becomes due meanwhile comes along."""
        while self._due and self._due[0][0] <= at:
            due, key = heapq.heappop(self._due)
            if (alarm := self.alarms.get(key)) is not None:
                yield due, alarm

    def chatters(self, alarm: Alarm, at: int) -> bool:
        """Counts that it was raised: whether that was too often."""
        rule = self.rules.chatter
        recent = [each for each in self._raises.get(alarm.key, []) if at - each < micros(rule.within)]
        self._raises[alarm.key] = [*recent, at][-rule.raises :]
        return len(recent) + 1 >= rule.raises

    def record(
        self, alarm: Alarm, event: str, at: int, *, is_told: bool = False, by: str = "", message: str = ""
    ) -> None:
        senders = self.senders
        subject = (senders.groups if alarm.is_group else senders.ids).names[alarm.code]
        recorded = Event(
            alarm_id=alarm.alarm_id,
            event=event,
            event_at=at,
            state=alarm.state,
            is_annunciated=is_told,
            goes_to=alarm.goes_to,
            kind=alarm.kind,
            priority=alarm.priority,
            severity="critical" if alarm.severity >= CRITICAL else "warning",
            subject=subject,
            is_group=alarm.is_group,
            group_id=senders.groups.name(alarm.group),
            console=senders.consoles.name(alarm.console),
            value=None if math.isnan(alarm.value) else alarm.value,
            limit_value=None if math.isnan(alarm.limit) else alarm.limit,
            since=alarm.since,
            until=alarm.shelved_until,
            cause_id=alarm.cause_id,
            acted_by=by or None,
            message=message or (_explained(alarm, subject) if event in EXPLAINED else ""),
        )
        self._append(recorded)

    def record_flood(self, console: int, event: str, at: int, message: str = "") -> None:
        name = self.senders.consoles.name(console)
        self._append(Event(event=event, event_at=at, kind="flood", console=name, message=message))

    def refuse(self, alarm_id: str | None, by: str | None, why: str) -> None:
        self._append(Event(alarm_id=alarm_id, event="refused", event_at=self.now, acted_by=by, message=why))

    def events(self) -> list[Event]:
        """Those recorded since the last call."""
        events, self._events = self._events, []
        return events

    @property
    def counters(self) -> list[int]:
        """How far time and the numbers of events and alarms have come."""
        return [self.now, self._number, self._opened]

    @counters.setter
    def counters(self, counters: list[int]) -> None:
        self.now, self._number, self._opened = counters

    def state(self) -> dict[str, Any]:
        within = micros(self.rules.chatter.within)
        raises = {key: recent for key, recent in self._raises.items() if self.now - recent[-1] < within}
        return {
            "alarms": [asdict(alarm) for alarm in self.alarms.values()],
            "raises": [[*key, recent] for key, recent in raises.items()],
            "counters": self.counters,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.counters = state["counters"]
        self._raises = {(kind, code): recent for kind, code, recent in state["raises"]}
        for each in state["alarms"]:
            alarm = Alarm(**each)
            self.alarms[alarm.key] = self.by_id[alarm.alarm_id] = alarm
            if alarm.shelved_until is not None:
                self.shelve(alarm, alarm.shelved_until, alarm.shelved_by)
            else:
                self.settle(alarm)

    def _append(self, event: Event) -> None:
        self._number += 1
        self._events.append(replace(event, event_id=f"E{self._number}", event_number=self._number))

    def _priority(self, transition: Transition) -> Priority:
        priority: Priority | LimitPriorities = self._rule(transition).priority
        if isinstance(priority, LimitPriorities):
            return priority.critical if transition.severity >= CRITICAL else priority.warning
        return priority

    def _rule(self, transition: Transition) -> Any:
        """That of its kind, for such senders."""
        kind = -1 if transition.is_group else int(self.senders.kind[transition.code])
        return getattr(self.rules.of(self.senders.kinds.name(kind) or ""), transition.kind)


def _explained(alarm: Alarm, subject: str) -> str:
    if alarm.kind == "limit":
        side = "above" if alarm.value > alarm.limit else "below"
        return f"{subject}: {alarm.value:g} is {side} its limit {alarm.limit:g}"
    since = f"{datetime.fromtimestamp(alarm.since / 1e6, UTC):%Y-%m-%d %H:%M}"
    return f"{subject} {IN_WORDS[alarm.kind].format(value=alarm.value, since=since)}"


def micros(span: timedelta) -> int:
    return round(span.total_seconds() * 1e6)
