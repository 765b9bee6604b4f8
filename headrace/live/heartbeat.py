"""The standing job's sign of life: one small object that says when, who, and how far."""

import os
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from headrace.lake import objects
from headrace.lake.lease import HOST
from headrace.lake.paths import Paths


@dataclass(frozen=True)
class Flow:
    """One topic on its way: what the last batch took, how fast, and how far behind it is."""

    table: str
    topic: str
    batches: int = 0
    rows: int = 0
    rows_per_second: float = 0.0
    lag: int | None = None
    last_rows: int = 0
    last_seconds: float = 0.0
    committed_at: str = ""


@dataclass(frozen=True)
class Heartbeat:
    domain: str
    run: str
    state: str
    at: float
    started_at: str
    pid: int = field(default_factory=os.getpid)
    host: str = HOST
    flows: tuple[Flow, ...] = ()
    error: str = ""
    waits_for: str = ""
    """What is missing, where the state is `waiting`."""

    @property
    def age(self) -> float:
        return time.time() - self.at

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def beat(paths: Paths, heartbeat: Heartbeat) -> None:
    objects.put_json(paths.heartbeat, heartbeat.as_dict())


def last_beat(paths: Paths) -> Heartbeat | None:
    found = objects.get_json(paths.heartbeat)
    if found is None:
        return None
    return Heartbeat(**{**found, "flows": tuple(Flow(**flow) for flow in found["flows"])})


def stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
