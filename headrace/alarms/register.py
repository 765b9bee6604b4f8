"""The alarms that are not over, by subject and by id; what is due of them; and the events recorded, one number each."""

import heapq
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import numpy as np

from headrace.alarms.alarm import Alarm, Key, said_of
from headrace.alarms.events import Event
from headrace.alarms.rules import Priority
from headrace.alarms.senders import Senders
from headrace.alarms.transitions import CRITICAL, Transition


class Queue:
    def __init__(self) -> None:
        self._heap: list[tuple[int, Key]] = []

    def put(self, at: int, key: Key) -> None:
        heapq.heappush(self._heap, (at, key))

    def until(self, at: int) -> Iterator[tuple[int, Key]]:
        """The earliest first; what is put meanwhile comes along where it is due too."""
        while self._heap and self._heap[0][0] <= at:
            yield heapq.heappop(self._heap)


class Register:
    def __init__(self, senders: Senders) -> None:
        self.senders, self.rules = senders, senders.rules
        self.now = 0
        self._alarms: dict[Key, Alarm] = {}
        self._by_id: dict[str, Alarm] = {}
        self._raises: dict[Key, list[int]] = {}
        self._due = Queue()
        self._number = self._opened = 0
        self._told: list[Event] = []

    def __iter__(self) -> Iterator[Alarm]:
        return iter(list(self._alarms.values()))

    def find(self, key: Key) -> Alarm | None:
        return self._alarms.get(key)

    def named(self, alarm_id: str) -> Alarm | None:
        return self._by_id.get(alarm_id)

    def open(self, transition: Transition) -> Alarm:
        self._opened += 1
        senders, code = self.senders, transition.code
        group = code if transition.is_group else int(senders.group[code])
        console = int(senders.console_of_group[group] if transition.is_group else senders.console[code])
        alarm = Alarm(
            f"A{self._opened}", transition.kind, code, transition.is_group, group, console,
            transition.at, transition.severity, self._priority(transition),
            transition.value, transition.limit, transition.since,
        )  # fmt: skip
        self._add(alarm)
        return alarm

    def measure(self, alarm: Alarm, transition: Transition) -> None:
        alarm.severity, alarm.priority = transition.severity, self._priority(transition)
        alarm.value, alarm.limit, alarm.since = transition.value, transition.limit, transition.since

    def settle(self, alarm: Alarm) -> None:
        """Forgets an alarm that is over; one that returned is remembered until somebody saw it or it lapses."""
        if alarm.state == "normal":
            del self._alarms[alarm.key], self._by_id[alarm.alarm_id]
        elif alarm.state == "returned":
            self._due.put(self.lapses_at(alarm), alarm.key)

    def lapses_at(self, alarm: Alarm) -> int:
        return alarm.cleared_at + micros(self.rules.returned_lapses_after)

    def comes_back(self, alarm: Alarm, at: int) -> None:
        alarm.shelved_until = at
        self._due.put(at, alarm.key)

    def due(self, at: int) -> Iterator[tuple[int, Alarm]]:
        for due, key in self._due.until(at):
            if (alarm := self.find(key)) is not None:
                yield due, alarm

    def chatters(self, alarm: Alarm, at: int) -> bool:
        """Counts that it was raised, and says whether it was too often."""
        rule = self.rules.chatter
        recent = [each for each in self._raises.get(alarm.key, []) if at - each < micros(rule.within)]
        self._raises[alarm.key] = [*recent, at][-rule.raises :]
        return len(recent) + 1 >= rule.raises

    def tell(
        self,
        alarm: Alarm,
        event: str,
        at: int,
        *,
        is_annunciated: bool = False,
        by: str = "",
        message: str = "",
    ) -> None:
        self._say(
            said_of(alarm, self.senders, event, at, is_annunciated=is_annunciated, by=by, message=message)
        )

    def tell_console(self, console: int, event: str, at: int, message: str = "") -> None:
        name = self.senders.consoles.names[console] if console >= 0 else None
        self._say(Event("", 0, None, event, at, kind="flood", console=name, message=message))

    def refuse(self, alarm_id: str | None, by: str | None, why: str) -> None:
        self._say(Event("", 0, alarm_id, "refused", self.now, acted_by=by, message=why))

    def events(self) -> list[Event]:
        """What was told since this was asked last."""
        told, self._told = self._told, []
        return told

    @property
    def counters(self) -> list[int]:
        return [self.now, self._number, self._opened]

    @counters.setter
    def counters(self, counters: list[int]) -> None:
        self.now, self._number, self._opened = counters

    def state(self) -> dict[str, Any]:
        newest = {key: recent for key, recent in self._raises.items() if self._may_chatter(recent)}
        return {
            "alarms": [alarm.as_dict() for alarm in self],
            "raises": [[*key, recent] for key, recent in newest.items()],
            "counters": self.counters,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.counters = state["counters"]
        self._raises = {(kind, code): recent for kind, code, recent in state["raises"]}
        for each in state["alarms"]:
            alarm = Alarm(**each)
            self._add(alarm)
            if alarm.shelved_until is not None:
                self._due.put(alarm.shelved_until, alarm.key)
            else:
                self.settle(alarm)

    def _may_chatter(self, recent: list[int]) -> bool:
        return self.now - recent[-1] < micros(self.rules.chatter.within)

    def _add(self, alarm: Alarm) -> None:
        self._alarms[alarm.key] = self._by_id[alarm.alarm_id] = alarm

    def _say(self, event: Event) -> None:
        self._number += 1
        self._told.append(event.numbered(self._number))

    def _priority(self, transition: Transition) -> Priority:
        senders = self.senders
        kind = -1 if transition.is_group else int(senders.kind[transition.code])
        rules = self.rules.of(senders.kinds.names[kind] if kind >= 0 else "")
        if transition.kind == "limit":
            ranks = rules.limit.priority
            return ranks.critical if transition.severity >= CRITICAL else ranks.warning
        found: Priority = getattr(rules, transition.kind).priority
        return found


def as_array(state: Any) -> np.ndarray:
    """Anything that JSON can hold, to be kept among arrays."""
    return np.frombuffer(json.dumps(state).encode(), np.uint8)


def from_array(array: np.ndarray) -> Any:
    return json.loads(array.tobytes())


def micros(span: timedelta) -> int:
    return round(span.total_seconds() * 1e6)
