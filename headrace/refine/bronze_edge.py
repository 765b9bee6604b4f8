"""Runs the edge from a table's landing folder to bronze."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from pyspark.sql import DataFrame, SparkSession

from headrace.contracts.model import Contract
from headrace.errors import UsageError
from headrace.lake import ledger, log, objects
from headrace.lake.lease import Leases
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.lake.session import session_for
from headrace.progress import Stopwatch
from headrace.refine.bronze import read_landing
from headrace.refine.fit import ready_bronze
from headrace.refine.landing import (
    admit_new,
    all_taken,
    has_new,
    known_files,
    not_set_aside,
    set_damaged_aside,
)
from headrace.refine.stream import drain


def ingest(
    start: Callable[[], SparkSession],
    contract: Contract,
    paths: Paths,
    run: str,
    leases: Leases,
    bytes_per_batch: int,
) -> list[Entry]:
    """The entries of the batches this run wrote; none, and no Spark started, when no file is new."""
    target = paths.table("bronze", contract.table)
    ready_bronze(start, contract, target)
    admit_new(paths, contract)
    known, done = known_files(paths, contract.table), ledger.remembered(paths, "bronze", contract.table)
    files = all_taken(known)
    if not files or done.get("files") == files:
        return []
    _check_same_place(paths, contract.table, done)
    lines = sum(file.lines for file in not_set_aside(known))
    spark = session_for(start(), lines - log.row_count(target))
    objects.make_folder(paths.landing(contract.table))
    entries: list[Entry] = []
    app = f"{paths.domain}.bronze.{contract.table}"

    def take(rows: DataFrame, number: int) -> None:
        watch = Stopwatch()
        admit_new(paths, contract)  # the stream lists files by itself, and one may have landed meanwhile
        entry = _append(rows, number, app, target, contract.table, run, leases)
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
        entry = replace(entry, seconds=watch.seconds, finished_at=stamp)
        ledger.record(paths, entry)
        entries.append(entry)

    def read_all() -> None:
        stream = read_landing(spark, contract, paths, bytes_per_batch=bytes_per_batch)
        drain(stream, take, checkpoint=paths.checkpoint("bronze", contract.table), name=app)

    try:
        read_all()
    except Exception:
        read = {
            row[0] for row in spark.read.format("delta").load(target).select("_source").distinct().collect()
        }
        if not set_damaged_aside(paths, contract, read):
            raise
        read_all()
    admit_new(paths, contract)
    here = paths.landing(contract.table)
    ledger.remember(paths, "bronze", contract.table, {"files": files, "landing": here})
    return entries


def bronze_waits(contract: Contract, paths: Paths) -> bool:
    """Whether files have landed that were not read yet."""
    known, done = known_files(paths, contract.table), ledger.remembered(paths, "bronze", contract.table)
    return has_new(paths, contract, known) or done.get("files", "") != all_taken(known)


def _check_same_place(paths: Paths, table: str, done: Mapping[str, str]) -> None:
    """The stream knows the files it has read by their full names: elsewhere it would read them all again."""
    here = paths.landing(table)
    if done.get("landing", here) != here:
        raise UsageError(
            f"the files of {table} were read from {done['landing']} and are now looked for in {here}, where all "
            "of them would count as new. Put the folder back, or begin a new lake with another HEADRACE_HOME."
        )


def _append(
    rows: DataFrame, number: int, app: str, target: str, table: str, run: str, leases: Leases
) -> Entry:
    leases.check()
    done = log.commit_of_batch(target, app, number)
    if done is None:
        note = {"txnAppId": app, "txnVersion": str(number), "userMetadata": json.dumps({"run": run})}
        rows.write.format("delta").mode("append").options(**note).save(target)
        done = log.commit_of_batch(target, app, number)
    written = done.metrics.get("numOutputRows", 0) if done else 0
    return Entry("bronze", table, "Append", f"{number:09d}", run, written, {"written": written})
