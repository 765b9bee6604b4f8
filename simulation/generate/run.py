"""Generates a domain's source data by a plan, chunk by chunk; chunks that are done are left as they are."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from headrace.contracts.load import load_contracts
from headrace.contracts.model import Contract
from headrace.lake.lease import Leases, leased
from headrace.lake.paths import Paths
from headrace.lake.session import FEW_ROWS, get_spark, session_for
from headrace.progress import Event, Stopwatch, tell
from headrace.settings import Settings
from simulation.generate.chunks import (
    Chunk,
    ChunkRecord,
    check_continues,
    chunk_records,
    chunks_to_make,
    record_chunk,
)
from simulation.generate.estimate import check_room, estimate_of
from simulation.generate.plan import Plan, world_of
from simulation.generate.rows import RowFactory
from simulation.generate.sources import Source, check_sources, load_sources
from simulation.generate.truth import write_truth, write_truth_of_hidden
from simulation.generate.writers import sweep, write_bronze, write_landing_files, write_outbox
from simulation.random_draws import World

STAGE = "generate"


@dataclass(frozen=True)
class TableResult:
    table: str
    rows: int
    bytes: int
    seconds: float
    chunks: int
    chunks_before: int


@dataclass(frozen=True)
class GenerateResult:
    """What this run made. A table with nothing missing has no chunks."""

    domain: str
    tables: tuple[TableResult, ...]
    seconds: float

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def bytes(self) -> int:
        return sum(table.bytes for table in self.tables)


def generate(domain: str, plan: Plan, settings: Settings) -> GenerateResult:
    return make(domain, load_contracts(domain), load_sources(domain), plan, settings)


def make(
    domain: str,
    contracts: Mapping[str, Contract],
    sources: Mapping[str, Source],
    plan: Plan,
    settings: Settings,
) -> GenerateResult:
    """As `generate`, with contracts and sources given."""
    wanted = plan.wanted(contracts)
    check_sources(sources, contracts)
    paths = Paths.of(domain, settings)
    expected = estimate_of(contracts, plan, {table: chunk_records(paths, table) for table in wanted})
    check_room(plan, expected, settings)
    urls = [paths.lease(plan.into, table) for table in wanted]
    watch = Stopwatch()
    with leased(urls, job=f"generate {domain}", seconds=settings.lease_seconds) as leases:
        known = {table: chunk_records(paths, table) for table in contracts}
        before = [made for table in contracts for made in known[table]]
        check_continues(plan, contracts, known)
        world = world_since(before, plan, contracts)
        if not any(chunks_to_make(plan, contracts[table], world, known[table]) for table in wanted):
            there = tuple(_all_there(table, known[table]) for table in wanted)
            return GenerateResult(domain, there, watch.seconds)
        few, many = (
            RowFactory(session_for(get_spark(settings), rows), contracts, sources, world)
            for rows in (0, FEW_ROWS)
        )
        with ThreadPoolExecutor(settings.workers) as pool:
            asked = []
            for table in sorted(wanted, key=expected.rows.__getitem__, reverse=True):
                factory = few if expected.rows[table] < FEW_ROWS else many
                asked.append(pool.submit(_make_table, contracts[table], plan, factory, paths, leases))
        made = tuple(each.result() for each in asked)
        write_truth_of_hidden(few.maker, paths, wanted, plan.start, plan.end)
    return GenerateResult(domain, made, watch.seconds)


def world_since(before: Sequence[ChunkRecord], plan: Plan, contracts: Mapping[str, Contract]) -> World:
    """The plan's world, from the start of its first chunk on: a later span continues it."""
    starts = [datetime.fromisoformat(made.start) for made in before]
    return replace(world_of(plan, contracts), start=min([plan.start, *starts]))


def _make_table(
    contract: Contract, plan: Plan, factory: RowFactory, paths: Paths, leases: Leases
) -> TableResult:
    sweep(contract.table, paths)
    before = chunk_records(paths, contract.table)
    chunks = chunks_to_make(plan, contract, factory.world, before)
    if not chunks:
        return _all_there(contract.table, before)
    tell(Event(STAGE, contract.table, "started", done=0, total=len(chunks)))
    watch, made = Stopwatch(), []
    for place, chunk in enumerate(chunks, start=1):
        made.append(_make_chunk(chunk, contract, plan, factory, paths, leases))
        rows = sum(each.rows for each in made)
        tell(Event(STAGE, contract.table, "going", rows, watch.seconds, done=place, total=len(chunks)))
    rows, size = sum(each.rows for each in made), sum(each.bytes for each in made)
    tell(Event(STAGE, contract.table, "done", rows, watch.seconds))
    return TableResult(contract.table, rows, size, watch.seconds, len(made), len(before))


def _all_there(table: str, before: Sequence[ChunkRecord]) -> TableResult:
    tell(Event(STAGE, table, "skipped", note="all there"))
    return TableResult(table, 0, 0, 0.0, 0, len(before))


def _make_chunk(
    chunk: Chunk, contract: Contract, plan: Plan, factory: RowFactory, paths: Paths, leases: Leases
) -> ChunkRecord:
    watch = Stopwatch()
    leases.check()
    truth = factory.truth(chunk)
    if truth is not None:
        write_truth(truth, paths, chunk.table, chunk.name)
    if plan.into == "bronze":
        written = write_bronze(factory.spark, partial(factory.stored, chunk), contract, chunk, paths, leases)
    elif plan.into == "topic":
        written = write_outbox(factory.rows(chunk), contract, chunk, paths, leases)
    else:
        written = write_landing_files(factory.rows(chunk), contract, chunk, paths, leases)
    made = record_chunk(paths, chunk, plan, rows=written.rows, bytes=written.bytes, seconds=watch.seconds)
    sweep(chunk.table, paths)
    return made
