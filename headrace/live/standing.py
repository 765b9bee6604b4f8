"""The standing job: a domain's topics and live files into bronze and silver until it is told to stop."""

import ctypes
import gc
import sys
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from pyspark.sql import SparkSession

from headrace.contracts.model import Contract
from headrace.errors import UsageError
from headrace.lake.lease import STANDING, RunContext, leased, new_run_name
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.lake.session import get_spark
from headrace.live.alarms import AlarmsThread, fold_of
from headrace.live.heartbeat import Flow, Heartbeat, HeartbeatWriter
from headrace.live.maintenance import Maintenance
from headrace.live.metrics import CloudWatch, Metrics
from headrace.live.source_loop import SilverSink, SourceLoop
from headrace.live.standing_tables import (
    check_parents,
    make_ready,
    set_properties,
    standing_tables,
    tables_of,
)
from headrace.live.topics import make_topics
from headrace.progress import Event, tell
from headrace.refine.catalog import Catalog, load_tables
from headrace.settings import Settings
from headrace.sources.bronze_table import Source, check_contracts
from headrace.sources.files import FileSource, drop_folder_of
from headrace.sources.topic import TopicSource
from headrace.writes.edge import Edge, ParentsCache

JOB = "stream"
BEAT_SECONDS = 1.0
WAYS = {"both": ("topic", "files"), "topic": ("topic",), "files": ("files",)}
FROM_THE_START = "-XX:+AlwaysPreTouch"
"""For the JVM: all of its heap at once, so that what is missing is missing at the start and not in a week."""
MMAP_THRESHOLD, ARENA_MAX = -3, -8  # by the numbers that mallopt(3) has for them
LARGE, ARENAS = 256 * 1024, 4
SWEEPS_EVERY = 60.0


@dataclass(frozen=True)
class StandingOptions:
    """until_empty: only until all that is in topics and folders by now is taken. accept_loss: passes over messages that
    the topic has forgotten. layers: with bronze alone, silver is left to whoever refines. ways: without the topic among
    them, no broker is needed; None for what the settings say."""

    until_empty: bool = False
    accept_loss: bool = False
    layers: Collection[str] = ("bronze", "silver")
    ways: Collection[str] | None = None


def stand(
    domain: str, settings: Settings, stop: threading.Event, options: StandingOptions | None = None
) -> Heartbeat:
    """Runs until `stop` is set."""
    options = options or StandingOptions()
    ways = WAYS[settings.live_sources] if options.ways is None else options.ways
    paths, catalog = Paths.of(domain, settings), load_tables(domain)
    contracts = catalog.by_topic
    if not contracts:
        raise UsageError(f"no table of {domain} arrives by a topic; its contracts say arrives: {{topic: …}}")
    if "topic" in ways:
        make_topics(contracts, paths, settings)
    check_contracts(contracts, paths)
    check_parents(catalog, contracts, paths)
    tables = [each for each in tables_of(catalog, contracts) if each[0] in options.layers]
    urls = [paths.lease(layer, name) for layer, name in tables]
    with leased(urls, job=f"{STANDING} of {domain}", seconds=settings.lease_seconds) as leases:
        context = RunContext(paths, settings, leases, new_run_name())
        return _Job(catalog, context, options, ways).run(stop)


