"""One alarm: a condition of one subject from when it is raised until it is over and known to be.

The states are those of ISA-18.2. `returned` is its "returned to normal, unacknowledged"; `suppressed` is one that has a
cause that is told already, or that came in a flood.
"""

import math
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from headrace.alarms.events import Event
from headrace.alarms.rules import Priority
from headrace.alarms.senders import Senders
from headrace.alarms.transitions import CRITICAL

State = Literal["unacknowledged", "acknowledged", "returned", "normal", "shelved", "suppressed"]
STANDING: tuple[State, ...] = ("unacknowledged", "acknowledged", "returned", "shelved", "suppressed")
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
    """When the last alarm was laid to it as its cause."""
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

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


WORDS = {"drift": "leaves the level of its neighbours", "failing": "is on its way to failure"}
EXPLAINED = ("raised", "escalated", "released")


def said_of(
    alarm: Alarm, senders: Senders, event: str, at: int, *, is_annunciated: bool, by: str, message: str
) -> Event:
    subject = _name(alarm, senders)
    return Event(
        "", 0, alarm.alarm_id, event, at,
        state=alarm.state,
        is_annunciated=is_annunciated,
        kind=alarm.kind,
        priority=alarm.priority,
        severity="critical" if alarm.severity >= CRITICAL else "warning",
        subject=subject,
        is_group=alarm.is_group,
        group_id=senders.groups.names[alarm.group] if alarm.group >= 0 else None,
        console=senders.consoles.names[alarm.console] if alarm.console >= 0 else None,
        value=_number(alarm.value),
        limit_value=_number(alarm.limit),
        since=alarm.since,
        until=alarm.shelved_until,
        cause_id=alarm.cause_id,
        acted_by=by or None,
        message=message or (_explained(alarm, subject) if event in EXPLAINED else ""),
    )  # fmt: skip


def _name(alarm: Alarm, senders: Senders) -> str:
    names = senders.groups if alarm.is_group else senders.ids
    return names.names[alarm.code]


def _explained(alarm: Alarm, subject: str) -> str:
    since = f"{datetime.fromtimestamp(alarm.since / 1e6, UTC):%Y-%m-%d %H:%M}"
    if alarm.kind == "limit":
        side = "above" if alarm.value > alarm.limit else "below"
        return f"{subject}: {alarm.value:g} is {side} its limit {alarm.limit:g}"
    if alarm.kind == "stuck":
        return f"{subject} shows {alarm.value:g} without change since {since}"
    if alarm.kind == "silent":
        return f"{subject} was last heard at {since}"
    said = WORDS.get(alarm.kind, f"shows {alarm.kind}")
    return f"{subject} {said} since {since}"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
