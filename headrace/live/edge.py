"""One topic's way into bronze and on into silver, batch by batch.

Bronze and silver are the same edges that a batch run works on, with the same places and numbers: whoever holds the
leases goes on where the other stopped. Rows that bronze has just stored go on into silver from memory; what silver
had not taken before is read from bronze's files.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.lake import ledger, log
from headrace.lake.epochs import Epoch
from headrace.lake.lease import Leases
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.lake.session import suit
from headrace.live.heartbeat import stamp
from headrace.progress import Stopwatch
from headrace.refine.arrivals import FILES, Progress, all_of, progress_of
from headrace.refine.edge import Edge
from headrace.refine.silver import run_edge, take_batch


@dataclass(frozen=True)
class Taken:
    rows: int
    seconds: float
    entries: tuple[Entry, ...]


class TopicEdge:
    """`onward`: the silver edges that begin at this bronze table."""

    def __init__(
        self,
        contract: Contract,
        paths: Paths,
        run: str,
        leases: Leases,
        onward: Sequence[Edge],
        size: int,
        epoch: Epoch,
    ) -> None:
        self.contract, self._paths, self._run, self._leases = contract, paths, run, leases
        self._onward, self._size, self._epoch = onward, size, epoch.suffix
        self.app = f"{paths.domain}.bronze.{contract.table}:topic{epoch.suffix}"
        self._last_rows = 0
        self._progress: dict[str, Progress] = {}

    @property
    def target(self) -> str:
        return self._paths.table("bronze", self.contract.table)

    @property
    def checkpoint(self) -> str:
        return self._paths.checkpoint("bronze", f"{self.contract.table}__topic{self._epoch}")

    def take(self, rows: DataFrame, number: int) -> Taken:
        watch = Stopwatch()
        suit(rows.sparkSession, self._last_rows)
        held = rows.persist()
        try:
            bronze, is_new = self._into_bronze(held, number)
            entries = [bronze]
            for edge in self._onward:
                entries += self._into_silver(edge, held, bronze, is_new=is_new)
        finally:
            held.unpersist()
        self._last_rows = bronze.rows_in
        return Taken(bronze.rows_in, watch.seconds, tuple(entries))

    def _into_bronze(self, rows: DataFrame, number: int) -> tuple[Entry, bool]:
        watch = Stopwatch()
        self._leases.check()
        done = log.commit_of_batch(self.target, self.app, number)
        is_new = done is None
        if done is None:
            note = {"run": self._run, "offsets": offsets_of(rows)}
            once: dict[str, Any] = {
                "txnAppId": self.app,
                "txnVersion": number,
                "userMetadata": json.dumps(note),
            }
            rows.write.format("delta").mode("append").options(**once).save(self.target)
            done = log.commit_of_batch(self.target, self.app, number)
        assert done is not None, "an idempotent append left no commit"
        written = done.metrics.get("numOutputRows", 0)
        name, table = f"topic{self._epoch}-{number:09d}", self.contract.table
        entry = Entry("bronze", table, "Append", name, self._run, written, {"written": written}, done.version)
        entry = replace(entry, seconds=watch.seconds, finished_at=stamp())
        ledger.record(self._paths, entry)
        return entry, is_new

    def _into_silver(self, edge: Edge, rows: DataFrame, bronze: Entry, *, is_new: bool) -> list[Entry]:
        assert bronze.version is not None
        name = edge.node.name
        done = self._progress.get(name) or progress_of(self._paths, name)
        if is_new and done is not None and done.at == bronze.version * FILES:
            self._progress[name] = Progress(all_of(bronze.version), done.began)
            return [take_batch(edge, rows, self._progress[name])]
        self._progress.pop(name, None)
        return run_edge(lambda: rows.sparkSession, edge, bytes_per_batch=self._size)


def offsets_of(rows: DataFrame) -> dict[str, list[int]]:
    """First and last offset of each partition in a batch."""
    offset = F.col("_offset")
    found = rows.groupBy("_partition").agg(F.min(offset), F.max(offset), F.count("*")).collect()
    return {str(row[0]): [row[1], row[2], row[3]] for row in found}
