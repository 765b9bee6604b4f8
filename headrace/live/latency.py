"""How old a message is when its row can be read in silver, as another process sees it."""

import time
from dataclasses import dataclass
from threading import Event, Thread

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.alarms.events import TABLE
from headrace.alarms.fold import Turn
from headrace.alarms.rules import Rules
from headrace.alarms.senders import row_keys
from headrace.lake import log
from headrace.lake.delta_rs import read_file
from headrace.lake.increments import Progress, version_files
from headrace.lake.log import Commit
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

    def __init__(self, paths: Paths, source: str, table: str) -> None:
        super().__init__(daemon=True, name="latency")
        self._paths, self._bronze = paths, paths.table("bronze", source)
        self._table, self._seen = table, log.version(paths.table("silver", table))
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
        every = np.concatenate([np.empty(0), *self._ages])
        if not len(every):
            return None
        median, p95, worst = np.percentile(every, [50, 95, 100])
        return Waited(len(every), float(median), float(p95), float(worst))

    def look(self) -> None:
        newest, now = log.version(self._paths.table("silver", self._table)), time.time()
        for version in range(self._seen + 1, newest + 1):
            if (commit := self._commit(self._table, version)) is not None:
                self._ages += [now - sent for sent in self._sent(commit)]
        self._seen = newest

    def _commit(self, table: str, version: int) -> Commit | None:
        """One that wrote a batch."""
        commit = log.commit(self._paths.table("silver", table), version)
        app = f"{self._paths.domain}.silver.{table}"
        return commit if commit is not None and commit.txn is not None and commit.txn[0] == app else None

    def _sent(self, commit: Commit) -> list[np.ndarray]:
        """When the messages behind a commit were sent, in seconds."""
        return [_micros(rows["_sent_at"]).to_numpy() / 1e6 for rows in self._messages(commit, ())]

    def _messages(self, commit: Commit, columns: tuple[str, ...]) -> list[pa.Table]:
        """The rows of bronze that a commit of silver was made from."""
        assert commit.txn is not None
        files = version_files(self._bronze, Progress(commit.txn[1], began=-1).version)
        tables = [read_file(file, (*columns, "_source", "_sent_at")) for file in files]
        return [rows.filter(pc.starts_with(rows["_source"], "kafka:")) for rows in tables]


class AlarmLatencyWatch(LatencyWatch):
    """Finds the message of each event by its sender and instant, among those that led to the versions of silver that
    the alarms' commit names."""

    def __init__(self, paths: Paths, source: str, rules: Rules) -> None:
        super().__init__(paths, source, TABLE)
        self._rules = rules

    def _sent(self, commit: Commit) -> list[np.ndarray]:
        files = version_files(self._paths.table("silver", TABLE), commit.version)
        if not files:
            return []
        events = pa.concat_tables(read_file(file, ("subject", "event_at")) for file in files)
        asked = pa.table(
            {"sender": row_keys(events["subject"], self._rules), "at": _micros(events["event_at"])}
        )
        turn, sent = Turn.of(commit.note), []
        for version in range(turn.first, turn.last + 1):
            silver = self._commit(self._rules.source, version)
            for rows in self._messages(silver, (self._rules.senders.key, self._rules.at)) if silver else ():
                columns = {
                    "sender": rows[self._rules.senders.key],
                    "at": _micros(rows[self._rules.at]),
                    "sent": _micros(rows["_sent_at"]),
                }
                met = pa.table(columns).join(asked, keys=["sender", "at"], join_type="left semi")
                sent.append(met["sent"].to_numpy() / 1e6)
        return sent


def _micros(instants: pa.ChunkedArray) -> pa.ChunkedArray:
    return instants.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
