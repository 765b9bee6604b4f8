"""Values beyond a sender's own limits, with deadband and delays against chatter.

Each of the four limits is a switch of its own: it flips once the contrary has held for its delay and for as many
readings as the rules ask. Only senders that are beyond a limit, or have a switch on or about to flip, are looked at
reading by reading, all of them at once: their first readings, then their second ones, and so on.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from headrace.alarms.arrays import Arrays
from headrace.alarms.readings import Readings, in_rounds
from headrace.alarms.senders import Senders
from headrace.alarms.transitions import Transitions

NO_TIME = np.int64(-1)
SIGNS = (-1, -1, 1, 1)
PLACES = np.array([-1, 2, 3, 0, 1])
"""The row of the limits that a severity is about: 1 and 2 above, -2 and -1 (counted from the end) below."""


class Limit:
    kind = "limit"
    of: Literal["sender", "group"] = "sender"

    def __init__(self, senders: Senders) -> None:
        self._senders = senders
        self._kept = Arrays(
            is_on=(np.bool_(False), 4),
            since=(NO_TIME, 4),
            count=(np.int32(0), 4),
            is_busy=np.bool_(False),
        )

    def step(self, readings: Readings) -> Transitions:
        self._kept.fit(readings.senders)
        rows = self._rows_of_interest(readings)
        if not len(rows):
            return Transitions.none()
        codes, at, values = readings.codes[rows], readings.at[rows], readings.values[rows]
        machine = _Machine(self._senders, self._kept)
        return Transitions.joined(
            [machine.turn(codes[now], at[now], values[now]) for now in in_rounds(codes)]
        )

    def state(self) -> dict[str, np.ndarray]:
        return self._kept.state()

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._kept.restore(state)

    def _rows_of_interest(self, readings: Readings) -> np.ndarray:
        """All readings of senders that are not at rest or have two beyond a limit in a row. Of others, those beyond and
        the next ones: whatever else a sender at rest shows changes nothing."""
        low, high = self._inner_limits()
        read = np.flatnonzero(~np.isnan(readings.values))
        codes, values = readings.codes[read], readings.values[read]
        beyond = (values < low[codes]) | (values > high[codes])
        follows = np.zeros_like(beyond)
        follows[1:] = beyond[:-1] & (codes[1:] == codes[:-1])
        one_is_enough = self._senders.setting(lambda of: of.limit.readings) == 1
        marked = self._kept["is_busy"].copy()
        marked[codes[beyond & (follows | one_is_enough[codes])]] = True
        found: np.ndarray = read[beyond | follows | marked[codes]]
        return found

    def _inner_limits(self) -> tuple[np.ndarray, np.ndarray]:
        """The nearer of the two on each side; one that is not there is never passed."""
        low_low, low, high, high_high = self._senders.limits
        lower, upper = np.fmax(low_low, low), np.fmin(high, high_high)
        enabled = self._senders.setting(lambda of: of.limit.enabled)
        return np.where(enabled, lower, np.nan), np.where(enabled, upper, np.nan)


class _Machine:
    """Takes one reading of each of some senders at a time."""

    def __init__(self, senders: Senders, kept: Arrays) -> None:
        self._limits, self._kept = senders.limits, kept
        low, high = senders.limits[1], senders.limits[2]
        band = np.nan_to_num(high - low)
        self._deadband = senders.setting(lambda of: of.limit.deadband) * band
        self._on = senders.setting(lambda of: of.limit.on_delay).astype(np.int64)
        self._off = senders.setting(lambda of: of.limit.off_delay).astype(np.int64)
        self._readings = senders.setting(lambda of: of.limit.readings)

    def turn(self, codes: np.ndarray, at: np.ndarray, values: np.ndarray) -> Transitions:
        before = self._severity(codes)
        since = np.full(len(codes), NO_TIME)
        for limit in range(4):
            since = np.maximum(since, self._switch(limit, codes, at, values))
        after = self._severity(codes)
        self._kept["is_busy"][codes] = (after != 0) | (self._kept["since"][codes] != NO_TIME).any(axis=1)
        told = np.flatnonzero(before != after)
        if not len(told):
            return Transitions.none()
        shown = np.where(after != 0, after, before)[told]
        return Transitions.of(
            codes[told],
            at[told],
            is_on=after[told] != 0,
            severity=np.abs(shown),
            value=values[told],
            limit=self._limits[PLACES[shown], codes[told]],
            since=since[told],
        )

    def _switch(self, limit: int, codes: np.ndarray, at: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Since when the contrary of what was has held, for those that flipped now; NO_TIME for the others."""
        is_on, since, count = (self._kept[name][:, limit] for name in ("is_on", "since", "count"))
        on_now, sign = is_on[codes], SIGNS[limit]
        bound = self._limits[limit, codes] - np.where(on_now, sign * self._deadband[codes], 0.0)
        contrary = (sign * values > sign * bound) != on_now
        begun = np.where(contrary, np.where(since[codes] == NO_TIME, at, since[codes]), NO_TIME)
        times = np.where(contrary, count[codes] + 1, 0)
        delay = np.where(on_now, self._off[codes], self._on[codes])
        flips = contrary & (at - begun >= delay) & (times >= self._readings[codes])
        is_on[codes] = on_now ^ flips
        since[codes], count[codes] = np.where(flips, NO_TIME, begun), np.where(flips, 0, times)
        return np.where(flips, begun, NO_TIME)

    def _severity(self, codes: np.ndarray) -> np.ndarray:
        """-2 and -1 below the limits, 1 and 2 above them, 0 within."""
        low_low, low, high, high_high = self._kept["is_on"][codes].T
        above = np.where(high_high, 2, np.where(high, 1, 0))
        below = np.where(low_low, 2, np.where(low, 1, 0))
        found: np.ndarray = np.where(above != 0, above, -below)
        return found
