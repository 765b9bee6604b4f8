"""The alarms table: one row for everything that happens to an alarm."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import pyarrow as pa
import pyarrow.compute as pc

TABLE = "alarms"
PARTITION = "event_date"

_INSTANT = pa.timestamp("us", "UTC")
SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("event_number", pa.int64()),
        ("alarm_id", pa.string()),
        ("event", pa.string()),
        ("event_at", _INSTANT),
        ("state", pa.string()),
        ("is_annunciated", pa.bool_()),
        ("kind", pa.string()),
        ("priority", pa.string()),
        ("severity", pa.string()),
        ("subject", pa.string()),
        ("is_group", pa.bool_()),
        ("group_id", pa.string()),
        ("console", pa.string()),
        ("value", pa.float64()),
        ("limit_value", pa.float64()),
        ("since", _INSTANT),
        ("until", _INSTANT),
        ("cause_id", pa.string()),
        ("acted_by", pa.string()),
        ("message", pa.string()),
        (PARTITION, pa.date32()),
    ]
)


MEANINGS = {
    "event_id": "Names the event",
    "event_number": "Counts the events of all alarms, in the order in which they were recorded",
    "alarm_id": "The alarm, from the moment it is raised until it is over; null for a flood",
    "event": "raised, escalated, eased, cleared, acknowledged, shelved, unshelved, suppressed, released, lapsed, "
    "refused; flood_began, flood_ended",
    "event_at": "When it happened, in event time",
    "state": "After the event: unacknowledged, acknowledged, returned, normal, shelved, suppressed",
    "is_annunciated": "Whether an operator is told",
    "kind": "limit, stuck, silent, drift, failing; flood",
    "priority": "low, medium, high",
    "severity": "warning, critical",
    "subject": "Who shows it: a sender, or a group of them",
    "is_group": "Whether the subject is a group",
    "group_id": "The group that the subject belongs to",
    "console": "Where the operator sits who is told",
    "value": "What was read when it happened",
    "limit_value": "What the value is held against",
    "since": "When the condition itself began",
    "until": "When a shelving ends",
    "cause_id": "The alarm that is taken for its cause",
    "acted_by": "Who did it: an operator, chatter, or time",
    "message": "The same in words, or what the operator noted",
    PARTITION: "Day of event_at",
}


@dataclass(frozen=True)
class Event:
    """Instants are microseconds of event time."""

    event_id: str
    event_number: int
    alarm_id: str | None
    event: str
    event_at: int
    state: str | None = None
    is_annunciated: bool = False
    kind: str | None = None
    priority: str | None = None
    severity: str | None = None
    subject: str | None = None
    is_group: bool = False
    group_id: str | None = None
    console: str | None = None
    value: float | None = None
    limit_value: float | None = None
    since: int | None = None
    until: int | None = None
    cause_id: str | None = None
    acted_by: str | None = None
    message: str = ""

    def numbered(self, number: int) -> "Event":
        return replace(self, event_id=f"E{number}", event_number=number)


def as_table(events: Sequence[Event]) -> pa.Table:
    columns = {}
    for each in fields(Event):
        kind = SCHEMA.field(each.name).type
        values = [getattr(event, each.name) for event in events]
        plain = pa.int64() if pa.types.is_timestamp(kind) else kind
        columns[each.name] = pa.array(values, plain).cast(kind)
    columns[PARTITION] = pc.cast(columns["event_at"], pa.date32())
    return pa.table(columns, schema=SCHEMA)
