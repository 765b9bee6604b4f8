"""One alarm: a condition of one subject from when it is raised until it is over and known to be.

The states are those of ISA-18.2. `returned` is its "returned to normal, unacknowledged"; `suppressed` is one that has a
cause that is told already, or that came in a flood.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from headrace.alarms.rules import Priority

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
