"""What the standing job tells Prometheus."""

from types import TracebackType
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from headrace.errors import UsageError
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
