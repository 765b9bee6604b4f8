"""How old a message is when its row can be read in silver, as another process sees it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event, Thread

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headrace.alarms.events import TABLE
from headrace.alarms.fold import turn_of
from headrace.alarms.rules import Rules
from headrace.lake import log
from headrace.lake.increments import Progress, version_files
from headrace.lake.paths import Paths

LOOK_EVERY = 0.1


@dataclass(frozen=True)
class Waited:
    """Seconds from a broker's timestamp to the moment its row was found."""

    messages: int
    median: float
    p95: float
    worst: float


class LatencyWatch(Thread):
    """Looks into silver's log for new batches. Each batch names the place in bronze it ends at, and bronze knows when
    its messages were sent, so no row is looked up."""

    def __init__(self, paths: Paths, source: str, silver: str) -> None:
        super().__init__(daemon=True, name="latency")
        self._bronze, self._silver = paths.table("bronze", source), paths.table("silver", silver)
        self._app = f"{paths.domain}.silver.{silver}"
        self._seen = log.version(self._silver)
        self._ended = Event()
        self._ages: list[np.ndarray] = []

    def run(self) -> None:
        while not self._ended.wait(LOOK_EVERY):
            self.look()

    def stop(self) -> Waited | None:
        """What was seen until now; the watch need not have been started."""
        self._ended.set()
        if self.is_alive():
            self.join()
        self.look()
        return waited(self._ages)

    def look(self) -> None:
        newest, now = log.version(self._silver), time.time()
        for version in range(self._seen + 1, newest + 1):
            commit = log.commit(self._silver, version)
            if commit is not None and commit.txn is not None and commit.txn[0] == self._app:
                self._ages += self._ages_of(Progress(commit.txn[1], began=-1).version, now)
        self._seen = newest

    def _ages_of(self, bronze_version: int, now: float) -> list[np.ndarray]:
        found = []
        for file in version_files(self._bronze, bronze_version):
            rows = pq.read_table(file, columns=["_source", "_sent_at"])
            sent = rows.filter(pc.starts_with(rows["_source"], "kafka:"))["_sent_at"]
            found.append(now - sent.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy() / 1e6)
        return found


def waited(ages: Sequence[np.ndarray]) -> Waited | None:
    every = np.concatenate(ages) if ages else np.empty(0)
    if not len(every):
        return None
    median, p95, worst = np.percentile(every, [50, 95, 100])
    return Waited(len(every), float(median), float(p95), float(worst))


class AlarmLatencyWatch(LatencyWatch):
    """Finds the message of each event by its sender and instant, among those that led to the versions of silver that
    the alarms' commit names."""

    def __init__(self, paths: Paths, source: str, rules: Rules) -> None:
        super().__init__(paths, source, rules.source)
        self._rules, self._alarms = rules, paths.table("silver", TABLE)
        self._alarms_app = f"{paths.domain}.silver.{TABLE}"
        self._seen = log.version(self._alarms)

    def look(self) -> None:
        newest, now = log.version(self._alarms), time.time()
        for version in range(self._seen + 1, newest + 1):
            commit = log.commit(self._alarms, version)
            if commit is not None and commit.txn is not None and commit.txn[0] == self._alarms_app:
                turn = turn_of(commit.note)
                self._ages += self._ages_of_events(version, range(turn.first, turn.last + 1), now)
        self._seen = newest

    def _ages_of_events(self, version: int, silver_versions: range, now: float) -> list[np.ndarray]:
        files = version_files(self._alarms, version)
        if not files:
            return []
        events = pa.concat_tables(_columns(file, "subject", "event_at") for file in files)
        asked = pa.table({"sender": events["subject"], "at": _micros(events["event_at"])})
        bronze = [
            file
            for each in self._bronze_versions(silver_versions)
            for file in version_files(self._bronze, each)
        ]
        return [now - self._sent_at(file, asked) for file in bronze]

    def _sent_at(self, file: str, asked: pa.Table) -> np.ndarray:
        """When those messages of a file were sent that are asked for."""
        rows = _columns(file, self._rules.sender, self._rules.at, "_source", "_sent_at")
        rows = rows.filter(pc.starts_with(rows["_source"], "kafka:"))
        sent = {
            "sender": rows[self._rules.sender],
            "at": _micros(rows[self._rules.at]),
            "sent": _micros(rows["_sent_at"]),
        }
        met = pa.table(sent).join(asked, keys=["sender", "at"], join_type="left semi")
        seconds: np.ndarray = met["sent"].to_numpy() / 1e6
        return seconds

    def _bronze_versions(self, silver_versions: range) -> list[int]:
        commits = (log.commit(self._silver, version) for version in silver_versions)
        places = [each.txn[1] for each in commits if each and each.txn and each.txn[0] == self._app]
        return [Progress(place, began=-1).version for place in places]


def _columns(file: str, *names: str) -> pa.Table:
    return pq.read_table(file, columns=list(names), partitioning=None)


def _micros(instants: pa.ChunkedArray) -> pa.ChunkedArray:
    return instants.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
