"""From a batch of readings to events: detectors find what begins and ends, the state machine decides who is told.

No files and no clock here: the same readings in the same batches give the same events, with the same names.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.alarms.actions import Received
from headrace.alarms.blocks import Blocks
from headrace.alarms.detectors.detector import NEVER, Arrays, Detector, Readings, in_order, joined
from headrace.alarms.detectors.drift import Drift
from headrace.alarms.detectors.failing import Failing
from headrace.alarms.detectors.limit import Limit
from headrace.alarms.detectors.silent import Silent
from headrace.alarms.detectors.stuck import Stuck
from headrace.alarms.events import as_table
from headrace.alarms.levels import Levels
from headrace.alarms.rules import Rules
from headrace.alarms.senders import Senders, sender_ids
from headrace.alarms.state_machine import StateMachine

AHEAD = 0.05  # of the senders may have clocks that run ahead
FEW = 3


class Clock:
    """Puts batches in order, and knows how far event time has come and when each sender was last read. A row that is
    older than its sender's last one is late, and so is a second one of the same instant: it is only counted."""

    def __init__(self) -> None:
        self._known = Arrays(last=NEVER)
        self._now = int(NEVER)

    def readings(self, codes: np.ndarray, at: np.ndarray, values: np.ndarray, senders: int) -> Readings:
        self._known.fit(senders)
        known = self._known["last"]
        order = _order(codes, at)
        if order is not None:
            codes, at, values = codes[order], at[order], values[order]
        is_new = at > known[codes]
        is_new[1:] &= (at[1:] != at[:-1]) | (codes[1:] != codes[:-1])
        late = len(at) - int(np.count_nonzero(is_new))
        if late:
            codes, at, values = codes[is_new], at[is_new], values[is_new]
        previous = np.empty_like(at)
        previous[1:] = at[:-1]
        begins = np.flatnonzero(np.diff(codes, prepend=-1))
        previous[begins] = known[codes[begins]]
        lasts = at[np.flatnonzero(np.diff(codes, append=-1))]
        known[codes[begins]] = lasts
        if len(lasts):  # a few senders whose clocks run ahead do not carry the others along
            ahead = min(len(lasts), max(FEW, int(len(lasts) * AHEAD)))
            self._now = max(self._now, int(np.partition(lasts, -ahead)[-ahead]))
        return Readings(codes, at, values, previous, self._now, late, senders)

    def state(self) -> dict[str, np.ndarray]:
        return self._known.state() | {"now": np.array(self._now)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._known.restore(state)
        self._now = int(state["now"])


def _order(codes: np.ndarray, at: np.ndarray) -> np.ndarray | None:
    """By sender and time; None where they lie so already. Rows of the same instant stay in their order."""
    if len(codes) < 2:
        return None
    since = at - at.min()
    unit = next(unit for unit in (1_000_000, 1_000, 1) if not np.any(since % unit))
    span = int(since.max()) // unit + 1
    if int(codes.max()) * span >= 2**62:
        return np.lexsort((at, codes))
    key = codes.astype(np.int64) * span + since // unit
    if bool(np.all(key[1:] >= key[:-1])):
        return None
    bits = len(key).bit_length()
    if int(key.max()) >= 2 ** (62 - bits):
        return np.argsort(key, kind="stable")
    # Sorting numbers is four times as fast as sorting their places.
    packed = (key << bits) | np.arange(len(key))
    packed.sort()
    order: np.ndarray = packed & ((1 << bits) - 1)
    return order


Part = Senders | Clock | StateMachine | Blocks | Levels | Detector


class AlarmProcessor:
    def __init__(self, rules: Rules) -> None:
        self.rules, self.senders, self.clock = rules, Senders(rules), Clock()
        self.blocks, self.levels = Blocks(), Levels(self.senders)
        self.detectors: list[Silent | Stuck | Limit] = [
            Silent(self.senders),
            Stuck(self.senders),
            Limit(self.senders),
        ]
        self.slow_detectors: list[Failing | Drift] = [Failing(self.senders), Drift(self.senders)]
        self.state_machine = StateMachine(self.senders)
        self.late = 0

    def step(self, rows: pa.Table) -> pa.Table:
        """The events of one batch of rows of the followed table, in any order."""
        readings = self.readings(rows)
        self.late = readings.late // len(self.rules.values_of_a_row)  # a row is late with all that it holds
        courses = [self.levels.course(block) for block in self.blocks.closed(readings)]
        changes: list[tuple[Detector, np.ndarray]] = [(each, each.step(readings)) for each in self.detectors]
        changes += [(each, joined(map(each.judge, courses))) for each in self.slow_detectors]
        return as_table(self.state_machine.take(in_order(changes), readings.now))

    def act(self, received: Iterable[Received]) -> pa.Table:
        """The events of actions of operators, as of how far time has come."""
        return as_table([event for each in received for event in self.state_machine.act(each)])

    def readings(self, rows: pa.Table) -> Readings:
        held = self.rules.values_of_a_row
        codes = [self.senders.codes(sender_ids(rows[self.rules.senders.key], name)) for name in held]
        at = rows[self.rules.at].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
        columns = (rows[each.column].cast(pa.float64()) for each in held.values())
        values = [pc.fill_null(column, np.nan).to_numpy() for column in columns]
        return self.clock.readings(
            np.concatenate(codes), np.tile(at, len(held)), np.concatenate(values), len(self.senders)
        )

    def state(self) -> dict[str, np.ndarray]:
        parts = self._parts()
        return {f"{part}.{name}": array for part in parts for name, array in parts[part].state().items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        for part, owner in self._parts().items():
            own = {name[len(part) + 1 :]: each for name, each in state.items() if name.startswith(f"{part}.")}
            if own:  # a detector that is new here begins with nothing
                owner.restore(own)

    def _parts(self) -> dict[str, Part]:
        """By their names in a checkpoint."""
        parts: dict[str, Part] = {"senders": self.senders, "clock": self.clock, "book": self.state_machine}
        detectors = {each.kind: each for each in (*self.detectors, *self.slow_detectors)}
        return parts | {"blocks": self.blocks, "levels": self.levels} | detectors
