"""Figures of the standing job, for Prometheus and for CloudWatch."""

import time
from collections import Counter as Counts
from collections.abc import Sequence
from typing import Any

import boto3
import pyarrow as pa
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from headrace.alarms.fold import AlarmFold
from headrace.alarms.register import STANDING
from headrace.alarms.rules import PRIORITIES
from headrace.errors import UsageError
from headrace.lake.ledger import Entry
from headrace.live.heartbeat import Heartbeat
from headrace.progress import Event, tell
from headrace.settings import Settings

SECONDS = (0.25, 0.5, 1, 2, 3, 5, 8, 13, 21, 34, 60)
NAMESPACE = "Headrace"
EVERY = 30.0
PATIENCE = Config(connect_timeout=3, read_timeout=3, retries={"total_max_attempts": 2})


class Metrics:
    """Prometheus' counters of one run; served while it is entered, unless the port is 0."""

    def __init__(self, domain: str, port: int) -> None:
        self._domain, self._port, self._registry = domain, port, CollectorRegistry()
        self._server: Any = None
        self._rows = self._counter("rows", "Rows by what became of them.", "layer", "table", "fate")
        self._seconds = Histogram(
            "headrace_batch_seconds", "From the first row of a batch to its last commit.", ["domain", "table"],
            buckets=SECONDS, registry=self._registry,
        )  # fmt: skip
        self._lag = self._gauge("lag_messages", "Messages in the topic that were not taken yet.", "table")
        self._committed = self._gauge(
            "last_commit_timestamp_seconds", "When the last batch was stored.", "table"
        )
        self._standing = self._gauge(
            "alarms_standing", "Alarms that are not over, by state.", "priority", "state"
        )
        self._events = self._counter(
            "alarm_events",
            "What happened to alarms, and whether an operator was told.",
            "event",
            "annunciated",
        )
        self._suppressed = self._counter(
            "alarms_suppressed", "Alarms that came while their cause was told or a flood was on."
        )
        self._floods = self._gauge("alarm_floods", "Consoles with more alarms than an operator can take.")
        self._readings = self._counter("alarm_rows", "Readings that were looked at.")
        self._reading_seconds = self._counter("alarm_seconds", "Time it took to look at them.")

    def _counter(self, name: str, description: str, *labels: str) -> Counter:
        return Counter(f"headrace_{name}", description, ["domain", *labels], registry=self._registry)

    def _gauge(self, name: str, description: str, *labels: str) -> Gauge:
        return Gauge(f"headrace_{name}", description, ["domain", *labels], registry=self._registry)

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

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def took(self, table: str, entries: Sequence[Entry], seconds: float, waiting: int | None) -> None:
        """A batch, and how many messages wait after it."""
        for entry in entries:
            for fate, count in entry.counts.items():
                self._rows.labels(self._domain, entry.layer, entry.table, fate).inc(max(count, 0))
        self._seconds.labels(self._domain, table).observe(seconds)
        self._committed.labels(self._domain, table).set_to_current_time()
        if waiting is not None:
            self._lag.labels(self._domain, table).set(waiting)

    def followed(self, fold: AlarmFold, entries: Sequence[Entry]) -> None:
        """Commits of the alarms."""
        for entry in entries:
            self._readings.labels(self._domain).inc(entry.rows_in)
            self._reading_seconds.labels(self._domain).inc(entry.seconds)
        if entries:
            machine = fold.engine.state_machine
            standing = Counts((alarm.priority, alarm.state) for alarm in machine.register.alarms.values())
            for priority in PRIORITIES:
                for state in STANDING:
                    self._standing.labels(self._domain, priority, state).set(standing[priority, state])
            self._floods.labels(self._domain).set(len(machine.notification.floods.since))

    def stored(self, events: pa.Table) -> None:
        """Events of alarms."""
        counted = events.group_by(["event", "is_annunciated", "state"]).aggregate([([], "count_all")])
        for each in counted.to_pylist():
            annunciated, count = str(each["is_annunciated"]).lower(), each["count_all"]
            self._events.labels(self._domain, each["event"], annunciated).inc(count)
            if each["event"] in ("raised", "suppressed") and each["state"] == "suppressed":
                self._suppressed.labels(self._domain).inc(count)


class CloudWatch:
    """Gets what the alarms of an environment watch: that the standing job lives, and how far it is behind. Where
    CloudWatch gives no answer the job goes on; the alarm on silence will tell of that as well."""

    def __init__(self, settings: Settings) -> None:
        self._environment, self._at, self._failed = settings.environment, 0.0, False
        self._client: Any = None

    def beat(self, heartbeat: Heartbeat) -> None:
        if not self._environment or time.monotonic() - self._at < EVERY:
            return
        self._at = time.monotonic()
        figures = {"beats": 1.0}
        lags = [flow.lag for flow in heartbeat.flows if flow.lag is not None]
        if lags:
            figures["messages_behind"] = float(max(lags))
        names = {"domain": heartbeat.domain, "environment": self._environment}
        whose = [{"Name": name, "Value": value} for name, value in names.items()]
        data = [
            {"MetricName": name, "Dimensions": whose, "Value": value, "Unit": "Count"}
            for name, value in figures.items()
        ]
        try:
            self._client = self._client or boto3.client("cloudwatch", config=PATIENCE)
            self._client.put_metric_data(Namespace=NAMESPACE, MetricData=data)
            self._failed = False
        except (BotoCoreError, ClientError) as error:
            if not self._failed:
                tell(Event("stream", "CloudWatch", "failed", note=f"it is not told how we do: {error}"))
            self._failed = True
