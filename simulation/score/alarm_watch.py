"""Watches one panel: feeds the engine of alarms in order of time, and records its alarms and when each sender sent."""

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.alarms.processor import AlarmProcessor
from headrace.alarms.rules import Rules
from simulation.score.matching import HOUR, Planted, Raised
from simulation.score.panels import Readings

DAY = 24 * HOUR
MANY_A_DAY = 20_000


class SenderActivity:
    """When each sender sent, so that faults planted on a sender that is off do not count."""

    def __init__(self) -> None:
        self._parts: list[Readings] = []
        self._by_sender: dict[str, np.ndarray] | None = None

    def take(self, readings: Readings) -> None:
        self._parts.append(readings)

    def shows(self, planted: Planted) -> bool:
        """Whether the sender sent enough around the fault for it to be seen."""
        if planted.at is not None:
            return True
        at = self._sorted().get(planted.subject, np.empty(0, np.int64))
        before, begin, end, after = np.searchsorted(
            at, [planted.begin - DAY, planted.begin, planted.end, planted.end + DAY]
        )
        if planted.kind == "silent":
            return bool(begin > before and after > end)
        return bool(begin > before and end > begin + 1)

    def _sorted(self) -> dict[str, np.ndarray]:
        if self._by_sender is None:
            parts: dict[str, list[np.ndarray]] = defaultdict(list)
            for each in self._parts:
                order = np.argsort(each.codes, kind="stable")
                bounds = np.searchsorted(each.codes[order], np.arange(len(each.senders) + 1))
                for code, sender in enumerate(each.senders.to_pylist()):
                    parts[sender].append(each.at[order[bounds[code] : bounds[code + 1]]])
            self._by_sender = {sender: np.concatenate(found) for sender, found in parts.items()}
        return self._by_sender


class AlarmWatch:
    """Feeds the engine slices of time, with the senders' versions of that time, and records the alarms it raises."""

    def __init__(self, engine: AlarmProcessor, versions: pa.Table, rules: Rules) -> None:
        self._engine, self._versions, self._rules = engine, versions, rules
        self._from = versions["effective_from"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
        self._known = 0
        self._standing: dict[tuple[str, str], tuple[int, int, str]] = {}
        self._raised: list[Raised] = []
        self._last = self.rows = 0

    def take(self, readings: Readings) -> None:
        step = DAY if len(readings.at) < MANY_A_DAY * _days(readings.at) else HOUR
        bounds = np.flatnonzero(np.diff(readings.at // step, prepend=-1))
        for begin, end in zip(bounds, [*bounds[1:], len(readings.at)], strict=True):
            self._meet(int(readings.at[begin]))
            codes = pa.array(readings.codes[begin:end])
            rows = pa.table(
                {
                    self._rules.senders.key: pa.DictionaryArray.from_arrays(codes, readings.senders),
                    self._rules.at: pa.array(readings.at[begin:end]).cast(pa.timestamp("us", "UTC")),
                    self._rules.value: pa.array(readings.values[begin:end]),
                }
            )
            self._read(self._engine.step(rows))
        self._last, self.rows = int(readings.at[-1]), self.rows + len(readings.at)

    def raised(self) -> tuple[Raised, ...]:
        """All alarms; those that still stand end with the last reading."""
        left = [
            Raised(kind, subject, group, since, at, self._last)
            for (kind, subject), (since, at, group) in self._standing.items()
        ]
        return (*self._raised, *left)

    def _meet(self, now: int) -> None:
        """Gives the engine the versions that have begun by `now`. A sender's first one holds for all time before."""
        known = len(self._from) if self._known == 0 else int(np.searchsorted(self._from, now, side="right"))
        if self._known == 0:
            first = self._versions.filter(pc.equal(self._versions["version"], 1))
            self._engine.senders.take(first)
            self._known = int(np.searchsorted(self._from, now, side="right"))
        elif known > self._known:
            self._engine.senders.take(self._versions.slice(self._known, known - self._known))
            self._known = known

    def _read(self, events: pa.Table) -> None:
        names = ("event", "kind", "subject", "group_id", "event_at", "since")
        plain = events.select(names).set_column(4, "event_at", events["event_at"].cast(pa.int64()))
        plain = plain.set_column(5, "since", events["since"].cast(pa.int64()))
        for each in plain.to_pylist():
            key = (each["kind"], each["subject"])
            if each["event"] == "raised":
                self._standing[key] = (
                    each["since"] or each["event_at"],
                    each["event_at"],
                    each["group_id"] or "",
                )
            elif each["event"] == "cleared" and key in self._standing:
                since, at, group = self._standing.pop(key)
                self._raised.append(Raised(*key, group, since, at, each["event_at"]))


def _days(at: np.ndarray) -> float:
    return max(1.0, (int(at[-1]) - int(at[0])) / DAY)
