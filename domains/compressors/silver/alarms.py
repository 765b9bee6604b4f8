"""What happened to alarms: raised, acknowledged, cleared, shelved, suppressed.

When an operator is told is written in `alarms.yml`.
"""

from headrace.tables import Alarms, Table

TABLE = Table(
    key="event_id",
    event_time="event_at",
    partition="event_date",
    cluster=("event_number",),
    write=Alarms("alarms.yml"),
    may_be_empty=True,
)
