"""Writes a chunk as the files its source would have left: made out of sight, then moved into place.

The list of moves is written down first and kept until the chunk is remembered, so a run that was killed on the
way is finished by the next, under the same names.
"""

from dataclasses import dataclass
from datetime import datetime

import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.lake import objects
from headrace.lake.lease import Leases
from headrace.lake.paths import Paths
from simulation.generate.chunks import Chunk, is_remembered
from simulation.generate.lines import line_of

STAMP = "yyyyMMdd'T'HHmmss"
MOVES = "moves.json"


@dataclass(frozen=True)
class Written:
    rows: int
    bytes: int


def land(rows: DataFrame, contract: Contract, chunk: Chunk, paths: Paths, leases: Leases) -> Written:
    scratch = f"{paths.making(contract.table)}/{chunk.name}"
    moves = objects.get_json(f"{scratch}/{MOVES}")
    if moves is None:
        objects.delete_under(scratch)
        _write(rows, contract, f"{scratch}/files")
        moves = _moves(f"{scratch}/files", contract, paths)
        objects.put_json(f"{scratch}/{MOVES}", moves)
    leases.check()
    for made, final in moves["files"].items():
        if objects.exists(made):
            objects.move(made, final)
    return Written(moves["rows"], moves["bytes"])


def sweep(table: str, paths: Paths) -> None:
    """Removes what is left of the making of chunks that are remembered."""
    root = paths.making(table)
    for name in sorted({url.removeprefix(f"{root}/").split("/")[0] for url in objects.list_under(root)}):
        if is_remembered(paths, table, name):
            objects.delete_under(f"{root}/{name}")


def _write(rows: DataFrame, contract: Contract, folder: str) -> None:
    stamp = F.date_format("_sent_at", STAMP).alias("_stamp")
    if contract.arrives.files in ("csv", "json"):
        line = F.coalesce(F.col("_raw"), line_of(contract)).alias("value")
        rows.select(line, stamp).write.partitionBy("_stamp").text(folder)
    else:
        rows.select(*contract.columns, stamp).write.partitionBy("_stamp").parquet(folder)


def _moves(folder: str, contract: Contract, paths: Paths) -> dict[str, object]:
    ending = contract.arrives.files or "parquet"
    files: dict[str, str] = {}
    taken: dict[str, int] = {}
    rows = size = 0
    for made in objects.list_under(folder):
        stamped, _, name = made.rpartition("/")
        if not name.startswith("part-") or not name.endswith(_suffix(ending)):
            continue
        stamp = stamped.rpartition("_stamp=")[2]
        sent = datetime.strptime(stamp, "%Y%m%dT%H%M%S")
        begins = f"{paths.landing(contract.table)}/{sent:%Y-%m-%d}/{contract.table}_{stamp}_"
        place = taken.get(begins)
        if place is None:
            place = _there_already(begins)
        taken[begins] = place + 1
        rows += _rows_in(made, contract)
        size += objects.size(made)
        files[made] = f"{begins}{place:02d}.{ending}"
    return {"files": files, "rows": rows, "bytes": size}


def _there_already(begins: str) -> int:
    """Files of that instant that landed before."""
    folder = begins.rpartition("/")[0]
    return sum(url.startswith(begins) for url in objects.list_under(folder))


def _suffix(ending: str) -> str:
    return "parquet" if ending == "parquet" else "txt"


def _rows_in(made: str, contract: Contract) -> int:
    with objects.opened(made) as body:
        if contract.arrives.files not in ("csv", "json"):
            return int(pq.ParquetFile(body).metadata.num_rows)
        lines = sum(block.count(b"\n") for block in iter(lambda: body.read(1 << 20), b""))
    if contract.arrives.files == "csv":
        _put_header(made, ",".join(contract.columns))
    return lines


def _put_header(made: str, header: str) -> None:
    with objects.opened(made) as body:
        objects.put(made, f"{header}\n".encode() + body.read())
