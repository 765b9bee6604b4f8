"""Runs the edge from a table's landing folder to bronze."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from headrace.contracts.model import Contract
from headrace.lake import ledger, log
from headrace.lake.lease import Leases
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.lake.session import session_for
from headrace.progress import Stopwatch
from headrace.refine.bronze import create_bronze, read_landing
from headrace.refine.landing import admit_new, known_files
from headrace.refine.stream import drain


def ingest(
    spark: SparkSession, contract: Contract, paths: Paths, run: str, leases: Leases, bytes_per_batch: int
) -> list[Entry]:
    """The entries of the batches this run wrote; none when no file is new."""
    target = paths.table("bronze", contract.table)
    if not log.exists(target):
        create_bronze(spark, contract, target)
    new = admit_new(paths, contract)
    spark = session_for(spark, sum(file.lines for file in new))
    taken = sorted(
        file.source for file in known_files(paths, contract.table).values() if file.set_aside is None
    )
    done = ledger.remembered(paths, "bronze", contract.table)
    landed = [source for source in taken if not source.startswith("generated:")]
    if not landed or done.get("files") == len(landed):
        return []
    Path(paths.landing(contract.table)).mkdir(parents=True, exist_ok=True)
    entries: list[Entry] = []
    app = f"{paths.domain}.bronze.{contract.table}"

    def take(rows: DataFrame, number: int) -> None:
        watch = Stopwatch()
        admit_new(
            paths, contract
        )  # the stream lists files by itself, and one may have landed since the last look
        entry = _append(rows, number, app, target, contract.table, run, leases)
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
        entry = replace(entry, seconds=watch.seconds, finished_at=stamp)
        ledger.record(paths, entry)
        entries.append(entry)

    stream = read_landing(spark, contract, paths, bytes_per_batch=bytes_per_batch)
    drain(stream, take, checkpoint=paths.checkpoint("bronze", contract.table), name=app)
    admit_new(paths, contract)
    ledger.remember(paths, "bronze", contract.table, {"files": len(landed)})
    return entries


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
