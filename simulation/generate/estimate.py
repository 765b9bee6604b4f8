"""Estimates rows, bytes and seconds of a plan before it starts."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headrace.contracts.load import load_contracts
from headrace.contracts.model import Contract
from headrace.errors import HeadraceError
from headrace.lake.paths import Paths
from headrace.settings import Settings
from simulation.generate.chunks import (
    DAY,
    Chunk,
    ChunkRecord,
    check_continues,
    chunk_records,
    chunks_to_make,
    rows_per_sender_and_day,
    times_of,
)
from simulation.generate.plan import Plan, world_of

BYTES_PER_COLUMN = {"parquet": 4, "csv": 9, "json": 30}
ROWS_PER_SECOND = {"parquet": 200_000, "csv": 90_000, "json": 70_000}
BLOCK_ROWS_PER_SECOND = 400_000
SECONDS_PER_CHUNK = 1.0
ROOM_TO_SPARE = 1.3
GIB = 1 << 30


@dataclass(frozen=True)
class Estimate:
    rows: dict[str, int]
    bytes: int
    seconds: float
    chunks: int = 0

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def estimate(domain: str, plan: Plan, settings: Settings | None = None) -> Estimate:
    """Of all that the plan asks for; with settings, of what is not there yet."""
    contracts = load_contracts(domain)
    if settings is None:
        return estimate_of(contracts, plan)
    made = {table: chunk_records(Paths.of(domain, settings), table) for table in plan.wanted(contracts)}
    check_continues(plan, contracts, made)
    return estimate_of(contracts, plan, made)


def estimate_of(
    contracts: Mapping[str, Contract], plan: Plan, made: Mapping[str, Sequence[ChunkRecord]] | None = None
) -> Estimate:
    wanted = plan.wanted(contracts)
    world = world_of(plan, contracts)
    chunks = {
        table: chunks_to_make(plan, contracts[table], world, (made or {}).get(table, ())) for table in wanted
    }
    rows = {table: _rows_of(chunks[table], contracts[table], plan) for table in wanted}
    size = sum(rows[table] * _row_bytes(contracts[table], plan) for table in wanted)
    took = sum(rows[table] / _rate(contracts[table]) for table in wanted)
    count = sum(map(len, chunks.values()))
    return Estimate(rows, int(size), round(took + count * SECONDS_PER_CHUNK, 1), count)


def _rows_of(chunks: Sequence[Chunk], contract: Contract, plan: Plan) -> int:
    rate = rows_per_sender_and_day(contract, plan, times_of(contract, plan))
    rows = 0.0
    for chunk in chunks:
        piece = chunk.piece
        rows += (piece.high - piece.low) * ((piece.end - piece.start) / DAY * rate)
        if contract.type == "dimension" and chunk.is_first:
            rows += piece.high - piece.low
    return round(rows)


def check_room(plan: Plan, expected: Estimate, settings: Settings) -> None:
    target = settings.landing if plan.into == "landing" else settings.lake
    if "://" in target:
        return
    folder = Path(target)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    wanted = expected.bytes * ROOM_TO_SPARE
    if free < wanted:
        raise HeadraceError(
            f"{expected.total:,} rows need about {wanted / GIB:.1f} GiB, and "
            f"{folder} has {free / GIB:.1f} GiB free. "
            "Take a smaller scale, a shorter span or a longer stride, or set HEADRACE_HOME to another disk."
        )


def _row_bytes(contract: Contract, plan: Plan) -> int:
    kind = "parquet" if plan.into == "bronze" else contract.arrives.files or "parquet"
    if kind == "parquet" and contract.arrives.cadence:
        return 15
    return BYTES_PER_COLUMN[kind] * len(contract.columns)


def _rate(contract: Contract) -> int:
    return (
        BLOCK_ROWS_PER_SECOND
        if contract.arrives.cadence
        else ROWS_PER_SECOND[contract.arrives.files or "parquet"]
    )
