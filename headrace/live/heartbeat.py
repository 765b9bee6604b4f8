"""The standing job's sign of life: one small object that says when, who, and how far."""

import os
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

from headrace.lake import objects
from headrace.lake.lease import HOST
from headrace.lake.paths import Paths


@dataclass(frozen=True)
class Flow:
    """One source of a table: what its last batch took, how fast, and how far behind it is."""

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


class HeartbeatWriter:
    """Writes the heartbeat of one run; several threads add to it."""

    def __init__(self, paths: Paths, run: str) -> None:
        self._paths, self._lock = paths, threading.Lock()
        self._heartbeat = Heartbeat(paths.domain, run, "starting", 0, stamp())

    def beat(self, state: str, error: str = "") -> Heartbeat:
        with self._lock:
            self._heartbeat = replace(self._heartbeat, state=state, at=time.time(), error=error)
            beat(self._paths, self._heartbeat)
            return self._heartbeat

    def took(self, flow: Flow, rows: int, seconds: float) -> None:
        """Adds a batch to its flow, which is given with its names and how far it is behind."""
        with self._lock:
            flows = {each.table: each for each in self._heartbeat.flows}
            before, since = flows.get(flow.table, flow), seconds
            if before.committed_at:
                since = time.time() - datetime.fromisoformat(before.committed_at).timestamp()
            flows[flow.table] = replace(
                flow,
                batches=before.batches + 1,
                rows=before.rows + rows,
                rows_per_second=rows / max(since, seconds, 0.001),
                last_rows=rows,
                last_seconds=seconds,
                committed_at=stamp(),
            )
            self._heartbeat = replace(self._heartbeat, flows=tuple(flows.values()))


def beat(paths: Paths, heartbeat: Heartbeat) -> None:
    objects.put_json(paths.heartbeat, asdict(heartbeat))


def last_beat(paths: Paths) -> Heartbeat | None:
    last = objects.get_json(paths.heartbeat)
    return Heartbeat(**{**last, "flows": tuple(Flow(**flow) for flow in last["flows"])}) if last else None


def stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
