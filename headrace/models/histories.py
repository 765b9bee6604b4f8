"""Features of an entity's signals at each of its readings, from that reading and those before it.

Time is a number in whatever unit the caller counts: hours of a machine, cycles of an engine. Each entity is computed
alone, from sums that begin at its first reading, so no feature depends on what comes later or on other entities.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from headrace.errors import UsageError

Array = np.ndarray[Any, np.dtype[Any]]
STATISTICS = ("mean", "std", "slope", "min", "max")


@dataclass(frozen=True)
class Windows:
    """What is computed of each signal; lengths are in the unit of time.

    lengths: of windows that end at the reading, with `statistics` of each; `math.inf` is the whole history.
    half_lives: of exponentially weighted means.
    baseline: how long after the first reading of an entity its readings count as its own normal. The exponentially
    weighted means, and the means of windows, are given once more as differences from it.
    """

    lengths: tuple[float, ...] = ()
    half_lives: tuple[float, ...] = ()
    baseline: float = 0.0
    statistics: tuple[str, ...] = ("mean", "std", "slope")
    last: bool = True
    """Whether the reading itself is a feature."""

    def __post_init__(self) -> None:
        if unknown := set(self.statistics) - set(STATISTICS):
            raise UsageError(f"there are no statistics {sorted(unknown)}; known: {', '.join(STATISTICS)}")

    def names(self, signals: Sequence[str]) -> list[str]:
        """The columns of `history_features`, in order."""
        return [f"{signal}_{kind}" for kind in self._kinds() for signal in signals]

    def _kinds(self) -> Iterator[str]:
        """A feature each, in the order in which `_features_of_one` yields them."""
        if self.last:
            yield "last"
        means = []
        for length in self.lengths:
            window = "all" if math.isinf(length) else f"{length:g}"
            yield from (f"{each}_{window}" for each in self.statistics)
            means += [f"mean_{window}"] * ("mean" in self.statistics)
        for half_life in self.half_lives:
            yield f"ewma_{half_life:g}"
            means.append(f"ewma_{half_life:g}")
        if self.baseline > 0:
            yield from (f"{each}_from_baseline" for each in means)


def history_features(
    rows: pd.DataFrame, entity: str, time: str, signals: Sequence[str], windows: Windows
) -> pd.DataFrame:
    """One row for each of `rows`, which are sorted by entity and time; columns are `windows.names(signals)`.

    A missing reading (NaN) counts in no window. NaN where a window knows nothing: fewer than two readings for a
    deviation, three for a slope.
    """
    times = rows[time].to_numpy(np.float64)
    values = rows[list(signals)].to_numpy(np.float64)
    made = np.empty((len(rows), len(windows.names(signals))), np.float32)
    for begin, end in spans(rows[entity].to_numpy(), times):
        features = _features_of_one(times[begin:end], values[begin:end], windows)
        for place, each in enumerate(features):
            made[begin:end, place * len(signals) : (place + 1) * len(signals)] = each
    return pd.DataFrame(made, index=rows.index, columns=windows.names(signals))


def spans(entities: Array, times: Array) -> list[tuple[int, int]]:
    """First place, and place after the last one, of each entity. UsageError where rows are not sorted."""
    if not len(entities):
        return []
    is_new = np.r_[True, entities[1:] != entities[:-1]]
    begins = np.flatnonzero(is_new)
    is_back = (np.diff(times, prepend=-np.inf) < 0) & ~is_new
    if is_back.any() or len(begins) != len(pd.unique(entities)):
        place = int(np.flatnonzero(is_back)[0]) if is_back.any() else 0
        raise UsageError(f"histories must be sorted by entity and time; they are not at row {place}")
    return list(zip(begins.tolist(), [*begins[1:].tolist(), len(entities)], strict=True))


def _features_of_one(times: Array, values: Array, windows: Windows) -> Iterator[Array]:
    """Arrays of a row for each reading and a column for each signal."""
    if windows.last:
        yield values
    sums, means = _Sums(times, values), []
    for length in windows.lengths:
        begin = np.searchsorted(times, times - length, side="right")
        for name in windows.statistics:
            each = sums.of(name, begin, length)
            yield each
            means += [each] * (name == "mean")
    for half_life in windows.half_lives:
        each = _ewma(times, values, half_life)
        yield each
        means.append(each)
    if windows.baseline > 0:
        normal = sums.baseline(windows.baseline)
        yield from (each - normal for each in means)


class _Sums:
    """Running sums of one entity's readings; those of a window are a difference of two.

    Values are counted from the first known one and times from the first, so that squares stay small.
    """

    def __init__(self, times: Array, values: Array) -> None:
        self._times, self._values = times, values
        known = ~np.isnan(values)
        first = np.where(known.any(axis=0), known.argmax(axis=0), 0)
        self._origin = np.nan_to_num(values[first, np.arange(values.shape[1])])
        x = np.where(known, values - self._origin, 0.0)
        t = np.where(known, (times - times[0])[:, None], 0.0)
        self._n, self._x, self._xx = _running(known), _running(x), _running(x * x)
        self._t, self._tt, self._xt = _running(t), _running(t * t), _running(x * t)
        self._end = np.arange(len(times)) + 1

    def of(self, statistic: str, begin: Array, length: float) -> Array:
        kinds: dict[str, Callable[[Array], Array]] = {
            "mean": self._mean,
            "std": self._std,
            "slope": self._slope,
        }
        if statistic in kinds:
            with np.errstate(invalid="ignore", divide="ignore"):
                return kinds[statistic](begin)
        index = _instants(self._times)
        length = min(length, self._times[-1] - self._times[0] + 1)
        rolling = pd.DataFrame(self._values, index=index).rolling(pd.Timedelta(length, unit="s"), 1)
        found: Array = (rolling.min() if statistic == "min" else rolling.max()).to_numpy()
        return found

    def baseline(self, length: float) -> Array:
        """The mean of the readings within `length` of the first one, of those that are there yet."""
        end = np.minimum(self._end, np.searchsorted(self._times, self._times[0] + length, side="right"))
        with np.errstate(invalid="ignore"):
            mean: Array = self._x[end] / self._n[end] + self._origin
        return mean

    def _mean(self, begin: Array) -> Array:
        mean: Array = self._of(self._x, begin) / self._of(self._n, begin) + self._origin
        return mean

    def _std(self, begin: Array) -> Array:
        n, x, xx = (self._of(each, begin) for each in (self._n, self._x, self._xx))
        return np.where(n > 1, np.sqrt(np.maximum(xx - x * x / n, 0) / (n - 1)), np.nan)

    def _slope(self, begin: Array) -> Array:
        n, x, t = (self._of(each, begin) for each in (self._n, self._x, self._t))
        spread = self._of(self._tt, begin) - t * t / n
        return np.where((n > 2) & (spread > 0), (self._of(self._xt, begin) - x * t / n) / spread, np.nan)

    def _of(self, sums: Array, begin: Array) -> Array:
        difference: Array = sums[self._end] - sums[begin]
        return difference


def _running(values: Array) -> Array:
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])


def _ewma(times: Array, values: Array, half_life: float) -> Array:
    """By the time that went by, so that a gap makes what was before it weigh less."""
    ewm = pd.DataFrame(values).ewm(halflife=pd.Timedelta(half_life, unit="s"), times=_instants(times))
    mean: Array = ewm.mean().to_numpy()
    return mean


def _instants(times: Array) -> pd.DatetimeIndex:
    """For pandas, which wants instants: a unit of time is a second."""
    return pd.DatetimeIndex(np.rint((times - times[0]) * 1e9).astype("datetime64[ns]"))
