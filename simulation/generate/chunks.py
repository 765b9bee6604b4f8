"""Cuts a plan into chunks and records which are done, so that a second run makes only what is missing.

The record of a chunk lies beside its rows: with the landing folder or the lake, its records go as well.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, get_args

from headrace.contracts.model import Contract
from headrace.errors import UsageError
from headrace.lake import objects
from headrace.lake.paths import Paths
from simulation.generate.plan import Into, Plan
from simulation.generate.row_index import Piece
from simulation.random_draws import World

ROWS_PER_CHUNK = 5_000_000
ROWS_PER_WIDE_CHUNK = 2_000_000  # of tables without a pace, which have more columns
DAY = timedelta(days=1)
LONGEST_DAYS = 3650


@dataclass(frozen=True)
class Chunk:
    """`is_first`: nothing of its table was made before, so a dimension is sent whole."""

    table: str
    piece: Piece
    is_first: bool

    @property
    def name(self) -> str:
        piece = self.piece
        return chunk_name(piece.start, piece.end, piece.low, piece.high)


@dataclass(frozen=True)
class ChunkRecord:
    """The record of a done chunk: what it was made of, and its size."""

    table: str
    start: str
    end: str
    low: int
    high: int
    into: Into
    seed: int
    scale: float
    stride: float | None
    rows: int
    bytes: int
    seconds: float

    @property
    def chunk(self) -> str:
        """The chunk's name."""
        start, end = (datetime.fromisoformat(at) for at in (self.start, self.end))
        return chunk_name(start, end, self.low, self.high)

    def covers(self, piece: Piece) -> bool:
        spans = self.start <= piece.start.isoformat() and self.end >= piece.end.isoformat()
        return spans and self.low <= piece.low and self.high >= piece.high


def chunk_name(start: datetime, end: datetime, low: int, high: int) -> str:
    return f"{start:%Y%m%dT%H%M%S}-{end:%Y%m%dT%H%M%S}-{low}-{high}"


def chunk_records(paths: Paths, table: str) -> list[ChunkRecord]:
    records = [
        ChunkRecord(**each) for into in get_args(Into) for each in objects.all_json(paths.made(into, table))
    ]
    return sorted(records, key=lambda made: (made.start, made.low))


def record_chunk(paths: Paths, chunk: Chunk, plan: Plan, **outcome: Any) -> ChunkRecord:
    piece = chunk.piece
    made = ChunkRecord(
        table=chunk.table,
        start=piece.start.isoformat(),
        end=piece.end.isoformat(),
        low=piece.low,
        high=piece.high,
        into=plan.into,
        seed=plan.seed,
        scale=plan.scale,
        stride=plan.stride.total_seconds() if plan.stride else None,
        **outcome,
    )
    objects.put_json(_record_url(paths, plan.into, chunk.table, chunk.name), asdict(made))
    return made


def is_recorded(paths: Paths, table: str, chunk: str) -> bool:
    """Whether the chunk's landing files are recorded as done."""
    return objects.get(_record_url(paths, "landing", table, chunk)) is not None


def _record_url(paths: Paths, into: Into, table: str, chunk: str) -> str:
    return f"{paths.made(into, table)}/{chunk}.json"


def check_continues(
    plan: Plan, contracts: Mapping[str, Contract], made: Mapping[str, Sequence[ChunkRecord]]
) -> None:
    """Refuses a plan of another world than the rows that are there, or one that thins them otherwise."""
    for before in made.values():
        check_same_world(plan, before)
    for table in plan.wanted(contracts):
        check_same_stride(plan, contracts[table], made[table])


def check_same_world(plan: Plan, made: Sequence[ChunkRecord]) -> None:
    for before in made:
        if (before.seed, before.scale) != (plan.seed, plan.scale):
            raise UsageError(
                f"{before.table} already holds another world: seed {before.seed}, scale {before.scale:g}, "
                f"not seed {plan.seed}, scale {plan.scale:g}. Use the same ones, or another HEADRACE_HOME."
            )


def check_same_stride(plan: Plan, contract: Contract, made: Sequence[ChunkRecord]) -> None:
    """Refuses a plan that thins a span otherwise than the rows that are there."""
    if contract.arrives.cadence is None:
        return
    wanted = plan.stride.total_seconds() if plan.stride else None
    for before in made:
        overlaps = before.start < plan.end.isoformat() and before.end > plan.start.isoformat()
        if overlaps and before.stride != wanted:
            raise UsageError(
                f"{before.table} already holds {before.start} to {before.end} at {_spelled(before.stride)}, "
                f"not at {_spelled(wanted)}. Use the same stride, another span, or another HEADRACE_HOME."
            )


def _spelled(stride: float | None) -> str:
    return "its own pace" if stride is None else f"a stride of {timedelta(seconds=stride)}"


def chunks_to_make(plan: Plan, contract: Contract, world: World, made: Sequence[ChunkRecord]) -> list[Chunk]:
    """The chunks of the plan that are not done yet."""
    chunks: list[Chunk] = []
    for start, end in missing_spans(plan, made, senders_of(contract, world, plan)):
        for piece in pieces(contract, world, plan, start, end):
            if not any(before.covers(piece) for before in made):
                is_first = not chunks and not any(before.end <= piece.start.isoformat() for before in made)
                chunks.append(Chunk(contract.table, piece, is_first))
    return chunks


def senders_of(contract: Contract, world: World, plan: Plan) -> int:
    if contract.type == "dimension":
        return world.counts[contract.table]
    there = world.counts[contract.arrives.per] if contract.arrives.per else 1
    return min(there, plan.senders or there)


def missing_spans(
    plan: Plan, made: Sequence[ChunkRecord], senders: int
) -> Iterator[tuple[datetime, datetime]]:
    """The parts of the plan's span that no done chunk covers for all senders."""
    at = plan.start
    for before in made:
        start, end = datetime.fromisoformat(before.start), datetime.fromisoformat(before.end)
        if before.high - before.low < senders or end <= at or start >= plan.end:
            continue
        if start > at:
            yield at, start
        at = max(at, end)
    if at < plan.end:
        yield at, plan.end


def pieces(contract: Contract, world: World, plan: Plan, start: datetime, end: datetime) -> Iterator[Piece]:
    senders = senders_of(contract, world, plan)
    times = times_of(contract, plan)
    rows_a_day = senders * rows_per_sender_and_day(contract, plan, times)
    most = ROWS_PER_CHUNK if contract.arrives.cadence else ROWS_PER_WIDE_CHUNK
    days = min(LONGEST_DAYS, max(1, int(most // max(rows_a_day, 1.0))))
    rows = rows_a_day * min(1.0, (end - start) / DAY)
    parts = max(1, round(rows / most)) if contract.type != "dimension" else 1
    bounds = [senders * part // parts for part in range(parts + 1)]
    while start < end:
        until = min(end, start + days * DAY)
        for low, high in pairwise(bounds):
            yield Piece(start, until, low, high, times)
        start = until


def times_of(contract: Contract, plan: Plan) -> float:
    """Rows per sender and interval; a table without senders scales its rows instead."""
    scaled = 1.0 if contract.arrives.per else max(1, round(contract.num_rows * plan.scale))
    return contract.arrives.times * scaled


def rows_per_sender_and_day(contract: Contract, plan: Plan, times: float) -> float:
    if contract.arrives.cadence and plan.stride:
        return DAY / max(plan.stride, contract.arrives.every)
    if contract.type == "dimension":
        return 0.01 if contract.arrives.sends == "changes" else DAY / contract.arrives.every
    return times * (DAY / contract.arrives.every)
