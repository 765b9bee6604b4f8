"""The alarms table: one row for everything that happens to an alarm."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

TABLE = "alarms"
PARTITION = "event_date"
_TEXT, _NUMBER, _FLAG, _INSTANT = pa.string(), pa.float64(), pa.bool_(), pa.timestamp("us", "UTC")


def _column(kind: pa.DataType, description: str, default: Any = None) -> Any:
    return field(default=default, metadata={"type": kind, "description": description})


@dataclass(frozen=True, kw_only=True)
class Event:
    """Instants are microseconds of event time."""

    event_id: str = _column(_TEXT, "Names the event")
    event_number: int = _column(
        pa.int64(), "Counts the events of all alarms, in the order in which they were recorded"
    )
    alarm_id: str | None = _column(
        _TEXT, "The alarm, from the moment it is raised until it is over; null for a flood"
    )
    event: str = _column(
        _TEXT,
        "raised, escalated, eased, cleared, acknowledged, shelved, unshelved, suppressed, released, lapsed, refused; "
        "flood_began, flood_ended",
    )
    event_at: int = _column(_INSTANT, "When it happened, in event time")
    state: str | None = _column(
        _TEXT, "After the event: unacknowledged, acknowledged, returned, normal, shelved, suppressed"
    )
    is_annunciated: bool = _column(_FLAG, "Whether an operator is told", default=False)
    goes_to: str | None = _column(_TEXT, "Who is to do something about it: operator, maintenance")
    kind: str | None = _column(_TEXT, "limit, stuck, silent, drift, failing; flood")
    priority: str | None = _column(_TEXT, "low, medium, high")
    severity: str | None = _column(_TEXT, "warning, critical")
    subject: str | None = _column(_TEXT, "Who shows it: a sender, or a group of them")
    is_group: bool = _column(_FLAG, "Whether the subject is a group", default=False)
    group_id: str | None = _column(_TEXT, "The group that the subject belongs to")
    console: str | None = _column(_TEXT, "Where the operator sits who is told")
    value: float | None = _column(_NUMBER, "What was read when it happened")
    limit_value: float | None = _column(_NUMBER, "What the value is held against")
    since: int | None = _column(_INSTANT, "When the condition itself began")
    until: int | None = _column(_INSTANT, "When a shelving ends")
    cause_id: str | None = _column(_TEXT, "The alarm that is taken for its cause")
    acted_by: str | None = _column(_TEXT, "Who did it: an operator, chatter, or time")
    message: str = _column(_TEXT, "The same in words, or what the operator noted", default="")


DESCRIPTIONS = {each.name: each.metadata["description"] for each in fields(Event)}
DESCRIPTIONS[PARTITION] = "Day of event_at"
SCHEMA = pa.schema(
    [(each.name, each.metadata["type"]) for each in fields(Event)] + [(PARTITION, pa.date32())]
)


def as_table(events: Sequence[Event]) -> pa.Table:
    columns = {
        each.name: pa.array([getattr(event, each.name) for event in events], each.metadata["type"])
        for each in fields(Event)
    }
    columns[PARTITION] = pc.cast(columns["event_at"], pa.date32())
    return pa.table(columns, schema=SCHEMA)
