"""The standing job: a domain's topics and live files into bronze and silver until it is told to stop."""

import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import SparkSession

from headrace.contracts.model import Contract
from headrace.errors import UsageError
from headrace.lake.lease import STANDING, leased
from headrace.lake.paths import Paths
from headrace.lake.run_context import RunContext, new_run_name
from headrace.lake.session import get_spark
from headrace.live.alarms import AlarmsThread, fold_of
from headrace.live.heartbeat import Flow, Heartbeat, HeartbeatWriter
from headrace.live.maintenance import Maintenance, maintained_tables
from headrace.live.memory import FROM_THE_START, Sweeper, give_back
from headrace.live.metrics import AlarmMetrics, Metrics
from headrace.live.silver_sink import SilverSink
from headrace.live.source_loop import LiveTable, Pace, SourceLoop, Taken
from headrace.live.standing_tables import check_parents, set_properties, tables_of
from headrace.live.told_to_cloudwatch import ToldToCloudWatch
from headrace.progress import Event, tell
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.run import BYTES_PER_ROW
from headrace.refine.schema_evolution import check_contracts, make_ready
from headrace.settings import Settings
from headrace.sources.broker import check_topic
from headrace.sources.bronze_table import Source
from headrace.sources.files import FileSource, Most, drop_folder_of
from headrace.sources.topic import TopicSource
from headrace.writes.edge import Edge, ParentsCache

JOB = "stream"
BEAT_SECONDS = 1.0
WAYS = ("topic", "files")


@dataclass(frozen=True)
class StandingOptions:
    """until_empty: only until all that is in topics and folders by now is taken. accept_loss: passes over messages that
    the topic has forgotten. layers: with bronze alone, silver is left to whoever refines. ways: without the topic among
    them, no broker is needed."""

    until_empty: bool = False
    accept_loss: bool = False
    layers: Collection[str] = ("bronze", "silver")
    ways: Collection[str] = WAYS


def stand(
    domain: str, settings: Settings, stop: threading.Event, options: StandingOptions | None = None
) -> Heartbeat:
    """Runs until `stop` is set."""
    options = options or StandingOptions()
    paths, catalog = Paths.of(domain, settings), load_tables(domain)
    contracts = catalog.by_topic
    if not contracts:
        raise UsageError(f"no table of {domain} arrives by a topic; its contracts say arrives: {{topic: …}}")
    for contract in contracts if "topic" in options.ways else []:
        check_topic(str(contract.arrives.topic), settings)
    check_contracts(contracts, paths)
    check_parents(catalog, contracts, paths)
    tables = [each for each in tables_of(catalog, contracts) if each[0] in options.layers]
    urls = [paths.lease(layer, name) for layer, name in tables]
    with leased(urls, job=f"{STANDING} of {domain}", seconds=settings.lease_seconds) as leases:
        context = RunContext(paths, settings, leases, new_run_name())
        return _Job(catalog, context, options).run(stop)


class _Job:
    def __init__(self, catalog: Catalog, context: RunContext, options: StandingOptions) -> None:
        self._catalog, self._context, self._options = catalog, context, options
        self._with_silver = "silver" in options.layers
        self._metrics = Metrics(context.paths.domain, context.settings.metrics_port)
        self._cloudwatch = ToldToCloudWatch(context.settings)
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
            maintained = maintained_tables(catalog, contracts, with_silver=self._with_silver)
            tables = {each.table: self._live_table(spark, each) for each in contracts}
            maintenance = Maintenance(
                maintained, catalog, context, {name: table.turn for name, table in tables.items()}
            )
            set_properties(spark, maintenance.places, context.settings)
            loops: list[SourceLoop] = []
            stack.callback(_settle, loops)
            pace = Pace(context.settings.trigger_seconds, self._options.until_empty)
            for table in tables.values():
                for source in self._sources(table, stack):
                    loops.append(SourceLoop(source, table, pace, self._took))
                    loops[-1].start()
            stack.enter_context(maintenance)
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
            self._tell(self._heartbeat.beat("running"))
            if not any(loop.is_alive() for loop in loops):
                return

    def _sources(self, table: LiveTable, stack: ExitStack) -> Iterator[Source]:
        context, contract = self._context, table.contract
        # Whichever way is read now: the commit of its last files may leave the log.
        settings = context.settings
        most = Most(settings.max_offsets_per_trigger, settings.rows_per_batch * BYTES_PER_ROW)
        files = FileSource(contract, context, [drop_folder_of(context.paths, contract.table)], most)
        files.finish()
        if "files" in self._options.ways:
            yield files
        if "topic" in self._options.ways:
            topic = TopicSource(contract, context, table.sink.hold)
            stack.callback(topic.close)
            topic.begin(accept_loss=self._options.accept_loss, until_empty=self._options.until_empty)
            yield topic

    def _live_table(self, spark: SparkSession, contract: Contract) -> LiveTable:
        context, now = self._context, datetime.now(UTC).replace(tzinfo=None)
        nodes = self._catalog.made_from(contract) if self._with_silver else []
        edges = [Edge(node, contract, context, now, parents_cache=ParentsCache()) for node in nodes]
        session = spark.newSession()
        sink = SilverSink(edges, session, context.settings.rows_per_batch * BYTES_PER_ROW)
        return LiveTable(contract, session, sink)

    def _alarms_thread(self) -> AlarmsThread:
        context, catalog = self._context, self._catalog
        followers = [node for contract in catalog.by_topic for node in catalog.followers(contract)]
        broker, is_asked = "topic" in self._options.ways, self._with_silver and followers
        fold = fold_of(followers[0], context, broker=broker) if is_asked else None
        return AlarmsThread(fold, AlarmMetrics(context.paths.domain, self._metrics.registry).took)

    def _took(self, loop: SourceLoop, taken: Taken) -> None:
        self._alarms.notice()
        self._metrics.took(loop.name, taken)
        waiting = loop.source.waiting if isinstance(loop.source, TopicSource) else None
        if waiting is not None:
            self._metrics.lags(loop.name, waiting)
        origin = loop.source.topic if isinstance(loop.source, TopicSource) else loop.source.name
        self._heartbeat.took(Flow(loop.name, origin, lag=waiting), taken.rows, taken.seconds)

    def _tell(self, heartbeat: Heartbeat) -> None:
        self._cloudwatch.beat(heartbeat)
        for flow in heartbeat.flows:
            lag = "" if flow.lag is None else f", {flow.lag:,} behind"
            last = f", last commit {flow.committed_at[11:19]}" if flow.committed_at else ""
            note = f"{flow.rows_per_second:,.0f} rows/s{lag}, last batch {flow.last_seconds:.1f} s{last}"
            tell(Event(JOB, flow.table, "going", rows=flow.rows, note=note))


def _settle(loops: list[SourceLoop]) -> None:
    for loop in loops:
        loop.tell_to_stop()
    for loop in loops:
        loop.settle()
