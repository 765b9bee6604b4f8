"""Writes a chunk as the files its source would have left: made out of sight, then moved into place.

The list of moves is written down first and kept until the chunk is remembered, so a run that was killed on the
way is finished by the next, under the same names.
"""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.generate.chunks import Chunk, is_remembered
from headrace.generate.lines import line_of
from headrace.lake import objects
from headrace.lake.lease import Leases
from headrace.lake.paths import Paths

STAMP = "yyyyMMdd'T'HHmmss"
MOVES = "moves.json"


@dataclass(frozen=True)
class Written:
    rows: int
    bytes: int


def land(rows: DataFrame, contract: Contract, chunk: Chunk, paths: Paths, leases: Leases) -> Written:
    scratch = Path(paths.making(contract.table)) / chunk.name
    moves = objects.get_json(str(scratch / MOVES))
    if moves is None:
        shutil.rmtree(scratch, ignore_errors=True)
        _write(rows, contract, scratch / "files")
        moves = _moves(scratch / "files", contract, paths)
        objects.put_json(str(scratch / MOVES), moves)
    leases.check()
    for made, final in moves["files"].items():
        Path(final).parent.mkdir(parents=True, exist_ok=True)
        if Path(made).exists():
            Path(made).replace(final)
    return Written(moves["rows"], moves["bytes"])


def sweep(table: str, paths: Paths) -> None:
    """Removes what is left of the making of chunks that are remembered."""
    for scratch in Path(paths.making(table)).glob("*"):
        if is_remembered(paths, table, scratch.name):
            shutil.rmtree(scratch)


def _write(rows: DataFrame, contract: Contract, folder: Path) -> None:
    stamp = F.date_format("_sent_at", STAMP).alias("_stamp")
    if contract.arrives.files in ("csv", "json"):
        line = F.coalesce(F.col("_raw"), line_of(contract)).alias("value")
        rows.select(line, stamp).write.partitionBy("_stamp").text(str(folder))
    else:
        rows.select(*contract.columns, stamp).write.partitionBy("_stamp").parquet(str(folder))


def _moves(folder: Path, contract: Contract, paths: Paths) -> dict[str, object]:
    ending = contract.arrives.files or "parquet"
    files: dict[str, str] = {}
    rows = size = 0
    for stamped in sorted(folder.glob("_stamp=*")):
        stamp = stamped.name.partition("=")[2]
        sent = datetime.strptime(stamp, "%Y%m%dT%H%M%S")
        target = Path(paths.landing(contract.table)) / f"{sent:%Y-%m-%d}"
        taken = len(list(target.glob(f"{contract.table}_{stamp}_*")))
        for place, made in enumerate(sorted(stamped.glob(f"part-*.{_suffix(ending)}"))):
            rows += _rows_in(made, contract)
            size += made.stat().st_size
            files[str(made)] = str(target / f"{contract.table}_{stamp}_{taken + place:02d}.{ending}")
    return {"files": files, "rows": rows, "bytes": size}


def _suffix(ending: str) -> str:
    return "parquet" if ending == "parquet" else "txt"


def _rows_in(made: Path, contract: Contract) -> int:
    if contract.arrives.files not in ("csv", "json"):
        return int(pq.ParquetFile(made).metadata.num_rows)
    with made.open("rb") as body:
        lines = sum(block.count(b"\n") for block in iter(lambda: body.read(1 << 20), b""))
    if contract.arrives.files == "csv":
        _put_header(made, ",".join(contract.columns))
    return lines


def _put_header(made: Path, header: str) -> None:
    headed = made.with_name(f".{made.name}.headed")
    with headed.open("wb") as out, made.open("rb") as body:
        out.write(f"{header}\n".encode())
        shutil.copyfileobj(body, out, 1 << 20)
    headed.replace(made)
