"""The standing job: a domain's topics into bronze and silver until it is told to stop."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from threading import Thread
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from headrace.contracts.model import Contract
from headrace.errors import UsageError
from headrace.lake.epochs import Epoch
from headrace.lake.lease import STANDING, Leases, leased
from headrace.lake.paths import Paths
from headrace.lake.run_context import RunContext, new_run_name
from headrace.lake.session import get_spark
from headrace.live.alarm_metrics import AlarmMetrics
from headrace.live.alarms import AlarmsThread, fold_of
from headrace.live.brief import keep_brief
from headrace.live.broker import check_topic
from headrace.live.dropping import Dropping, Turns, end_all
from headrace.live.edge import Taken, TopicEdge
from headrace.live.heartbeat import Flow, Heartbeat, beat, stamp
from headrace.live.loss import MessagesLost, Reading
from headrace.live.memory import FROM_THE_START, Sweeper, give_back
from headrace.live.metrics import Metrics
from headrace.live.onward import Onward
from headrace.live.queries import Stopping, behind, meant, settle, stop_all
from headrace.live.told_to_cloudwatch import ToldToCloudWatch
from headrace.live.topic import read_topic
from headrace.live.trouble import LossSuspected
from headrace.live.upkeep import Upkeep, tables_kept
from headrace.live.written import check_parents, tables_of
from headrace.progress import Event, tell
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.dropped import FROM_FOLDER
from headrace.refine.drops import DropEdge, finish_drops
from headrace.refine.fit import check_contracts, make_ready
from headrace.refine.run import BYTES_PER_ROW
from headrace.settings import Settings
from headrace.writes.edge import Edge, ParentsCache

JOB = "stream"
BEAT_SECONDS = 1.0
WAYS = ("topic", "files")


def stand(
    domain: str,
    settings: Settings,
    stop: threading.Event,
    *,
    until_empty: bool = False,
    accept_loss: bool = False,
    layers: Collection[str] = ("bronze", "silver"),
    ways: Collection[str] = WAYS,
    tables: Collection[str] | None = None,
    beats: bool = True,
) -> Heartbeat:
    """Runs until `stop` is set, or (until_empty) until all that is in the topics and folders by now is taken. With
    bronze alone in `layers`, silver is left to whoever refines. accept_loss: goes past messages that the topic has
    forgotten. Without the topic among the `ways`, no broker is needed. tables: only what lands in these, by default
    all. beats: whether it gives signs of life, by which the standing job is known and kept."""
    paths, catalog = Paths.of(domain, settings), load_tables(domain)
    contracts = [each for each in catalog.by_topic if tables is None or each.table in tables]
    if not contracts:
        raise UsageError(f"no table of {domain} arrives by a topic; its contracts say arrives: {{topic: …}}")
    for contract in contracts if "topic" in ways else []:
        check_topic(str(contract.arrives.topic), settings)
    check_contracts(contracts, paths)
    check_parents(catalog, contracts, paths)
    run = new_run_name()
    urls = [paths.lease(layer, name) for layer, name in tables_of(catalog, contracts) if layer in layers]
    with leased(urls, job=f"{STANDING} of {domain}", seconds=settings.lease_seconds) as leases:
        job = _Job(
            catalog,
            paths,
            settings,
            leases,
            run,
            onward="silver" in layers,
            accept_loss=accept_loss,
            ways=ways,
            beats=beats,
        )
        return job.run(contracts, stop, until_empty=until_empty)


class _Job:
    def __init__(
        self,
        catalog: Catalog,
        paths: Paths,
        settings: Settings,
        leases: Leases,
        run: str,
        *,
        onward: bool,
        accept_loss: bool,
        ways: Collection[str],
        beats: bool,
    ) -> None:
        self._catalog, self._paths, self._settings, self._leases = catalog, paths, settings, leases
        self._onward, self._accept_loss, self._ways = onward, accept_loss, ways
        self._beats = beats
        self._onwards: dict[str, Onward] = {}
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._metrics = Metrics(paths.domain, settings.metrics_port)
        self._cloudwatch = ToldToCloudWatch(settings)
        self._lock, self._stopping = threading.Lock(), threading.Event()
        self._heartbeat = Heartbeat(paths.domain, run, "starting", 0, stamp())

    def run(self, contracts: list[Contract], stop: threading.Event, *, until_empty: bool) -> Heartbeat:
        self._beat("starting")
        give_back()
        try:
            self._run_and_name_losses(contracts, stop, until_empty=until_empty)
        except BaseException as error:
            with suppress(OSError):  # on a full disk, what went wrong first is what is told
                self._beat("failed", error=str(error))
            raise
        self._beat("stopped")
        return self._heartbeat

    def _run_and_name_losses(
        self, contracts: list[Contract], stop: threading.Event, *, until_empty: bool
    ) -> None:
        try:
            self._run(contracts, stop, until_empty=until_empty)
        except LossSuspected as suspected:
            readings = [self._reading(contract) for contract in contracts]
            lost = [each for reading in readings for each in reading.lost_by_now()]
            raise (MessagesLost(lost) if lost else suspected) from suspected

    def _reading(self, contract: Contract) -> Reading:
        return Reading.of(contract, self._paths, self._settings)

    def _run(self, contracts: list[Contract], stop: threading.Event, *, until_empty: bool) -> None:
        with ExitStack() as stack:
            stack.enter_context(self._metrics)
            spark = get_spark(self._settings.model_copy(update={"java_options": self._java_options}))
            self._alarms = stack.enter_context(self._alarms_of(contracts))
            make_ready(spark, contracts, self._catalog, self._paths)
            for (
                contract
            ) in contracts:  # whichever way is read now: the commit of its last files may leave the log
                finish_drops(self._paths, contract)
            upkeep = self._upkeep(contracts)
            keep_brief(spark, upkeep.places, self._settings)
            by_topic, by_files = (contracts if way in self._ways else [] for way in WAYS)
            folders = [self._watched(spark, contract, until_empty=until_empty) for contract in by_files]
            stack.callback(end_all, folders)
            queries = [self._start(spark, contract, until_empty=until_empty) for contract in by_topic]
            stack.callback(stop_all, queries)
            stack.enter_context(upkeep)
            self._beat("running")
            sweeper = Sweeper()
            while not stop.wait(BEAT_SECONDS):
                sweeper.sweep()
                self._look_after(queries, folders)
                if not any(query.isActive for query, _ in queries) and not any(map(Thread.is_alive, folders)):
                    break
            self._beat("stopping")
            self._stopping.set()
            settle(queries)
            end_all(folders)
            for folder in folders:
                folder.check()

    @property
    def _java_options(self) -> str:
        return (
            f"{self._settings.java_options} {FROM_THE_START}" if self._beats else self._settings.java_options
        )

    def _watched(self, spark: SparkSession, contract: Contract, *, until_empty: bool) -> Dropping:
        most = self._settings.max_offsets_per_trigger
        edge = DropEdge(contract, self._paths, self._heartbeat.run, self._leases, most)
        turn, settings = self._turns[contract.table], self._settings
        turns = Turns(turn, settings.trigger_seconds, settings.hours_kept, until_empty)
        folder = Dropping(edge, self._onward_of(contract), spark.newSession(), turns, self._took)
        folder.start()
        return folder

    def _alarms_of(self, contracts: list[Contract]) -> AlarmsThread:
        found = [node for contract in contracts for node in self._catalog.followers(contract)]
        context = RunContext(self._paths, self._settings, self._leases, self._heartbeat.run)
        is_asked = self._onward and found
        fold = fold_of(found[0], context, broker="topic" in self._ways) if is_asked else None
        return AlarmsThread(fold, AlarmMetrics(self._paths.domain, self._metrics.registry).took)

    def _start(
        self, spark: SparkSession, contract: Contract, *, until_empty: bool
    ) -> tuple[StreamingQuery, list[BaseException]]:
        epoch = self._reading(contract).go_on(self._heartbeat.run, accept_loss=self._accept_loss)
        edge = self._edge(contract, epoch)
        raised: list[BaseException] = []
        writer = (
            read_topic(spark.newSession(), contract, self._settings, epoch)
            .writeStream.foreachBatch(self._taking(edge, raised))
            .option("checkpointLocation", edge.checkpoint)
            .queryName(edge.app)
        )
        pace: dict[str, Any] = {"availableNow": True}
        if not until_empty:
            pace = {"processingTime": f"{round(self._settings.trigger_seconds * 1000)} milliseconds"}
        return writer.trigger(**pace).start(), raised

    def _upkeep(self, contracts: list[Contract]) -> Upkeep:
        tables = tables_kept(self._catalog, contracts, onward=self._onward)
        shared = (self._catalog, self._paths, self._settings, self._leases, self._heartbeat.run)
        return Upkeep(tables, *shared, self._turns)

    def _edge(self, contract: Contract, epoch: Epoch) -> TopicEdge:
        most, run = self._settings.max_offsets_per_trigger, self._heartbeat.run
        return TopicEdge(contract, self._paths, run, self._leases, self._onward_of(contract), epoch, most)

    def _onward_of(self, contract: Contract) -> Onward:
        """One for all ways into a table."""
        if contract.table not in self._onwards:
            nodes = self._catalog.made_from(contract) if self._onward else []
            now, run = datetime.now(UTC).replace(tzinfo=None), self._heartbeat.run
            context = RunContext(self._paths, self._settings, self._leases, run)
            edges = [Edge(node, contract, context, now, parents_cache=ParentsCache()) for node in nodes]
            size = self._settings.rows_per_batch * BYTES_PER_ROW
            self._onwards[contract.table] = Onward(edges, size)
        return self._onwards[contract.table]

    def _taking(self, edge: TopicEdge, raised: list[BaseException]) -> Callable[[DataFrame, int], None]:
        def take(rows: DataFrame, number: int) -> None:
            if self._stopping.is_set():
                raise Stopping
            try:
                with self._turns[edge.contract.table]:
                    taken = edge.take(rows, number)
                self._took(edge.contract.table, taken)
            except BaseException as error:
                raised.append(error)
                raise

        return take

    def _took(self, table: str, taken: Taken) -> None:
        self._alarms.notice()
        self._metrics.took(table, taken)
        with self._lock:
            flow = self._flow(table)
            self._put(
                replace(
                    flow,
                    batches=flow.batches + 1,
                    rows=flow.rows + taken.rows,
                    last_rows=taken.rows,
                    last_seconds=taken.seconds,
                    committed_at=stamp(),
                )
            )

    def _look_after(
        self, queries: list[tuple[StreamingQuery, list[BaseException]]], folders: list[Dropping]
    ) -> None:
        """Raises what a query, a folder or the alarms died of, and tells how all are doing."""
        self._alarms.check()
        for folder in folders:
            folder.check()
        for query, raised in queries:
            if query.isActive:
                self._watch(query)
            elif (error := query.exception()) is not None:
                raise meant(error, raised)
        self._beat("running")
        if self._beats:
            self._cloudwatch.beat(self._heartbeat)
        for flow in self._heartbeat.flows:
            lag = "" if flow.lag is None else f", {flow.lag:,} behind"
            last = f", last commit {flow.committed_at[11:19]}" if flow.committed_at else ""
            note = f"{flow.rows_per_second:,.0f} rows/s{lag}, last batch {flow.last_seconds:.1f} s{last}"
            tell(Event(JOB, flow.table, "going", rows=flow.rows, note=note))

    def _watch(self, query: StreamingQuery) -> None:
        if query.lastProgress is None:
            return
        progress = json.loads(query.lastProgress.json)
        table = str(query.name).rpartition(".bronze.")[2].partition(":topic")[0]
        lag = behind(progress["sources"][0])
        with self._lock:
            rate = progress.get("inputRowsPerSecond") or 0.0
            self._put(replace(self._flow(table), lag=lag, rows_per_second=rate))
        if lag is not None:
            self._metrics.lags(table, lag)

    def _flow(self, table: str) -> Flow:
        known = {flow.table: flow for flow in self._heartbeat.flows}
        contract = self._catalog.contracts.get(table)
        return known.get(table) or Flow(table, str(contract.arrives.topic) if contract else FROM_FOLDER)

    def _put(self, flow: Flow) -> None:
        others = (each for each in self._heartbeat.flows if each.table != flow.table)
        self._heartbeat = replace(self._heartbeat, flows=(*others, flow))

    def _beat(self, state: str, error: str = "") -> None:
        with self._lock:
            self._heartbeat = replace(self._heartbeat, state=state, at=time.time(), error=error)
            if self._beats:
                beat(self._paths, self._heartbeat)
