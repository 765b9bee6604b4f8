"""How right predictions of failures are, with the uncertainty that comes from which machines happened to be looked at.

The interval of a figure comes from drawing machines anew, with replacement: rows of one machine are alike, so drawing
rows would make figures look surer than they are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from headrace.models.labels import Labels
from headrace.models.predictor import HIGH, LOW, REMAINING, within

Array = np.ndarray[Any, np.dtype[Any]]
DRAWS = 1000
CALIBRATION_BINS = 10


@dataclass(frozen=True)
class Figure:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_below_zero(self) -> bool:
        """By more than noise: all of the interval is. So a challenger beats a champion, by its error less theirs."""
        return self.high < 0

    def text(self, digits: int = 1) -> str:
        return f"{self.value:,.{digits}f} ({self.low:,.{digits}f} to {self.high:,.{digits}f})"


@dataclass(frozen=True)
class Statistic:
    """A function of sums over rows, so that machines can be drawn anew by their own sums.

    terms: a row for each row that is judged. of: takes sums of the terms in its last axis.
    """

    terms: Array
    of: Callable[[Array], Array]


def figure(groups: Array, statistic: Statistic, seed: int = 0) -> Figure:
    """groups: the machine of each row."""
    codes, names = pd.factorize(np.asarray(groups))
    if not len(names):
        return Figure(float("nan"), float("nan"), float("nan"))
    sums = np.stack([np.bincount(codes, term, len(names)) for term in statistic.terms.T], axis=1)
    return _figure(lambda draws: statistic.of(draws @ sums), len(names), seed)


def _figure(of_draws: Callable[[Array], Array], machines: int, seed: int) -> Figure:
    draws = np.random.default_rng(seed).multinomial(machines, np.full(machines, 1 / machines), DRAWS)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(of_draws(np.ones((1, machines)))[0])
        drawn = of_draws(draws.astype(float))
    known = drawn[np.isfinite(drawn)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return Figure(value, float(low), float(high))


def difference(groups: Array, first: Statistic, second: Statistic, seed: int = 0) -> Figure:
    """First minus second, of the same machines in each draw."""
    count = first.terms.shape[1]
    both = Statistic(
        np.hstack([first.terms, second.terms]),
        lambda sums: first.of(sums[..., :count]) - second.of(sums[..., count:]),
    )
    return figure(groups, both, seed)


def mean_of(values: Array, weights: Array | float = 1.0) -> Statistic:
    """The mean of the known values. weights: those of rows that stand for others whose end nobody saw."""
    known = ~np.isnan(values) * weights
    terms = np.column_stack([np.where(known > 0, values, 0.0) * known, known])
    return Statistic(terms, lambda sums: sums[..., 0] / sums[..., 1])


def rmse(remaining: Array, truth: Array, weights: Array | float = 1.0) -> Statistic:
    terms = mean_of((remaining - truth) ** 2, weights).terms
    return Statistic(terms, lambda sums: np.sqrt(sums[..., 0] / sums[..., 1]))


def nasa_score(remaining: Array, truth: Array) -> Statistic:
    """The sum over rows of the score of the PHM08 challenge; a late prediction costs more than an early one."""
    off = remaining - truth
    scores = np.where(off < 0, np.exp(-off / 13), np.exp(off / 10)) - 1
    return Statistic(np.nan_to_num(scores)[:, None], lambda sums: sums[..., 0])


def calibration_error(chance: Array, came: Array, weights: Array | float = 1.0) -> Statistic:
    """The mean distance between what was said and how often it came, over ten bins of equally many rows."""
    known = ~np.isnan(came)
    ranks = pd.Series(chance).where(known).rank(method="first").to_numpy() - 1
    bins = np.floor(np.nan_to_num(ranks, nan=-1.0) * CALIBRATION_BINS / max(1, known.sum()))
    is_in = bins[:, None] == np.arange(CALIBRATION_BINS)
    terms = np.hstack(
        [is_in * (np.where(known, chance - came, 0.0) * weights)[:, None], (known * weights)[:, None]]
    )
    return Statistic(terms, lambda sums: np.abs(sums[..., :-1]).sum(axis=-1) / sums[..., -1])


def judge(
    predictions: pd.DataFrame, labels: Labels, groups: Array, cap: float, horizons: Sequence[float] = ()
) -> dict[str, Figure]:
    """Figures of all rows, against the life capped as in training. Rows whose end nobody saw do not count, and others
    count for them: without that, rows near a failure would, whose end is always seen."""
    truth, weights = labels.capped(cap), labels.weights(cap)
    remaining, low, high = (predictions[name].to_numpy(float) for name in (REMAINING, LOW, HIGH))
    holds = np.where(np.isnan(truth), np.nan, (low <= truth) & (truth <= high))
    statistics = {
        "rmse": rmse(remaining, truth, weights),
        "mae": mean_of(np.abs(remaining - truth), weights),
        "nasa_score": nasa_score(remaining, truth),
        "coverage": mean_of(holds, weights),
        "width": mean_of(high - low),
    }
    for horizon in horizons:
        name, came, weights = within(horizon), labels.within(horizon), labels.weights(horizon)
        chance = predictions[name].to_numpy(float)
        statistics[f"brier_{name}"] = mean_of((chance - came) ** 2, weights)
        statistics[f"calibration_{name}"] = calibration_error(chance, came, weights)
    return {name: figure(groups, statistic) for name, statistic in statistics.items()}


@dataclass(frozen=True)
class Alarms:
    """Alarms at a fixed budget: `threshold` of the probability, and places of the rows that raise one.

    precision: alarms that a failure followed within the horizon, of all. stopped: those after which the machine was
    taken off before it failed, so that nobody knows. recall: failures that an alarm came before, within the
    horizon. lead: from the first such alarm to the failure, the median.
    """

    threshold: float
    places: Array
    precision: Figure
    stopped: Figure
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
    """Of rows sorted by entity and time, each of which was watched for the horizon.

    per_entity: alarms that people can look at, in the mean of each entity over all that is judged. quiet: how long an
    entity raises no other alarm after one.
    """
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
        figure(codes[places], mean_of(np.nan_to_num(came[places]))),
        figure(codes[places], mean_of(np.isnan(came[places]).astype(float))),
        figure(machines, mean_of(found)),
        median_figure(machines, lead),
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


def median_figure(groups: Array, values: Array, seed: int = 0) -> Figure:
    """The median of the known values."""
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    codes, names = pd.factorize(np.asarray(groups)[order])
    if not len(names):
        return Figure(float("nan"), float("nan"), float("nan"))

    def medians(draws: Array) -> Array:
        sums = np.cumsum(draws[:, codes], axis=1)
        found: Array = values[order][(sums < sums[:, -1:] / 2).sum(axis=1)]
        return found

    return _figure(medians, len(names), seed)


def _failures(codes: Array, times: Array, labels: Labels, horizon: float, places: Array) -> pd.DataFrame:
    """Each failure that rows wait for within the horizon; `lead` is NaN where no alarm came before it."""
    at = times + labels.remaining
    rows = pd.DataFrame({"entity": codes, "at": np.round(at, 6), "lead": np.nan})
    rows.iloc[places, 2] = labels.remaining[places]
    rows = rows[(labels.within(horizon) == 1) & ~labels.is_censored]
    return rows.groupby(["entity", "at"], as_index=False)["lead"].max()
