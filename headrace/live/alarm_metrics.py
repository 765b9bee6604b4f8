"""What the alarms tell Prometheus."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from prometheus_client import CollectorRegistry, Counter, Gauge

from headrace.alarms.alarm import STANDING
from headrace.alarms.fold import AlarmFold
from headrace.alarms.rules import PRIORITIES
from headrace.lake.ledger import Entry


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
