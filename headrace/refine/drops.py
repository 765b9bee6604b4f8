"""Live files on their way into bronze, batch by batch, by whoever holds the table's lease.

A batch is numbered by bronze itself: its commit carries the number and names the files, all or none of them. What
was killed after its commit is told from there; what was killed before has left nothing but files that wait.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from headrace.contracts.model import Contract
from headrace.errors import Busy, HeadraceError
from headrace.lake import ledger, log
from headrace.lake.lease import Leases
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.lake.session import session_for, suit
from headrace.progress import Stopwatch
from headrace.refine.drop_rows import read_drops
from headrace.refine.dropped import DropFolder, Dropped, known_drops
from headrace.refine.fit import ready_bronze
from headrace.sources.bronze_table import Then, nothing_more
from headrace.sources.topic import held_in_memory

LOOK_AGAIN = 0.2


class DropEdge:
    name = "files"

    def __init__(self, contract: Contract, paths: Paths, run: str, leases: Leases, most_lines: int) -> None:
        self.contract, self._paths, self._run, self._leases = contract, paths, run, leases
        self._most_lines = most_lines
        self.folder = DropFolder(paths, contract)
        self.target = paths.table("bronze", contract.table)
        self._number: int | None = None

    def waits(self) -> bool:
        return self.folder.waiting() > 0

    def take(self, start: Callable[[], SparkSession], then: Then = nothing_more) -> Entry | None:
        """Stores the next files and hands their rows on; None where no file waits or all that do were set aside."""
        if self._number is None:
            self._number = finish_drops(self._paths, self.contract)
        files = self.folder.next_batch(self._most_lines)
        if not files:
            return None
        watch, spark = Stopwatch(), start()
        suit(spark, sum(file.lines for file in files))
        rows = read_drops(spark, self.contract, self.folder.taking, files).persist()
        try:
            done = self._append(rows, files, self._number + 1)
            self._number += 1
            entry = _told(self._paths, self.contract, done, watch.seconds)
            then(entry, held_in_memory(rows, entry.rows_in) if then is not nothing_more else None)
        finally:
            rows.unpersist()
        self.folder.put_away(files)
        return entry

    def _append(self, rows: DataFrame, files: Sequence[Dropped], number: int) -> log.Commit:
        self._leases.check()
        app = _app(self._paths, self.contract)
        note = {"run": self._run, "files": [asdict(file) for file in files]}
        once: dict[str, Any] = {"txnAppId": app, "txnVersion": number, "userMetadata": json.dumps(note)}
        rows.write.format("delta").mode("append").options(**once).save(self.target)
        done = log.commit_of_batch(self.target, app, number)
        if done is None:
            raise HeadraceError(f"batch {number} of the live files of {self.contract.table} was not stored")
        if done.note.get("run") != self._run:
            raise Busy(
                f"batch {number} of the live files of {self.contract.table} was stored by another run meanwhile"
            )
        return done


def finish_drops(paths: Paths, contract: Contract) -> int:
    """The number of the last batch; its files are made known where a killed run had no time to."""
    table = paths.table("bronze", contract.table)
    number = log.last_batch_of(table, _app(paths, contract))
    unfinished = _untold(paths, contract, number)
    if unfinished is not None:
        _told(paths, contract, unfinished, 0.0)
    return number


def drops_of(paths: Paths, contract: Contract) -> list[Dropped]:
    """Every live file looked at so far, those of a batch among them that is stored and not told of yet."""
    known = {
        file.name: file for file in [*known_drops(paths, contract.table), *_untold_files(paths, contract)]
    }
    return list(known.values())


def take_dropped(
    start: Callable[[], SparkSession],
    contract: Contract,
    paths: Paths,
    run: str,
    leases: Leases,
    most_lines: int,
) -> list[Entry]:
    """All that waits, by a batch run; no Spark is started where nothing does."""
    edge = DropEdge(contract, paths, run, leases, most_lines)
    if not drops_wait(contract, paths):
        return []
    ready_bronze(start, contract, edge.target)
    spark, entries = session_for(start(), most_lines), []
    while edge.folder.waiting():
        entry = edge.take(lambda: spark)
        if entry is not None:
            entries.append(entry)
        else:
            time.sleep(LOOK_AGAIN)  # the last ones may still be written
    return entries


def drops_wait(contract: Contract, paths: Paths) -> bool:
    return DropFolder(paths, contract).waiting() > 0 or bool(_untold_files(paths, contract))


def _told(paths: Paths, contract: Contract, done: log.Commit, seconds: float) -> Entry:
    assert done.txn is not None
    number, written = done.txn[1], done.metrics.get("numOutputRows", 0)
    DropFolder(paths, contract).record(_files(done))
    name, table, run = f"dropped-{number:09d}", contract.table, done.note["run"]
    entry = Entry("bronze", table, "Append", name, run, written, {"written": written}, done.version)
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
    entry = replace(entry, seconds=seconds, finished_at=stamp)
    ledger.record(paths, entry)
    ledger.remember(paths, "bronze", f"{contract.table}.dropped", {"number": number})
    return entry


def _untold(paths: Paths, contract: Contract, number: int) -> log.Commit | None:
    told = ledger.remembered(paths, "bronze", f"{contract.table}.dropped").get("number", -1)
    table = paths.table("bronze", contract.table)
    return log.commit_of_batch(table, _app(paths, contract), number) if number > told else None


def _untold_files(paths: Paths, contract: Contract) -> list[Dropped]:
    number = log.last_batch_of(paths.table("bronze", contract.table), _app(paths, contract))
    commit = _untold(paths, contract, number)
    return _files(commit) if commit else []


def _files(commit: log.Commit) -> list[Dropped]:
    return [Dropped(**file) for file in commit.note["files"]]


def _app(paths: Paths, contract: Contract) -> str:
    return f"{paths.domain}.bronze.{contract.table}:dropped"
