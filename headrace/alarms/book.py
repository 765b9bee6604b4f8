"""What stands, and what an operator is told of it."""

from dataclasses import dataclass

from headrace.alarms.edges import CRITICAL, Edges
from headrace.alarms.events import Event
from headrace.alarms.senders import Senders


@dataclass
class Alarm:
    alarm_id: str
    events: int = 0


class Book:
    def __init__(self, senders: Senders) -> None:
        self._senders = senders
        self._alarms: dict[tuple[str, int], Alarm] = {}
        self._number = self._opened = 0

    def take(self, kind: str, of: str, edges: Edges) -> list[Event]:
        order = edges.at.argsort(kind="stable")
        return [event for place in order for event in self._one(kind, of == "group", edges, int(place))]

    def _one(self, kind: str, is_group: bool, edges: Edges, place: int) -> list[Event]:
        key, is_on = (kind, int(edges.subject[place])), bool(edges.is_on[place])
        alarm = self._alarms.get(key)
        if alarm is None and not is_on:
            return []
        said = "escalated" if alarm and is_on else "raised" if is_on else "cleared"
        if alarm is None:
            self._opened += 1
            alarm = self._alarms[key] = Alarm(f"A{self._opened}")
        if not is_on:
            del self._alarms[key]
        alarm.events += 1
        self._number += 1
        senders, code = self._senders, key[1]
        group = code if is_group else int(senders.group[code])
        return [
            Event(
                f"{alarm.alarm_id}.{alarm.events}",
                self._number,
                alarm.alarm_id,
                said,
                int(edges.at[place]),
                state="unacknowledged" if is_on else "normal",
                is_annunciated=is_on,
                kind=kind,
                severity="critical" if edges.severity[place] == CRITICAL else "warning",
                subject=(senders.groups if is_group else senders.ids).names[code],
                is_group=is_group,
                group_id=senders.groups.names[group] if group >= 0 else None,
                value=float(edges.value[place]),
                limit_value=float(edges.limit[place]),
                since=int(edges.since[place]),
            )
        ]
