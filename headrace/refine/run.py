"""Refines a domain: bronze, silver and gold, each table after those it is made from."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from graphlib import CycleError, TopologicalSorter

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from headrace.contracts.model import Contract
from headrace.errors import UsageError
from headrace.lake import ledger, log
from headrace.lake.lease import RunContext, leased, living_holder, new_run_name, refuse_held
from headrace.lake.ledger import Entry
from headrace.lake.paths import LAYERS, Paths
from headrace.lake.session import get_spark
from headrace.progress import Event, Stopwatch, tell
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.descriptions import describe_table
from headrace.refine.gold import make_gold
from headrace.refine.silver import finish_recycling, recycle_what_waited, run_edge, silver_waits
from headrace.settings import Settings, get_settings
from headrace.sources.broker import is_listening
from headrace.sources.bronze_table import check_contracts, grow, ready_bronze
from headrace.sources.delta_feed import DeltaFeed
from headrace.sources.file_index import FileIndex
from headrace.sources.files import FileSource, folders_of, take_all, unknown_in, waiting_in
from headrace.sources.topic import TopicSource
from headrace.writes.alarms import follower_of
from headrace.writes.edge import Edge


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
    tables: list[TableResult]
    set_aside: list[FileSetAside]


@dataclass(frozen=True)
class _Run(RunContext):
    """What the steps of one run share. Spark is started by the first step that needs it."""

    catalog: Catalog
    as_of: datetime
    set_aside: list[FileSetAside] = field(default_factory=list)

    def spark(self) -> SparkSession:
        return get_spark(self.settings)


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
    chosen = catalog.chosen(layers, tables)
    check_contracts(catalog.contracts.values(), paths)
    run = new_run_name()
    for url in unknown_in(paths, catalog.contracts) if "bronze" in layers else ():
        note = f"{url} belongs to no table of {domain}"
        tell(Event("bronze", url.rpartition("/")[2], "skipped", note=note))
    wanted = {layer: _left_to_us(paths, layer, names) for layer, names in chosen.items()}
    urls = [paths.lease(layer, name) for layer, names in wanted.items() for name in names]
    results: list[TableResult] = []
    with leased(urls, job=f"refine {domain} {','.join(wanted)}", seconds=settings.lease_seconds) as leases:
        instant = as_of or instant_of_data(catalog, paths)
        shared = _Run(paths, settings, leases, run, catalog, instant)
        for layer, names in wanted.items():
            if layer == "gold" and as_of is None:
                shared = replace(shared, as_of=instant_of_data(catalog, paths))
            results += _run_layer(shared, layer, names)
    return RefineResult(domain, run, shared.as_of.isoformat(), watch.seconds, results, shared.set_aside)


def check_free(
    domain: str, settings: Settings, *, layers: Sequence[str] = LAYERS, tables: Sequence[str] | None = None
) -> None:
    """Raises what `refine` would raise for a name or a lease, for those who begin with something slow."""
    catalog, paths = load_tables(domain), Paths.of(domain, settings)
    for layer, names in catalog.chosen(layers, tables).items():
        for name in names:
            refuse_held(paths.lease(layer, name), but_standing=True)


def has_news(domain: str, settings: Settings | None = None) -> bool:
    """Whether bronze or silver has anything to read, told without Spark."""
    settings = settings or get_settings()
    catalog, paths = load_tables(domain), Paths.of(domain, settings)
    for table, contract in catalog.contracts.items():
        index = FileIndex(paths, table)
        if any(waiting_in(folder, index, contract) for folder in folders_of(paths, table)):
            return True
        if contract.arrives.delta and DeltaFeed(contract, paths, settings).waiting():
            return True
    return any(
        silver_waits(node, paths) if node.first.layer == "bronze" else follower_of(node).waits(node, paths)
        for node in catalog.layer("silver")
    )


def instant_of_data(catalog: Catalog, paths: Paths) -> datetime:
    """The instant a run pretends it is when nobody says: that of the newest event in silver, by the statistics of its
    files; now, while there is none."""
    newest: list[datetime] = []
    for node in catalog.from_bronze:
        table, column = paths.table("silver", node.name), f"max.{node.table.event_time}"
        if node.table.event_time is not None and log.exists(table):
            files = pa.table(DeltaTable(table).get_add_actions(flatten=True))
            instant = pc.max(files[column]).as_py() if column in files.column_names and len(files) else None
            if instant is not None:
                newest.append(instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant)
    return max(newest, default=datetime.now(UTC).replace(tzinfo=None))


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
    """Each table after those of its layer that it is made from. How much work one is, about, its rows upstream tell; of
    files that are not read yet, the contract."""
    catalog, after, work = shared.catalog, dict[str, set[str]](), dict[str, int]()
    for name in names:
        above = catalog.above(layer, name)
        after[name] = {ref.name for ref in above if ref.layer == layer and ref.name in names}
        rows = sum(log.row_count(shared.paths.table(ref.layer, ref.name)) for ref in above)
        work[name] = catalog.contracts[name].num_rows if layer == "bronze" else rows
    done = _in_order(partial(_timed, shared, layer), after, work, shared.settings.workers)
    return [done[name] for name in names]


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
    if entries:
        describe_table(shared.catalog, shared.paths, layer, name)
    counts = ledger.totals(entries)
    rows_in = counts.pop("rows_in")
    rows = counts.get("written", rows_in)
    note = ", ".join(f"{count:,} {term}" for term, count in counts.items() if count and term != "written")
    tell(Event(layer, name, "done" if entries else "skipped", rows=rows, seconds=watch.seconds, note=note))
    version = log.version(shared.paths.table(layer, name))
    return TableResult(layer, name, rows_in, counts, watch.seconds, version)


def _bronze(shared: _Run, name: str) -> list[Entry]:
    contract = shared.catalog.contracts[name]
    ready_bronze(shared.spark, contract, shared.paths.table("bronze", name))
    if contract.arrives.delta:
        DeltaFeed(contract, shared.paths, shared.settings).leave(shared.spark)
    files = FileSource(contract, shared, folders_of(shared.paths, name), shared.settings.rows_per_batch)
    try:
        entries = take_all(files, shared.spark)
    finally:
        shared.set_aside.extend(FileSetAside(name, file.name, file.set_aside) for file in files.set_aside)
    return [*entries, *_from_topic(shared, contract)]


def _from_topic(shared: _Run, contract: Contract) -> list[Entry]:
    """What waits in a topic that a standing job once read: who never streamed a domain needs no broker to refine it."""
    if not contract.arrives.topic or not (source := TopicSource(contract, shared)).is_begun:
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
    if node.first.layer == "silver":
        return follower_of(node).follow(node, shared)
    edge = Edge(node, shared.catalog.source_of(node), shared, shared.as_of)
    grow(shared.spark, edge.contract, (edge.target, edge.rejected))
    finish_recycling(shared.spark, edge)
    entries = run_edge(shared.spark, edge)
    recycle_what_waited(shared.spark, edge)
    return entries


def _gold(shared: _Run, name: str) -> list[Entry]:
    return make_gold(shared.spark, shared.catalog.node(name, "gold"), shared, shared.as_of)


_STEPS: dict[str, Callable[[_Run, str], list[Entry]]] = {"bronze": _bronze, "silver": _silver, "gold": _gold}
