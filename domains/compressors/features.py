"""What the last hour, four hours and day of a machine say, at each of its readings, in NumPy.

All is of the reading itself and of those before it: what comes later changes no feature. Readings lie in one array
after another, machine by machine and in order of time, so a window is a range of places, and sums over windows are
differences of sums from the beginning.
"""

from dataclasses import dataclass, field

import numpy as np

Array = np.ndarray
HOUR = 3600
WINDOWS = {"1hr": HOUR, "4hr": 4 * HOUR, "24hr": 24 * HOUR}
SIGMAS, JUMP_SIGMAS = 4.0, 4.0
FEWEST_BEFORE = 36  # running readings of the day before that it takes to judge one
LEAST_DEVIATION = 0.01  # of the mean: instruments are no better
SCALE = 1000
"""Parts of a unit that instruments tell. Values up to 20,000 keep a day of squares within whole numbers."""
MACHINE_BITS = 40
"""Seconds since 1970 take fewer: machine and second make one number that ascends."""
AN_HOUR_BEFORE = (HOUR, 2 * HOUR)
"""How old the reading may be that a change over an hour is counted from."""


@dataclass(frozen=True)
class Readings:
    """`machine` ascending, and `second` within it; `is_running` says whether it ran."""

    machine: Array
    second: Array
    is_running: Array
    _after: dict[int, Array] = field(default_factory=dict)

    def after(self, seconds: int) -> Array:
        """The first place of each reading's machine that is later than so many seconds before it. All signals ask for
        the same ones, so each is looked for once."""
        if seconds not in self._after:
            own = self.machine.astype(np.int64) << MACHINE_BITS
            found = np.searchsorted(own + self.second, own + (self.second - seconds), side="right")
            self._after[seconds] = np.maximum(found, np.searchsorted(self.machine, self.machine, side="left"))
        return self._after[seconds]


def damped(readings: Readings, values: Array, scale: int = SCALE) -> tuple[Array, Array]:
    """The values, isolated spikes brought back to four deviations of the day before; and which of them are spikes.

    A spike is far from that day and far from the reading before it. The second reading of a real change is not far from
    the first one, so a run-up is kept, and a step is believed ten minutes late.
    """
    is_spike, limit, here = np.zeros(len(values), bool), values, np.arange(len(values))
    before = last_known(readings, np.where(readings.is_running, values, np.nan))
    for _ in range(2):  # what was found first no longer widens the deviation by which the others are judged
        believed = np.where(readings.is_running & ~is_spike, values, np.nan)
        mean, deviation, count = moments(believed, readings.after(WINDOWS["24hr"]), here, scale)
        deviation = np.maximum(deviation, LEAST_DEVIATION * np.abs(mean))
        off = values - mean
        with np.errstate(invalid="ignore"):
            is_far = (np.abs(off) > SIGMAS * deviation) & (np.abs(values - before) > JUMP_SIGMAS * deviation)
        is_spike = is_far & readings.is_running & (count >= FEWEST_BEFORE)
        limit = np.round((mean + np.sign(off) * SIGMAS * deviation) * scale) / scale
    return np.where(is_spike, limit, values), is_spike


def last_known(readings: Readings, values: Array) -> Array:
    """The newest known value before each reading, of an hour at most; NaN where there is none."""
    here = np.arange(len(values))
    newest = np.maximum.accumulate(np.where(np.isnan(values), -1, here)) if len(values) else here
    before = np.r_[-1, newest[:-1]] if len(values) else here
    is_there = before >= readings.after(HOUR)
    return np.where(is_there, values[np.maximum(before, 0)], np.nan)


def moments(values: Array, begin: Array, end: Array, scale: int = SCALE) -> tuple[Array, Array, Array]:
    """Mean, deviation and count of the known values between places, `end` not included; NaN where there is none (for a
    deviation: fewer than two).

    Sums are of whole numbers, `scale` parts of a unit, so they are exact and do not depend on what else is in the
    array: running sums may run over, their differences do not.
    """
    known = ~np.isnan(values)
    parts = np.rint(np.where(known, values, 0.0) * scale).astype(np.int64)
    sums, squares, counts = (
        np.r_[0, np.cumsum(each)] for each in (parts, parts * parts, known.astype(np.int64))
    )
    total, square, count = (each[end] - each[begin] for each in (sums, squares, counts))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, total / (count * scale), np.nan)
        apart = (count * square - total * total) / (count * (count - 1.0))
        deviation = np.where(count > 1, np.sqrt(apart) / scale, np.nan)
    return mean, deviation, count


def highest(values: Array, begin: Array, end: Array) -> Array:
    """The highest known value between places, `end` not included; NaN where there is none. A range is covered by two
    stretches whose lengths are a power of two."""
    level = np.where(np.isnan(values), -np.inf, values)
    length = np.maximum(end - begin, 1)
    power = np.floor(np.log2(length)).astype(np.int64)
    found = np.full(len(begin), -np.inf)
    for each in range(int(power.max(initial=0)) + 1):
        here = np.flatnonzero((power == each) & (end > begin))
        found[here] = np.maximum(level[begin[here]], level[end[here] - (1 << each)])
        step = 1 << each
        level = np.maximum(level, np.r_[level[step:], np.full(min(step, len(level)), -np.inf)])
    return np.where(np.isinf(found), np.nan, found)


def window_features(readings: Readings, values: Array, scale: int = SCALE) -> dict[str, Array]:
    """`1hr_mean`, `1hr_std`, `1hr_max` and so on, the reading itself being the last of its window: at ten minutes an
    hour is six readings."""
    end, made = np.arange(len(values)) + 1, {}
    for name, seconds in WINDOWS.items():
        begin = readings.after(seconds)
        mean, deviation, _ = moments(values, begin, end, scale)
        made |= {f"{name}_mean": mean, f"{name}_std": deviation, f"{name}_max": highest(values, begin, end)}
    return made


def change_over_an_hour(readings: Readings, values: Array) -> Array:
    """Against the newest reading that is an hour old, two at most; NaN where there is none."""
    youngest, oldest = AN_HOUR_BEFORE
    before = readings.after(youngest) - 1  # the last one that is as old, or older
    is_there = before >= readings.after(oldest)
    return np.where(is_there, values - values[np.maximum(before, 0)], np.nan)
