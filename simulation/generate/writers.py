"""Writes a chunk where the plan wants it: as landing files, into its bronze table, or as messages of an outbox.

Landing files are made out of sight, then moved into place. The list of moves is written down first and kept until the
chunk is remembered, so a run that was killed on the way is finished by the next, under the same names.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructField

from headrace.contracts.model import Contract
from headrace.contracts.schema import bronze_schema, sent_columns
from headrace.lake import log, objects
from headrace.lake.delta_rs import NewFile, append_files
from headrace.lake.lease import Leases
from headrace.lake.paths import Paths
from headrace.sources.bronze_table import ready_bronze
from headrace.sources.file_index import GENERATED, File, FileIndex
from headrace.sources.inspection import header_lines
from simulation.generate.chunks import Chunk, is_recorded

STAMP = "yyyyMMdd'T'HHmmss"
MOVES = "moves.json"
MESSAGES_SENT_WITHIN = timedelta(seconds=10)  # messages of one such span leave in any order


@dataclass(frozen=True)
class Written:
    rows: int
    bytes: int


def line_of(contract: Contract) -> Column:
    """The row as a line of its file, or as a message."""
    row = F.struct(*sent_columns(contract))
    return csv_of(row) if contract.arrives.files == "csv" else F.to_json(row, {"ignoreNullFields": "false"})


def csv_of(row: Column) -> Column:
    """By RFC 4180, which spells a quote in quotes twice."""
    return F.to_csv(row, {"escape": '"'})


def write_landing_files(
    rows: DataFrame, contract: Contract, chunk: Chunk, paths: Paths, leases: Leases
) -> Written:
    scratch = f"{paths.making(contract.table)}/{chunk.name}"
    moves = objects.get_json(f"{scratch}/{MOVES}")
    if moves is None:
        objects.delete_under(scratch)
        _write_by_instant(rows, contract, f"{scratch}/files")
        moves = _moves(f"{scratch}/files", contract, paths)
        objects.put_json(f"{scratch}/{MOVES}", moves)
    leases.check()
    for source, target in moves["files"].items():
        if objects.exists(source):
            objects.move(source, target)
    return Written(moves["rows"], moves["bytes"])


def sweep(table: str, paths: Paths) -> None:
    """Removes what is left of the making of chunks that are remembered."""
    root = paths.making(table)
    for name in sorted({url.removeprefix(f"{root}/").split("/")[0] for url in objects.list_under(root)}):
        if is_recorded(paths, table, name):
            objects.delete_under(f"{root}/{name}")


def _write_by_instant(rows: DataFrame, contract: Contract, folder: str) -> None:
    stamp = F.date_format("_sent_at", STAMP).alias("_stamp")
    if contract.arrives.files in ("csv", "json"):
        line = F.coalesce(F.col("_raw"), line_of(contract)).alias("value")
        rows.select(line, stamp).write.partitionBy("_stamp").text(folder)
    else:
        rows.select(*sent_columns(contract), stamp).write.partitionBy("_stamp").parquet(folder)


def _moves(folder: str, contract: Contract, paths: Paths) -> dict[str, object]:
    """Where each file belongs in the landing folder, and how many rows and bytes they hold."""
    ending = contract.arrives.files or "parquet"
    suffix = "parquet" if ending == "parquet" else "txt"
    files: dict[str, str] = {}
    next_number: dict[str, int] = {}
    rows = size = 0
    for file in objects.list_under(folder):
        stamped, _, name = file.rpartition("/")
        if not name.startswith("part-") or not name.endswith(suffix):
            continue
        stamp = stamped.rpartition("_stamp=")[2]
        day = f"{paths.landing(contract.table)}/{datetime.strptime(stamp, '%Y%m%dT%H%M%S'):%Y-%m-%d}"
        prefix = f"{day}/{contract.table}_{stamp}_"
        if prefix not in next_number:  # files of that instant may have landed before
            next_number[prefix] = sum(url.startswith(prefix) for url in objects.list_under(day))
        files[file] = f"{prefix}{next_number[prefix]:02d}.{ending}"
        next_number[prefix] += 1
        rows += _rows_in(file, contract)
        found = objects.look(file)
        size += found.size if found is not None else 0
    return {"files": files, "rows": rows, "bytes": size}


def _rows_in(file: str, contract: Contract) -> int:
    """Counts the rows; a CSV file gets its header on the way."""
    with objects.opened(file) as body:
        if contract.arrives.files not in ("csv", "json"):
            return int(pq.ParquetFile(body).metadata.num_rows)
        lines = sum(block.count(b"\n") for block in iter(lambda: body.read(1 << 20), b""))
    if contract.arrives.files == "csv":
        with objects.opened(file) as body:
            objects.put(file, f"{header_lines(contract)[0]}\n".encode() + body.read())
    return lines


def write_bronze(
    spark: SparkSession,
    store: Callable[[str, str], DataFrame],
    contract: Contract,
    chunk: Chunk,
    paths: Paths,
    leases: Leases,
) -> Written:
    """In one commit that cannot happen twice, with a record as of a landed file. `store` writes the files of a source
    into a folder and tells of them."""
    target = paths.table("bronze", contract.table)
    ready_bronze(lambda: spark, contract, target)
    source = f"{GENERATED}{chunk.name}"
    app = f"{paths.domain}.{source}.{contract.table}"
    if log.commit_of_batch(target, app, 1) is None:
        files = [NewFile(*row) for row in store(source, target).collect()]
        leases.check()
        append_files(target, files, app=app, number=1, note={})
    commit = log.commit_of_batch(target, app, 1)
    adds = [action["add"] for action in commit.actions if "add" in action] if commit else []
    rows = sum(json.loads(add["stats"])["numRecords"] for add in adds)
    written = Written(rows, sum(add["size"] for add in adds))
    FileIndex(paths, contract.table).add([File(source, source, written.bytes, "", written.rows)])
    return written


def bronze_rows(rows: DataFrame, contract: Contract, source: str) -> DataFrame:
    """The rows as bronze would hold them had they come from `source`."""
    technical = {"_source": F.lit(source), "_ingested_at": F.current_timestamp()}
    is_malformed = F.col("_raw").isNotNull() if "_raw" in rows.columns else None

    def column(field: StructField) -> Column:
        if field.name in technical:
            return technical[field.name].alias(field.name)
        if field.name not in rows.columns:
            return F.lit(None).cast(field.dataType).alias(field.name)
        value = F.col(field.name)
        if is_malformed is not None and not field.name.startswith("_"):
            value = F.when(~is_malformed, value)
        return value.alias(field.name)

    return rows.select(*(column(field) for field in bronze_schema(contract)))


def as_topic(contract: Contract) -> Contract:
    """The contract as its messages keep it: JSON, sent at once."""
    arrives = contract.arrives.model_copy(update={"files": "json", "landed": MESSAGES_SENT_WITHIN})
    return contract.model_copy(update={"arrives": arrives})


def write_outbox(rows: DataFrame, contract: Contract, chunk: Chunk, paths: Paths, leases: Leases) -> Written:
    """`key`, `value` and `send_at`: the instant of the source's own time at which the message leaves."""
    leases.check()
    folder = Path(paths.outbox(contract.table)) / chunk.name
    scratch = folder.with_name(f"_{folder.name}")
    shutil.rmtree(scratch, ignore_errors=True)
    sender = contract.sender_column
    messages = rows.select(
        (F.col(sender) if sender else F.lit(None).cast("string")).alias("key"),
        F.coalesce("_raw", line_of(contract)).alias("value"),
        F.col("_sent_at").alias("send_at"),
    )
    messages.write.parquet(str(scratch))
    shutil.rmtree(folder, ignore_errors=True)
    scratch.replace(folder)
    files = list(folder.glob("part-*.parquet"))
    return Written(
        sum(pq.ParquetFile(file).metadata.num_rows for file in files),
        sum(file.stat().st_size for file in files),
    )
