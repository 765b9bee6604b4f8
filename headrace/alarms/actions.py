"""What an operator does. It arrives as a message or as an object; each has a name of its own, so that one that comes
twice counts once."""

from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from pydantic import Field

from headrace.contracts.model import Strict

What = Literal["acknowledge", "shelve", "unshelve"]


class Action(Strict):
    """lasts: seconds of event time; of a shelving only."""

    action_id: str = Field(default_factory=lambda: uuid4().hex)
    what: What
    alarm_id: str
    by: str = "operator"
    lasts: float | None = Field(None, gt=0)
    note: str = ""
    acted_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
