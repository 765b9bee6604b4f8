"""Refines a domain: bronze, silver and gold, each table after those it is made from."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pyspark.sql import SparkSession

from headrace.contracts.model import Contract
from headrace.errors import UnknownName, UsageError
from headrace.lake import ledger, log
from headrace.lake.lease import Leases, leased, living_holder, refuse_held
from headrace.lake.ledger import Entry
from headrace.lake.paths import LAYERS, Paths
from headrace.lake.run_context import RunContext, new_run_name
from headrace.lake.session import get_spark
from headrace.progress import Event, Stopwatch, tell
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.gold import make_gold
from headrace.refine.newest_event import newest_event
from headrace.refine.recycle import finish_interrupted
from headrace.refine.schema_evolution import check_contracts, grow, ready_bronze
from headrace.refine.silver import run_edge, silver_waits
from headrace.settings import Settings, get_settings
from headrace.sources.broker import is_listening
from headrace.sources.file_index import FileIndex
from headrace.sources.files import FileSource, Most, folders_of, take_all, waiting_in
from headrace.sources.topic import TopicSource
from headrace.writes.edge import Edge
from headrace.writes.node import Node
from headrace.writes.way import follower_of

BYTES_PER_ROW = 8


@dataclass(frozen=True)
class TableResult:
    layer: str
    table: str
    rows_in: int
    counts: dict[str, int]
    seconds: float
    version: int


@dataclass(frozen=True)
class FileSetAside:
    """A file that could not be read, or whose contract refuses it."""

    table: str
    name: str
    reason: str


@dataclass(frozen=True)
class RefineResult:
    domain: str
    run: str
    as_of: str
    seconds: float
    tables: list[TableResult] = field(default_factory=list)
    set_aside: list[FileSetAside] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class _Run:
    """What the steps of one run share. Spark is started by the first step that needs it."""

    catalog: Catalog
    paths: Paths
    settings: Settings
    leases: Leases
    run: str
    as_of: datetime
    set_aside: list[FileSetAside] = field(default_factory=list)

    def spark(self) -> SparkSession:
        return get_spark(self.settings)

    @property
    def context(self) -> RunContext:
        return RunContext(self.paths, self.settings, self.leases, self.run)

    @property
    def bytes_per_batch(self) -> int:
        return self.settings.rows_per_batch * BYTES_PER_ROW


def refine(
    domain: str,
    *,
    as_of: datetime | None = None,
    layers: Sequence[str] = LAYERS,
    tables: Sequence[str] | None = None,
    settings: Settings | None = None,
) -> RefineResult:
    """Brings the chosen layers (and tables) up to date; a second call finds nothing to do."""
    settings = settings or get_settings()
    catalog, paths, watch = load_tables(domain), Paths.of(domain, settings), Stopwatch()
    _check_names(catalog, layers, tables)
    check_contracts(catalog.contracts.values(), paths)
    run = new_run_name()
    wanted = {
        layer: _left_to_us(paths, layer, _wanted(catalog, layer, tables))
        for layer in LAYERS
        if layer in layers
    }
    urls = [paths.lease(layer, name) for layer, names in wanted.items() for name in names]
    results: list[TableResult] = []
    with leased(urls, job=f"refine {domain} {','.join(wanted)}", seconds=settings.lease_seconds) as leases:
        instant = as_of or newest_event(paths, catalog) or datetime.now(UTC).replace(tzinfo=None)
        shared = _Run(catalog, paths, settings, leases, run, instant)
        for layer, names in wanted.items():
            if layer == "gold" and as_of is None:
                shared = replace(shared, as_of=newest_event(paths, catalog) or instant)
            results += _run_layer(shared, layer, names)
    return RefineResult(domain, run, shared.as_of.isoformat(), watch.seconds, results, shared.set_aside)


def check_free(
    domain: str, settings: Settings, *, layers: Sequence[str] = LAYERS, tables: Sequence[str] | None = None
) -> None:
    """Raises what `refine` would raise for a name or a lease, for those who begin with something slow."""
    catalog, paths = load_tables(domain), Paths.of(domain, settings)
    _check_names(catalog, layers, tables)
    for layer in layers:
        for name in _wanted(catalog, layer, tables):
            refuse_held(paths.lease(layer, name), but_standing=True)


def has_news(domain: str, settings: Settings | None = None) -> bool:
    """Whether bronze or silver has anything to read, told without Spark."""
    catalog, paths = load_tables(domain), Paths.of(domain, settings or get_settings())
    waiting = (_files_wait(paths, table) for table in catalog.contracts)
    return any(waiting) or any(_silver_waits(node, paths) for node in catalog.layer("silver"))


def _files_wait(paths: Paths, table: str) -> bool:
    index = FileIndex(paths, table)
    return any(waiting_in(folder, index) for folder in folders_of(paths, table))


def _silver_waits(node: Node, paths: Paths) -> bool:
    follows = node.first.layer == "silver"
    return follower_of(node).waits(node, paths) if follows else silver_waits(node, paths)


def _check_names(catalog: Catalog, layers: Sequence[str], tables: Sequence[str] | None) -> None:
    for layer in layers:
        if layer not in LAYERS:
            raise UnknownName("layer", layer, LAYERS)
    known = {name for layer in LAYERS for name in catalog.tables(layer)}
    for table in tables or ():
        if table not in known:
            raise UnknownName("table", table, known)


def _wanted(catalog: Catalog, layer: str, tables: Sequence[str] | None) -> list[str]:
    return [name for name in catalog.tables(layer) if tables is None or name in tables]


def _left_to_us(paths: Paths, layer: str, names: list[str]) -> list[str]:
    """Without those that the standing job keeps up to date while it runs."""
    ours = []
    for name in names:
        holder = living_holder(paths.lease(layer, name))
        if holder is not None and holder.is_standing:
            tell(Event(layer, name, "skipped", note=f"the {holder.job} keeps it"))
        else:
            ours.append(name)
    return ours


def _run_layer(shared: _Run, layer: str, names: list[str]) -> list[TableResult]:
    after = {name: _before(shared.catalog, layer, name) & set(names) for name in names}
    work = {name: _rows_to_read(shared, layer, name) for name in names}
    done = _in_order(partial(_timed, shared, layer), after, work, shared.settings.workers)
    return [done[name] for name in names]


def _before(catalog: Catalog, layer: str, name: str) -> set[str]:
    """The tables of the same layer that must be done first."""
    if layer == "bronze":
        return set()
    return {ref.name for ref in catalog.above(layer, name) if ref.layer == layer}


def _rows_to_read(shared: _Run, layer: str, name: str) -> int:
    """About how much work a table is; before its files are read, its contract says how they compare."""
    if layer == "bronze":
        return shared.catalog.contracts[name].num_rows
    above = shared.catalog.above(layer, name)
    return sum(log.row_count(shared.paths.table(ref.layer, ref.name)) for ref in above)


def _in_order(
    step: Callable[[str], TableResult], after: Mapping[str, set[str]], work: Mapping[str, int], workers: int
) -> dict[str, TableResult]:
    """Runs a step for each table side by side, each after those it waits for, the longest chain of work first;
    the first failure stops what has not begun."""
    order = TopologicalSorter(after)
    try:
        chain = dict(work)  # a table's own work and the longest chain of those that wait for it
        for name in reversed([*TopologicalSorter(after).static_order()]):
            chain |= {above: max(chain[above], work[above] + chain[name]) for above in after[name]}
        order.prepare()
    except CycleError as error:
        raise UsageError(f"tables that wait for each other: {', '.join(error.args[1])}") from None
    done: dict[str, TableResult] = {}
    running: dict[Future[TableResult], str] = {}
    ready: list[str] = []
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="refine") as pool:
        while order.is_active():
            ready = sorted([*ready, *order.get_ready()], key=chain.__getitem__)
            while ready and len(running) < workers:
                name = ready.pop()
                running[pool.submit(step, name)] = name
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(future)
                done[name] = future.result()
                order.done(name)
    return done


def _timed(shared: _Run, layer: str, name: str) -> TableResult:
    tell(Event(layer, name, "started"))
    watch = Stopwatch()
    try:
        entries = _STEPS[layer](shared, name)
    except Exception as error:
        tell(Event(layer, name, "failed", seconds=watch.seconds))
        error.add_note(f"while refining {layer}.{name}")
        raise
    counts = ledger.totals(entries)
    rows_in = counts.pop("rows_in")
    rows = counts.get("written", rows_in)
    tell(
        Event(
            layer,
            name,
            "done" if entries else "skipped",
            rows=rows,
            seconds=watch.seconds,
            note=_told(counts),
        )
    )
    version = log.version(shared.paths.table(layer, name))
    return TableResult(layer, name, rows_in, counts, watch.seconds, version)


def _bronze(shared: _Run, name: str) -> list[Entry]:
    contract = shared.catalog.contracts[name]
    ready_bronze(shared.spark, contract, shared.paths.table("bronze", name))
    return [*_from_files(shared, contract), *_from_topic(shared, contract)]


def _from_files(shared: _Run, contract: Contract) -> list[Entry]:
    most, folders = (
        Most(shared.settings.rows_per_batch, shared.bytes_per_batch),
        folders_of(shared.paths, contract.table),
    )
    source = FileSource(contract, shared.context, folders, most)
    try:
        return take_all(source, shared.spark)
    finally:
        shared.set_aside.extend(
            FileSetAside(contract.table, file.name, file.set_aside) for file in source.set_aside
        )


def _from_topic(shared: _Run, contract: Contract) -> list[Entry]:
    """What waits in a topic that a standing job once read: who never streamed a domain needs no broker to refine it."""
    if not contract.arrives.topic or not (source := TopicSource(contract, shared.context)).is_begun:
        return []
    if not is_listening(shared.settings):
        note = f"its topic waits: no broker answers at {shared.settings.kafka_bootstrap}"
        tell(Event("bronze", contract.table, "skipped", note=note))
        return []
    start = cache(lambda: shared.spark().newSession())
    try:
        source.begin(until_empty=True)
        return list(iter(lambda: source.take(start), None))
    finally:
        source.close()


def _silver(shared: _Run, name: str) -> list[Entry]:
    node = shared.catalog.node(name, "silver")
    context = shared.context
    if node.first.layer == "silver":
        return follower_of(node).follow(node, context)
    contract = shared.catalog.source_of(node)
    edge = Edge(node, contract, context, shared.as_of)
    grow(shared.spark, contract, (edge.target, edge.rejected))
    finish_interrupted(shared.spark, edge)
    return run_edge(shared.spark, edge, bytes_per_batch=shared.bytes_per_batch)


def _gold(shared: _Run, name: str) -> list[Entry]:
    node: Node = shared.catalog.node(name, "gold")
    watch = Stopwatch()
    entry = make_gold(
        shared.spark,
        node,
        shared.paths,
        as_of=shared.as_of,
        run=shared.run,
        leases=shared.leases,
    )
    if entry is None:
        return []
    entry = ledger.finished(entry, watch.seconds)
    ledger.record(shared.paths, entry)
    return [entry]


_STEPS: dict[str, Callable[[_Run, str], list[Entry]]] = {"bronze": _bronze, "silver": _silver, "gold": _gold}


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count and name != "written")
