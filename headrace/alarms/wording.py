"""What an event says of its alarm, in the table's words."""

import math
from datetime import UTC, datetime

from headrace.alarms.alarm import Alarm
from headrace.alarms.edges import CRITICAL
from headrace.alarms.events import Event
from headrace.alarms.senders import Senders

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
