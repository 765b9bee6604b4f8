"""From a batch of readings to events: detectors find what begins and ends, the book decides who is told.

No files and no clock here: the same readings in the same batches give the same events, with the same names.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.alarms.actions import Received
from headrace.alarms.detectors.drift import Drift
from headrace.alarms.detectors.failing import Failing
from headrace.alarms.detectors.limit import Limit
from headrace.alarms.detectors.silent import Silent
from headrace.alarms.detectors.stuck import Stuck
from headrace.alarms.events import as_table
from headrace.alarms.levels import Levels
from headrace.alarms.readings import Clock, Readings
from headrace.alarms.rules import Rules
from headrace.alarms.senders import Senders
from headrace.alarms.state_machine import StateMachine
from headrace.alarms.transitions import Detector, in_order

DETECTORS: tuple[Callable[[Senders], Detector], ...] = (Silent, Stuck, Limit)


class AlarmProcessor:
    def __init__(self, rules: Rules) -> None:
        self.rules, self.senders, self.clock = rules, Senders(rules), Clock()
        self.levels = Levels(self.senders)
        slow = (Failing(self.senders, self.levels), Drift(self.senders, self.levels))
        self.detectors = [*(made(self.senders) for made in DETECTORS), *slow]
        self.book = StateMachine(self.senders)
        self.late = 0

    def step(self, rows: pa.Table) -> pa.Table:
        """The events of one batch of rows of the followed table, in any order."""
        readings = self.readings(rows)
        self.late = readings.late
        found = [(detector, detector.step(readings)) for detector in self.detectors]
        return as_table(self.book.take(in_order(found), readings.now))

    def act(self, received: Iterable[Received]) -> pa.Table:
        """The events of what operators did, as of how far time has come."""
        events = []
        for each in received:
            action = each.as_action()
            events += self.book.act(action) if action else self.book.refuse(each.refused)
        return as_table(events)

    def readings(self, rows: pa.Table) -> Readings:
        codes = self.senders.codes(rows[self.rules.sender].cast(pa.string()))
        at = rows[self.rules.at].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
        values = pc.fill_null(rows[self.rules.value].cast(pa.float64()), np.nan).to_numpy()
        return self.clock.readings(codes, at, values, len(self.senders))

    def state(self) -> dict[str, np.ndarray]:
        parts: dict[str, Mapping[str, np.ndarray]] = {
            "senders": self.senders.state(),
            "clock": self.clock.state(),
            "book": self.book.state(),
            "levels": self.levels.state(),
        }
        parts |= {detector.kind: detector.state() for detector in self.detectors}
        return {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        def of(part: str) -> dict[str, np.ndarray]:
            return {
                name.partition(".")[2]: array
                for name, array in state.items()
                if name.partition(".")[0] == part
            }

        self.senders.restore(of("senders"))
        self.clock.restore(of("clock"))
        self.book.restore(of("book"))
        for detector in self.detectors:
            if kept := of(detector.kind):  # one that is new here begins with nothing
                detector.restore(kept)
        if kept := of("levels"):
            self.levels.restore(kept)
