"""How right predictions of failures are, with the uncertainty that comes from which machines happened to be looked at.

A figure is a function of the weights of rows. Its interval comes from drawing machines anew, with replacement: rows of
one machine are alike, so drawing rows would make figures look surer than they are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from headrace.models.labels import Labels
from headrace.models.predictor import HIGH, LOW, REMAINING, within

Array = np.ndarray[Any, np.dtype[Any]]
Statistic = Callable[[Array], float]
DRAWS = 1000
CALIBRATION_BINS = 10


@dataclass(frozen=True)
class Figure:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float

    def text(self, digits: int = 1) -> str:
        return f"{self.value:,.{digits}f} ({self.low:,.{digits}f} to {self.high:,.{digits}f})"


def figure(groups: Array, statistic: Statistic, draws: int = DRAWS, seed: int = 0) -> Figure:
    """Of a statistic that takes a weight for each row; `groups` names the machine of each."""
    codes, names = pd.factorize(np.asarray(groups))
    if not len(names):
        return Figure(float("nan"), float("nan"), float("nan"))
    random = np.random.default_rng(seed)
    even = np.full(len(names), 1 / max(1, len(names)))
    drawn = [statistic(random.multinomial(len(names), even)[codes].astype(float)) for _ in range(draws)]
    low, high = np.nanquantile(drawn, [0.025, 0.975]) if np.isfinite(drawn).any() else (np.nan, np.nan)
    return Figure(statistic(np.ones(len(codes))), float(low), float(high))


def difference(groups: Array, first: Statistic, second: Statistic, seed: int = 0) -> Figure:
    """First minus second, of the same machines in each draw."""
    return figure(groups, lambda weights: first(weights) - second(weights), seed=seed)


def mean_of(values: Array) -> Statistic:
    """The weighted mean of the known values."""
    known = ~np.isnan(values)
    kept = np.where(known, values, 0.0)

    def mean(weights: Array) -> float:
        whole = weights @ known
        return float(weights @ kept / whole) if whole else float("nan")

    return mean


def rmse(remaining: Array, truth: Array) -> Statistic:
    mean = mean_of((remaining - truth) ** 2)
    return lambda weights: float(np.sqrt(mean(weights)))


def nasa_score(remaining: Array, truth: Array) -> Statistic:
    """The sum over rows of the score of the PHM08 challenge; a late prediction costs more than an early one."""
    off = remaining - truth
    scores = np.where(off < 0, np.exp(-off / 13), np.exp(off / 10)) - 1
    return lambda weights: float(weights @ np.nan_to_num(scores))


def calibration_error(chance: Array, came: Array) -> Statistic:
    """The mean distance between what was said and how often it came, over ten bins of equally many rows."""
    known = np.flatnonzero(~np.isnan(came))
    ranks = pd.Series(chance[known]).rank(method="first").to_numpy() - 1
    bins = (ranks * CALIBRATION_BINS // max(1, len(known))).astype(np.int64)

    def error(weights: Array) -> float:
        said, came_in = (
            np.bincount(bins, weights[known] * each[known], CALIBRATION_BINS) for each in (chance, came)
        )
        return float(np.abs(said - came_in).sum() / weights[known].sum())

    return error


def judge(
    predictions: pd.DataFrame, labels: Labels, groups: Array, cap: float, horizons: Sequence[float] = ()
) -> dict[str, Figure]:
    """Figures of all rows, against the life capped as in training; censored rows count where they are known."""
    truth = labels.capped(cap)
    remaining, low, high = (predictions[name].to_numpy(float) for name in (REMAINING, LOW, HIGH))
    holds = np.where(np.isnan(truth), np.nan, (low <= truth) & (truth <= high))
    statistics = {
        "rmse": rmse(remaining, truth),
        "mae": mean_of(np.abs(remaining - truth)),
        "nasa_score": nasa_score(remaining, truth),
        "coverage": mean_of(holds),
        "width": mean_of(high - low),
    }
    for horizon in horizons:
        name, came = within(horizon), labels.within(horizon)
        chance = predictions[name].to_numpy(float)
        statistics[f"brier_{name}"] = mean_of((chance - came) ** 2)
        statistics[f"calibration_{name}"] = calibration_error(chance, came)
    return {name: figure(groups, statistic) for name, statistic in statistics.items()}


@dataclass(frozen=True)
class Alarms:
    """Alarms at a fixed budget: `threshold` of the probability, and places of the rows that raise one.

    precision: alarms that a failure followed within the horizon. recall: failures that an alarm came before, within the
    horizon. lead: from the first such alarm to the failure, the median.
    """

    threshold: float
    places: Array
    precision: Figure
    recall: Figure
    lead: Figure


def judge_alarms(
    entities: Array,
    times: Array,
    chance: Array,
    labels: Labels,
    horizon: float,
    per_entity: float,
    quiet: float,
) -> Alarms:
    """Of rows sorted by entity and time. per_entity: alarms that people can look at, in the mean of each entity over
    all that is judged. quiet: how long an entity raises no other alarm after one."""
    codes, names = pd.factorize(np.asarray(entities))
    threshold = threshold_within(codes, times, chance, per_entity * len(names), quiet)
    places = raised(codes, times, chance, threshold, quiet)
    came = labels.within(horizon)
    failures = _failures(codes, times, labels, horizon, places)
    found = (~failures["lead"].isna()).to_numpy(float)
    lead, machines = failures["lead"].to_numpy(float), failures["entity"].to_numpy()
    return Alarms(
        threshold,
        places,
        figure(codes[places], mean_of(came[places])),
        figure(machines, mean_of(found)),
        figure(machines, median_of(lead)),
    )


def raised(entities: Array, times: Array, chance: Array, threshold: float, quiet: float) -> Array:
    """Places of rows that reach the threshold when their entity has been quiet for long enough."""
    found: list[int] = []
    for place in np.flatnonzero(chance >= threshold):
        is_same = bool(found) and entities[found[-1]] == entities[place]
        if not is_same or times[place] - times[found[-1]] >= quiet:
            found.append(int(place))
    return np.asarray(found, np.int64)


def threshold_within(entities: Array, times: Array, chance: Array, budget: float, quiet: float) -> float:
    """The lowest threshold, of those that rows reach, that raises no more alarms than the budget."""
    levels = np.unique(chance)
    low, high = 0, len(levels)  # alarms grow in number as the threshold sinks, but for a few
    while low < high:
        middle = (low + high) // 2
        if len(raised(entities, times, chance, levels[middle], quiet)) <= budget:
            high = middle
        else:
            low = middle + 1
    return float(levels[low]) if low < len(levels) else float("inf")


def median_of(values: Array) -> Statistic:
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]

    def median(weights: Array) -> float:
        sums = np.cumsum(weights[order])
        if not len(sums) or sums[-1] <= 0:
            return float("nan")
        return float(values[order][np.searchsorted(sums, sums[-1] / 2)])

    return median


def _failures(codes: Array, times: Array, labels: Labels, horizon: float, places: Array) -> pd.DataFrame:
    """Each failure that rows wait for within the horizon; `lead` is NaN where no alarm came before it."""
    at = times + labels.remaining
    rows = pd.DataFrame({"entity": codes, "at": np.round(at, 6), "lead": np.nan})
    rows.iloc[places, 2] = labels.remaining[places]
    rows = rows[(labels.within(horizon) == 1) & ~labels.is_censored]
    return rows.groupby(["entity", "at"], as_index=False)["lead"].max()
