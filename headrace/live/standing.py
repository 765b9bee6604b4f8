"""The standing job: a domain's topics into bronze and silver until it is told to stop."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from headrace.contracts.model import Contract
from headrace.errors import HeadraceError, UsageError
from headrace.lake import log
from headrace.lake.epochs import Epoch
from headrace.lake.lease import STANDING, Leases, leased
from headrace.lake.paths import Paths
from headrace.lake.session import get_spark
from headrace.live.broker import check_topic
from headrace.live.edge import Taken, TopicEdge
from headrace.live.heartbeat import Flow, Heartbeat, beat, stamp
from headrace.live.loss import MessagesLost, Reading
from headrace.live.metrics import Metrics
from headrace.live.topic import read_topic
from headrace.live.trouble import LossSuspected, stream_trouble
from headrace.progress import Event, tell
from headrace.refine.bronze import create_bronze
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.edge import Edge, KeptParents
from headrace.refine.run import BYTES_PER_ROW
from headrace.settings import Settings

JOB = "stream"
BEAT_SECONDS = 1.0
SETTLE_WITHIN = 30.0


def stand(
    domain: str,
    settings: Settings,
    stop: threading.Event,
    *,
    until_empty: bool = False,
    accept_loss: bool = False,
    layers: Collection[str] = ("bronze", "silver"),
) -> Heartbeat:
    """Runs until `stop` is set, or (until_empty) until all that is in the topics by now is taken. With bronze alone
    in `layers`, silver is left to whoever refines. accept_loss: goes past messages that the topic has forgotten."""
    paths, catalog = Paths.of(domain, settings), load_tables(domain)
    contracts = [contract for contract in catalog.contracts.values() if contract.arrives.topic]
    if not contracts:
        raise UsageError(f"no table of {domain} arrives by a topic; its contracts say arrives: {{topic: …}}")
    for contract in contracts:
        check_topic(str(contract.arrives.topic), settings)
    _check_parents(catalog, contracts, paths)
    run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
    urls = [paths.lease(layer, name) for layer, name in tables_of(catalog, contracts) if layer in layers]
    with leased(urls, job=f"{STANDING} of {domain}", seconds=settings.lease_seconds) as leases:
        job = _Job(catalog, paths, settings, leases, run, onward="silver" in layers, accept_loss=accept_loss)
        return job.run(contracts, stop, until_empty=until_empty)


def tables_of(catalog: Catalog, contracts: list[Contract]) -> Iterator[tuple[str, str]]:
    """The tables that the standing job writes."""
    for contract in contracts:
        yield "bronze", contract.table
        yield from (("silver", node.name) for node in catalog.made_from(contract))


def _check_parents(catalog: Catalog, contracts: list[Contract], paths: Paths) -> None:
    for layer, name in tables_of(catalog, contracts):
        if layer == "bronze":
            continue
        node = catalog.node(name, layer)
        for ref in list(node.upstream.values())[1:]:
            if not log.exists(paths.table(ref.layer, ref.name)):
                raise UsageError(
                    f"{node.ref} needs {ref}, which is not there yet: run headrace refine {paths.domain} first"
                )


class _Stopping(Exception):
    """Ends a stream before it begins another batch."""


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
    ) -> None:
        self._catalog, self._paths, self._settings, self._leases = catalog, paths, settings, leases
        self._onward, self._accept_loss = onward, accept_loss
        self._metrics = Metrics(paths.domain, settings.metrics_port)
        self._lock, self._stopping = threading.Lock(), threading.Event()
        self._heartbeat = Heartbeat(paths.domain, run, "starting", 0, stamp())

    def run(self, contracts: list[Contract], stop: threading.Event, *, until_empty: bool) -> Heartbeat:
        self._beat("starting")
        try:
            self._run_and_name_losses(contracts, stop, until_empty=until_empty)
        except BaseException as error:
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
        return Reading(str(contract.arrives.topic), contract.table, self._paths, self._settings)

    def _run(self, contracts: list[Contract], stop: threading.Event, *, until_empty: bool) -> None:
        with ExitStack() as stack:
            stack.enter_context(self._metrics)
            spark = get_spark(self._settings)
            queries = [self._start(spark, contract, until_empty=until_empty) for contract in contracts]
            stack.callback(_stop_all, queries)
            self._beat("running")
            while not stop.wait(BEAT_SECONDS):
                self._look_after(queries)
                if not any(query.isActive for query, _ in queries):
                    break
            self._beat("stopping")
            self._stopping.set()
            _settle(queries)

    def _start(
        self, spark: SparkSession, contract: Contract, *, until_empty: bool
    ) -> tuple[StreamingQuery, list[BaseException]]:
        epoch = self._reading(contract).go_on(self._heartbeat.run, accept_loss=self._accept_loss)
        edge = self._edge(contract, epoch)
        if not log.exists(edge.target):
            create_bronze(spark, contract, edge.target)
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

    def _edge(self, contract: Contract, epoch: Epoch) -> TopicEdge:
        nodes = self._catalog.made_from(contract) if self._onward else []
        now = datetime.now(UTC).replace(tzinfo=None)
        run = self._heartbeat.run
        onward = [
            Edge(node, contract, self._paths, run, now, self._leases, kept=KeptParents()) for node in nodes
        ]
        size = self._settings.rows_per_batch * BYTES_PER_ROW
        return TopicEdge(contract, self._paths, run, self._leases, onward, size, epoch)

    def _taking(self, edge: TopicEdge, raised: list[BaseException]) -> Callable[[DataFrame, int], None]:
        def take(rows: DataFrame, number: int) -> None:
            if self._stopping.is_set():
                raise _Stopping
            try:
                self._took(edge, edge.take(rows, number))
            except BaseException as error:
                raised.append(error)
                raise

        return take

    def _took(self, edge: TopicEdge, taken: Taken) -> None:
        table = edge.contract.table
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

    def _look_after(self, queries: list[tuple[StreamingQuery, list[BaseException]]]) -> None:
        """Raises what a query died of, and tells how all are doing."""
        for query, raised in queries:
            if query.isActive:
                self._watch(query)
            elif (error := query.exception()) is not None:
                raise _meant(error, raised)
        self._beat("running")
        for flow in self._heartbeat.flows:
            lag = "" if flow.lag is None else f", {flow.lag:,} behind"
            note = f"{flow.rows_per_second:,.0f} rows/s{lag}, last batch {flow.last_seconds:.1f} s"
            tell(Event(JOB, flow.table, "going", rows=flow.rows, note=note))

    def _watch(self, query: StreamingQuery) -> None:
        if query.lastProgress is None:
            return
        progress = json.loads(query.lastProgress.json)
        table = str(query.name).rpartition(".bronze.")[2].partition(":topic")[0]
        lag = _behind(progress["sources"][0])
        with self._lock:
            rate = progress.get("inputRowsPerSecond") or 0.0
            self._put(replace(self._flow(table), lag=lag, rows_per_second=rate))
        if lag is not None:
            self._metrics.lags(table, lag)

    def _flow(self, table: str) -> Flow:
        known = {flow.table: flow for flow in self._heartbeat.flows}
        return known.get(table) or Flow(table, str(self._catalog.contracts[table].arrives.topic))

    def _put(self, flow: Flow) -> None:
        others = (each for each in self._heartbeat.flows if each.table != flow.table)
        self._heartbeat = replace(self._heartbeat, flows=(*others, flow))

    def _beat(self, state: str, error: str = "") -> None:
        with self._lock:
            self._heartbeat = replace(self._heartbeat, state=state, at=time.time(), error=error)
            beat(self._paths, self._heartbeat)


def _behind(source: dict[str, Any]) -> int | None:
    """Messages that are in the topic beyond what the last batch took."""
    latest, taken = (_offsets(source.get(name)) for name in ("latestOffset", "endOffset"))
    return sum(latest.values()) - sum(taken.values()) if latest and taken else None


def _offsets(by_topic: dict[str, dict[str, int]] | None) -> dict[str, int]:
    return {f"{topic}/{name}": at for topic, each in (by_topic or {}).items() for name, at in each.items()}


def _stop_all(queries: list[tuple[StreamingQuery, list[BaseException]]]) -> None:
    for query, _ in queries:
        if query.isActive:
            query.stop()


def _settle(queries: list[tuple[StreamingQuery, list[BaseException]]]) -> None:
    """Lets the batch that is under way end, unless it hangs (on a broker that is away): it is done again then."""
    end = time.monotonic() + SETTLE_WITHIN
    for query, raised in queries:
        while query.isActive and query.status["isTriggerActive"] and time.monotonic() < end:
            time.sleep(0.1)
        error = query.exception()
        if error is not None and (raised or _Stopping.__name__ not in str(error)):
            raise _meant(error, raised)


def _meant(error: StreamingQueryException, raised: list[BaseException]) -> BaseException:
    if raised:
        return raised[0] if isinstance(raised[0], HeadraceError) else (stream_trouble(raised[0]) or raised[0])
    return stream_trouble(error) or HeadraceError(str(error))
