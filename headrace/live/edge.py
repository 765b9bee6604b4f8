"""One topic's way into bronze and on into silver, batch by batch.

Bronze and silver are the same edges that a batch run works on, with the same places and numbers: whoever holds the
leases goes on where the other stopped. A batch is parsed and judged by Spark and written from this process's memory;
what silver had not taken before, and batches too large for that, go through bronze's files.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from headrace.contracts.model import Contract
from headrace.lake import ledger, log
from headrace.lake.append import append_once
from headrace.lake.epochs import Epoch
from headrace.lake.lease import Leases
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.lake.session import suit
from headrace.live.heartbeat import stamp
from headrace.live.onward import Held, Onward
from headrace.live.planned import offsets_planned
from headrace.progress import Stopwatch


@dataclass(frozen=True)
class Taken:
    rows: int
    seconds: float
    entries: tuple[Entry, ...]


class TopicEdge:
    """`most`: rows that one batch of the topic can have."""

    def __init__(
        self,
        contract: Contract,
        paths: Paths,
        run: str,
        leases: Leases,
        onward: Onward,
        epoch: Epoch,
        most: int,
    ) -> None:
        self.contract, self._paths, self._run, self._leases = contract, paths, run, leases
        self._onward, self._most, self._epoch = onward, most, epoch.suffix
        self.app = f"{paths.domain}.bronze.{contract.table}:topic{epoch.suffix}"
        self._last_rows, self._is_first = most, True

    @property
    def target(self) -> str:
        return self._paths.table("bronze", self.contract.table)

    @property
    def checkpoint(self) -> str:
        return self._paths.checkpoint("bronze", f"{self.contract.table}__topic{self._epoch}")

    def take(self, rows: DataFrame, number: int) -> Taken:
        watch = Stopwatch()
        suit(rows.sparkSession, self._last_rows)
        bronze, held = self._into_bronze(rows, number)
        entries = [bronze, *self._onward.take(rows.sparkSession, bronze, held)]
        self._last_rows = bronze.rows_in
        return Taken(bronze.rows_in, watch.seconds, tuple(entries))

    def _into_bronze(self, rows: DataFrame, number: int) -> tuple[Entry, Held | None]:
        """Also the rows, unless they are stored already or too many to hold."""
        watch = Stopwatch()
        held: Held | None = None
        self._leases.check()
        done = log.commit_of_batch(self.target, self.app, number)
        if done is None and self._stored_long_ago(number):
            version = log.version(self.target)
            return Entry("bronze", self.contract.table, "Append", "", self._run, 0, {}, version), None
        if done is None:
            expected = offsets_planned(self.checkpoint, number, str(self.contract.arrives.topic))
            held = self._onward.hold(rows, self._most, expected)
            self._leases.check()  # a long time may have passed
            if held is None:
                rows.write.format("delta").mode("append").options(**self._once(number)).save(self.target)
            else:
                note = {"run": self._run, "offsets": offsets_of(held.rows)}
                append_once(self.target, held.rows, app=self.app, number=number, note=note)
            done = log.commit_of_batch(self.target, self.app, number)
        assert done is not None, "an idempotent append left no commit"
        written = done.metrics.get("numOutputRows", 0)
        name, table = f"topic{self._epoch}-{number:09d}", self.contract.table
        entry = Entry("bronze", table, "Append", name, self._run, written, {"written": written}, done.version)
        entry = replace(entry, seconds=watch.seconds, finished_at=stamp())
        ledger.record(self._paths, entry)
        return entry, held

    def _stored_long_ago(self, number: int) -> bool:
        """Whether an earlier job stored this very batch and its commit has left the log since. Asked once: what comes
        after a job's first batch is new."""
        is_first, self._is_first = self._is_first, False
        return is_first and log.last_batch_of(self.target, self.app) >= number

    def _once(self, number: int) -> Mapping[str, Any]:
        note = json.dumps({"run": self._run})
        return {"txnAppId": self.app, "txnVersion": number, "userMetadata": note}


def offsets_of(rows: pa.Table) -> dict[str, list[int]]:
    """First and last offset of each partition in a batch, and its rows."""
    offset, partition = rows["_offset"], rows["_partition"]
    found = {}
    for each in pc.unique(partition).to_pylist():
        here = offset.filter(pc.equal(partition, each))
        found[str(each)] = [*pc.min_max(here).as_py().values(), len(here)]
    return found
