"""How old a message is when its row can be read in silver, as another process sees it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event, Thread

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

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
