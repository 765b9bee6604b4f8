"""Values beyond a sender's own limits, with deadband and delays against chatter.

Each of the four limits is a switch: it flips once the contrary has held for its delay and for as many readings as the
rules ask. Only senders beyond a limit, or with a switch on or about to flip, are looked at reading by reading.
"""

import numpy as np

from headrace.alarms.detectors.detector import Detector, Readings, in_rounds, joined, transitions
from headrace.alarms.senders import Senders

NO_TIME = np.int64(-1)
SIGNS = (-1, -1, 1, 1)
PLACES = np.array([-1, 2, 3, 0, 1])
"""The row of the limits that a severity is about: 1 and 2 above, -2 and -1 (counted from the end) below."""


class Limit(Detector):
    kind = "limit"

    def __init__(self, senders: Senders) -> None:
        super().__init__(
            senders, is_on=np.zeros(4, np.bool_), since=np.full(4, NO_TIME), count=np.zeros(4, np.int32),
            is_busy=np.bool_(False),
        )  # fmt: skip

    def step(self, readings: Readings) -> np.ndarray:
        self._arrays.fit(readings.senders)
        rows = self._rows_of_interest(readings)
        codes, at, values = readings.codes[rows], readings.at[rows], readings.values[rows]
        return joined(self._turn(codes[now], at[now], values[now]) for now in in_rounds(codes))

    def _rows_of_interest(self, readings: Readings) -> np.ndarray:
        """All readings of senders that are not at rest or have two beyond a limit in a row. Of others, those beyond and
        the next ones: all other readings of a sender at rest change nothing."""
        low_low, low, high, high_high = self._senders.limits
        enabled = self._senders.setting(lambda of: of.limit.enabled)
        lower = np.where(enabled, np.fmax(low_low, low), np.nan)  # a limit that is not there is never passed
        upper = np.where(enabled, np.fmin(high, high_high), np.nan)
        read = np.flatnonzero(~np.isnan(readings.values))
        codes, values = readings.codes[read], readings.values[read]
        beyond = (values < lower[codes]) | (values > upper[codes])
        follows = np.zeros_like(beyond)
        follows[1:] = beyond[:-1] & (codes[1:] == codes[:-1])
        one_is_enough = self._senders.setting(lambda of: of.limit.readings) == 1
        marked = self._arrays["is_busy"].copy()
        marked[codes[beyond & (follows | one_is_enough[codes])]] = True
        return np.take(read, np.flatnonzero(beyond | follows | marked[codes]))

    def _turn(self, codes: np.ndarray, at: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Takes one reading of each of some senders."""
        limits, setting = self._senders.limits[:, codes], self._senders.setting
        low, high = limits[1], limits[2]
        band = np.nan_to_num(np.where(np.isnan(high - low), np.fmax(np.abs(low), np.abs(high)), high - low))
        deadband = setting(lambda of: of.limit.deadband)[codes] * band
        on_delay = setting(lambda of: of.limit.on_delay)[codes].astype(np.int64)
        off_delay = setting(lambda of: of.limit.off_delay)[codes].astype(np.int64)
        least = setting(lambda of: of.limit.readings)[codes]
        before, since = self._severity(codes), np.full(len(codes), NO_TIME)
        for limit, sign in enumerate(SIGNS):
            is_on, held_since, count = (self._arrays[name][:, limit] for name in ("is_on", "since", "count"))
            was_on, held = is_on[codes], held_since[codes]
            bound = limits[limit] - np.where(was_on, sign * deadband, 0.0)
            contrary = (sign * values > sign * bound) != was_on
            begun = np.where(contrary, np.where(held == NO_TIME, at, held), NO_TIME)
            times = np.where(contrary, count[codes] + 1, 0)
            flips = contrary & (at - begun >= np.where(was_on, off_delay, on_delay)) & (times >= least)
            is_on[codes] = was_on ^ flips
            held_since[codes], count[codes] = np.where(flips, NO_TIME, begun), np.where(flips, 0, times)
            since = np.maximum(since, np.where(flips, begun, NO_TIME))
        after = self._severity(codes)
        self._arrays["is_busy"][codes] = (after != 0) | (self._arrays["since"][codes] != NO_TIME).any(axis=1)
        changed = np.flatnonzero(before != after)
        shown = np.where(after != 0, after, before)[changed]
        return transitions(
            codes[changed], at[changed], is_on=after[changed] != 0, severity=np.abs(shown),
            value=values[changed], limit=limits[PLACES[shown], changed], since=since[changed],
        )  # fmt: skip

    def _severity(self, codes: np.ndarray) -> np.ndarray:
        """-2 and -1 below the limits, 1 and 2 above them, 0 within."""
        low_low, low, high, high_high = self._arrays["is_on"][codes].T
        above = np.where(high_high, 2, np.where(high, 1, 0))
        below = np.where(low_low, 2, np.where(low, 1, 0))
        return np.where(above != 0, above, -below)
