"""How old the reading is that completes an alarm when the alarm can be read, as another process sees it.

What the rules wait for (delays, a second reading) lies before that reading and is not counted.
"""

import time

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
from headrace.live.latency import LatencyWatch


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
