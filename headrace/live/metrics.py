"""What the standing job tells Prometheus."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from headrace.alarms.alarm import STANDING
from headrace.alarms.fold import AlarmFold
from headrace.alarms.rules import PRIORITIES
from headrace.errors import UsageError
from headrace.lake.ledger import Entry
from headrace.live.source_loop import Taken

SECONDS = (0.25, 0.5, 1, 2, 3, 5, 8, 13, 21, 34, 60)


class Metrics:
    """Counters of one run; served while it is entered, unless the port is 0."""

    def __init__(self, domain: str, port: int) -> None:
        self._port, self._domain = port, domain
        self._server: Any = None
        self._registry = CollectorRegistry()
        self._rows = Counter(
            "headrace_rows", "Rows by what became of them.", ["domain", "layer", "table", "fate"],
            registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "headrace_batch_seconds", "From the first row of a batch to its last commit.", ["domain", "table"],
            buckets=SECONDS, registry=self._registry,
        )  # fmt: skip
        self._lag = Gauge(
            "headrace_lag_messages", "Messages in the topic that were not taken yet.", ["domain", "table"],
            registry=self._registry,
        )  # fmt: skip
        self._committed = Gauge(
            "headrace_last_commit_timestamp_seconds", "When the last batch was stored.", ["domain", "table"],
            registry=self._registry,
        )  # fmt: skip

    @property
    def registry(self) -> CollectorRegistry:
        return self._registry

    def __enter__(self) -> "Metrics":
        if self._port:
            try:
                self._server, _ = start_http_server(self._port, registry=self._registry)
            except OSError as error:
                raise UsageError(
                    f"port {self._port} for the metrics cannot be used ({error.strerror}); set "
                    "HEADRACE_METRICS_PORT to another one, or to 0 for none"
                ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def took(self, table: str, taken: Taken) -> None:
        for entry in taken.entries:
            for fate, count in entry.counts.items():
                self._rows.labels(self._domain, entry.layer, entry.table, fate).inc(max(count, 0))
        self._seconds.labels(self._domain, table).observe(taken.seconds)
        self._committed.labels(self._domain, table).set_to_current_time()

    def lags(self, table: str, messages: int) -> None:
        self._lag.labels(self._domain, table).set(messages)


class AlarmMetrics:
    def __init__(self, domain: str, registry: CollectorRegistry) -> None:
        self._domain = domain
        self._standing = Gauge(
            "headrace_alarms_standing", "Alarms that are not over, by state.", ["domain", "priority", "state"],
            registry=registry,
        )  # fmt: skip
        self._events = Counter(
            "headrace_alarm_events", "What happened to alarms, and whether an operator was told.",
            ["domain", "event", "annunciated"], registry=registry,
        )  # fmt: skip
        self._suppressed = Counter(
            "headrace_alarms_suppressed", "Alarms that came while their cause was told or a flood was on.", ["domain"],
            registry=registry,
        )  # fmt: skip
        self._floods = Gauge(
            "headrace_alarm_floods", "Consoles with more alarms than an operator can take.", ["domain"],
            registry=registry,
        )  # fmt: skip
        self._rows = Counter(
            "headrace_alarm_rows", "Readings that were looked at.", ["domain"], registry=registry
        )
        self._seconds = Counter(
            "headrace_alarm_seconds", "Time it took to look at them.", ["domain"], registry=registry
        )

    def took(self, edge: AlarmFold, entries: Sequence[Entry], stored: Sequence[pa.Table]) -> None:
        for entry in entries:
            self._rows.labels(self._domain).inc(entry.rows_in)
            self._seconds.labels(self._domain).inc(entry.seconds)
        for events in stored:
            self._count(events)
        if entries:
            self._stand(edge)

    def _count(self, events: pa.Table) -> None:
        counted = events.group_by(["event", "is_annunciated"]).aggregate([([], "count_all")]).to_pylist()
        for each in counted:
            told = str(each["is_annunciated"]).lower()
            self._events.labels(self._domain, each["event"], told).inc(each["count_all"])
        came = pc.is_in(events["event"], pa.array(["raised", "suppressed"]))
        hidden = pc.and_(came, pc.fill_null(pc.equal(events["state"], "suppressed"), False))
        self._suppressed.labels(self._domain).inc(pc.sum(hidden).as_py() or 0)

    def _stand(self, edge: AlarmFold) -> None:
        standing = edge.engine.book.standing()
        for priority in PRIORITIES:
            for state in STANDING:
                self._standing.labels(self._domain, priority, state).set(standing[priority, state])
        self._floods.labels(self._domain).set(edge.engine.book.floods)