class _Job:
    def __init__(
        self, catalog: Catalog, context: RunContext, options: StandingOptions, ways: Collection[str]
    ) -> None:
        self._catalog, self._context, self._options, self._ways = catalog, context, options, ways
        self._with_silver = "silver" in options.layers
        self._metrics = Metrics(context.paths.domain, context.settings.metrics_port)
        self._cloudwatch = CloudWatch(context.settings)
        self._heartbeat = HeartbeatWriter(context.paths, context.run)

    def run(self, stop: threading.Event) -> Heartbeat:
        self._heartbeat.beat("starting")
        give_back()
        try:
            self._run(stop)
        except BaseException as error:
            with suppress(OSError):  # on a full disk, what went wrong first is what is told
                self._heartbeat.beat("failed", error=str(error))
            raise
        return self._heartbeat.beat("stopped")

    def _run(self, stop: threading.Event) -> None:
        catalog, context, contracts = self._catalog, self._context, self._catalog.by_topic
        with ExitStack() as stack:
            stack.enter_context(self._metrics)
            options = f"{context.settings.java_options} {FROM_THE_START}"
            spark = get_spark(context.settings.model_copy(update={"java_options": options}))
            self._alarms = stack.enter_context(self._alarms_thread())
            make_ready(spark, contracts, catalog, context.paths)
            sinks = {each.table: self._sink(spark, each) for each in contracts}
            written = standing_tables(catalog, contracts)
            maintained = [table for table in written if table.layer in self._options.layers]
            turns = {name: sink.turn for name, sink in sinks.items()}
            places = [context.paths.table(table.layer, table.name) for table in maintained]
            set_properties(spark, places, context.settings)
            loops: list[SourceLoop] = []
            stack.callback(_settle, loops)
            pace, until_empty = context.settings.trigger_seconds, self._options.until_empty
            for contract in contracts:
                sink = sinks[contract.table]
                for source in self._sources(contract, sink, stack):
                    loop = SourceLoop(source, sink, self._took, seconds=pace, until_empty=until_empty)
                    loops.append(loop)
                    loop.start()
            stack.enter_context(Maintenance(maintained, catalog, context, turns))
            self._heartbeat.beat("running")
            self._look_after(loops, stop)
            self._heartbeat.beat("stopping")
            _settle(loops)
            for loop in loops:
                loop.check()

    def _look_after(self, loops: list[SourceLoop], stop: threading.Event) -> None:
        """Until the job is told to stop or all sources are empty. Raises what a source or the alarms died of."""
        sweeper = Sweeper()
        while not stop.wait(BEAT_SECONDS):
            sweeper.sweep()
            self._alarms.check()
            for loop in loops:
                loop.check()
            heartbeat = self._heartbeat.beat("running")
            self._cloudwatch.beat(heartbeat)
            for flow in heartbeat.flows:
                lag = "" if flow.lag is None else f", {flow.lag:,} behind"
                last = f", last commit {flow.committed_at[11:19]}" if flow.committed_at else ""
                note = f"{flow.rows_per_second:,.0f} rows/s{lag}, last batch {flow.last_seconds:.1f} s{last}"
                tell(Event(JOB, flow.table, "going", rows=flow.rows, note=note))
            if not any(loop.is_alive() for loop in loops):
                return

    def _sources(self, contract: Contract, sink: SilverSink, stack: ExitStack) -> Iterator[Source]:
        context, settings = self._context, self._context.settings
        # Whichever way is read now: the commit of its last files may leave the log.
        folder, most = drop_folder_of(context.paths, contract.table), settings.max_offsets_per_trigger
        files = FileSource(contract, context, [folder], most)
        files.finish()
        if "files" in self._ways:
            yield files
        if "topic" in self._ways:
            topic = TopicSource(contract, context, sink.hold)
            stack.callback(topic.close)
            topic.begin(accept_loss=self._options.accept_loss, until_empty=self._options.until_empty)
            yield topic

    def _sink(self, spark: SparkSession, contract: Contract) -> SilverSink:
        context, now = self._context, datetime.now(UTC).replace(tzinfo=None)
        nodes = self._catalog.made_from(contract) if self._with_silver else []
        edges = [Edge(node, contract, context, now, parents_cache=ParentsCache()) for node in nodes]
        return SilverSink(edges, spark.newSession())

    def _alarms_thread(self) -> AlarmsThread:
        context, catalog, metrics = self._context, self._catalog, self._metrics
        followers = [node for contract in catalog.by_topic for node in catalog.followers(contract)]
        fold = None
        if self._with_silver and followers:
            broker = "topic" in self._ways
            fold = fold_of(followers[0], context, broker=broker, stored=metrics.stored)
        return AlarmsThread(fold, metrics.followed)

    def _took(self, loop: SourceLoop, entries: Sequence[Entry], seconds: float) -> None:
        self._alarms.notice()
        source, waiting = loop.source, None
        origin = source.name
        if isinstance(source, TopicSource):
            origin, waiting = source.topic, source.waiting
        self._metrics.took(loop.name, entries, seconds, waiting)
        self._heartbeat.took(Flow(loop.name, origin, lag=waiting), entries[0].rows_in, seconds)


def _settle(loops: list[SourceLoop]) -> None:
    for loop in loops:
        loop.stopping.set()
    for loop in loops:
        loop.settle()


def give_back() -> None:
    """Large arrays go to the system as soon as they are freed. By itself the C library keeps ever larger ones."""
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):  # another C library than GNU's has its own ways
        c = ctypes.CDLL(None)
        c.mallopt(MMAP_THRESHOLD, LARGE)
        c.mallopt(ARENA_MAX, ARENAS)


class Sweeper:
    """Each batch leaves objects behind that name each other, and Spark's plans hang on them. Python by itself looks for
    such when there are a quarter more than it has in all, which is once an hour."""

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()  # what is there now stays, and need not be looked through again
        self._swept = monotonic()

    def sweep(self) -> None:
        """Where it is time to."""
        if monotonic() - self._swept >= SWEEPS_EVERY:
            gc.collect()
            self._swept = monotonic()
