"""Which instant a run pretends it is."""

from datetime import datetime
from typing import Literal

from prefect.runtime import flow_run

AsOf = Literal["newest", "scheduled"] | datetime  # the first is what a form begins with


def meant(as_of: AsOf) -> datetime | None:
    """A late run can so say what it would have said in time. None leaves it to the newest event."""
    if as_of == "scheduled":
        return flow_run.scheduled_start_time
    return None if as_of == "newest" else as_of
