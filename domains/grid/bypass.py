"""Who draws what nobody measures: the unexplained load of a transformer laid to the meters below it.

A customer who leads a share f of their load past the meter shows 1 - f of it, so what is missing follows what their
meter shows: f / (1 - f) times. A customer whose meter shows next to nothing is missing what they usually draw, or what
others of their tariff do. Both are columns of one regression of the unexplained load, none of them below zero; a
column counts by how much worse the rest explains the load without it. The planners' share of metered load may be wrong
by a few per cent in each week, so the whole metered load of each week is there as well, held to be small.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import lsq_linear, nnls

Array = np.ndarray
BLOCKS_A_DAY = 8
SHARE_WITHIN = 0.04  # standard deviation of the planners' share
NOISE = 0.03  # of the load, at least: what loads without meters do by themselves
FEWEST_DAYS = 4
LEAST_SINCE = 7  # days: so long the wander of other loads may look like a bypass
NEAR_ZERO, PARTIAL = "THEFT_NEAR_ZERO", "THEFT_PARTIAL"
PENALTIES = {NEAR_ZERO: 4.0, PARTIAL: 16.0}
HIGHEST_RATIO = {NEAR_ZERO: 1.6, PARTIAL: 9.0}
MOST_COLUMNS = 8
USUAL_WITHIN = 0.2  # standard deviation of what a customer draws, as a part of the usual


@dataclass(frozen=True)
class Feeder:
    """A transformer's blocks of time. `unexplained` in kW of metered load; of its meters, [meter, block]: `shown` in
    kW, `usual` in kW (what they would draw), whether they are `silent`, that is show next to nothing, and whether they
    are `unheard`: then `shown` is a guess."""

    day: Array
    unexplained: Array
    shown: Array
    usual: Array
    silent: Array
    unheard: Array


@dataclass(frozen=True)
class Finding:
    """A meter's place, the kind of theft, its mean missing load in kW over the blocks in which it is missing and how
    many these are, the share of the customer's load, how many times the noise it is, and its first and last day."""

    meter: int
    kind: str
    missing_kw: float
    blocks: int
    share: float
    strength: float
    first_day: int
    last_day: int


@dataclass(frozen=True)
class _Column:
    meter: int
    kind: str
    values: Array
    first_day: int
    last_day: int


def findings_of(feeder: Feeder) -> list[Finding]:
    """The meters that explain best where the unexplained load goes, the fewest of them."""
    if len(np.unique(feeder.day)) < FEWEST_DAYS:
        return []
    load = feeder.shown.sum(axis=0)
    noise = NOISE * np.maximum(
        load + np.maximum(feeder.unexplained, 0.0), 0.05 * load.max(initial=0.0) + 0.01
    )
    of_silent = USUAL_WITHIN * (feeder.usual * feeder.silent).sum(axis=0)
    noise = np.sqrt(noise**2 + of_silent**2 + _of_guesses(feeder) ** 2)
    columns = _likeliest(_columns(feeder, noise), feeder.unexplained, noise)
    week = (feeder.day - feeder.day[0]) // 7
    fit = _Fit(columns, feeder.unexplained / noise, load / noise, noise, week)
    spread = fit.spread(fit.everything)
    best = _best(fit, spread)
    found, found_error = [], fit.error(best)
    for place, ratio in zip(best, fit.ratios(best), strict=True):
        column, others = columns[place], tuple(each for each in best if each != place)
        strength = np.sqrt(max(0.0, fit.error(others) - found_error) / spread)
        missing = float((ratio * column.values[column.values > 0]).mean())
        part = ratio / (1 + ratio) if column.kind == PARTIAL else min(1.0, ratio)
        found.append(
            Finding(
                column.meter,
                column.kind,
                missing,
                int((column.values > 0).sum()),
                float(part),
                float(strength),
                column.first_day,
                column.last_day,
            )
        )
    return [each for each in found if each.missing_kw > 0]


def _of_guesses(feeder: Feeder) -> Array:
    """How far off the sum of what is guessed may be; guesses err each by itself."""
    return np.asarray(USUAL_WITHIN * np.sqrt((feeder.unheard * feeder.shown**2).sum(axis=0)))


def _likeliest(columns: list[_Column], unexplained: Array, noise: Array) -> list[_Column]:
    """So few columns that all of their combinations can be tried: those of silent meters first, then always the one
    that best explains what those before it leave. By itself an honest meter may follow the sum of two thefts best."""
    goal, chosen = unexplained / noise, list[_Column]()
    left, residual = list(columns), goal
    while left and len(chosen) < MOST_COLUMNS:
        pool = [column for column in left if column.kind == NEAR_ZERO] or left
        best = max(pool, key=lambda column: _gain(column.values / noise, residual))
        left = [column for column in left if column is not best]
        chosen.append(best)
        matrix = np.stack([column.values / noise for column in chosen], axis=1)
        residual = goal - matrix @ nnls(matrix, goal)[0]
    return chosen


def _gain(column: Array, goal: Array) -> float:
    """By how much a column alone, not below zero, lessens the squared error."""
    along, size = float(column @ goal), float(column @ column)
    return along**2 / size if along > 0 and size > 0 else 0.0


def _best(fit: "_Fit", spread: float) -> tuple[int, ...]:
    """The columns whose error and penalty together are least. No error is smaller than that of all columns, so
    combinations whose penalty alone makes them worse than the best so far need not be solved."""
    best: tuple[int, ...] = ()
    least, floor = fit.error(()) / spread, fit.error(fit.everything) / spread
    for size in range(1, len(fit.everything) + 1):
        for chosen in combinations(fit.everything, size):
            if floor + fit.penalty(chosen) < least:
                cost = fit.error(chosen) / spread + fit.penalty(chosen)
                best, least = (chosen, cost) if cost < least else (best, least)
    return best


class _Fit:
    """Least squares of the unexplained load by some of the columns, beside a small error of the planners' share in each
    week. No column counts below zero, nor above what is possible: nobody draws far more than usual unseen, nor leads
    all but a tenth past a meter that still shows that. Of two meters with the same usual load, one alone would
    otherwise stand for both, and be held impossible."""

    def __init__(self, columns: list[_Column], goal: Array, load: Array, noise: Array, week: Array) -> None:
        self._kinds = [column.kind for column in columns]
        weeks = [np.where(week == each, load, 0.0) for each in np.unique(week)]
        errors = np.stack([sign * part for part in weeks for sign in (1, -1)], axis=1)
        held = np.diag(
            np.full(errors.shape[1], np.sqrt(BLOCKS_A_DAY) / SHARE_WITHIN)
        )  # each weighs as much as a day
        zeros = np.zeros(len(held))
        self._goal = np.r_[goal, zeros]
        self._matrix = np.column_stack(
            [*(np.r_[column.values / noise, zeros] for column in columns), np.vstack([errors, held])]
        )
        self._rows = len(goal)
        self.everything = tuple(range(len(columns)))
        self._errors = list(range(len(columns), self._matrix.shape[1]))
        self._solved: dict[tuple[int, ...], tuple[Array, float]] = {}

    def _solve(self, chosen: tuple[int, ...]) -> tuple[Array, float]:
        if chosen not in self._solved:
            matrix = self._matrix[:, [*chosen, *self._errors]]
            highest = [HIGHEST_RATIO[self._kinds[place]] for place in chosen]
            fitted, residual = nnls(matrix, self._goal)
            if (fitted[: len(chosen)] > highest).any():
                bounds = (0.0, np.r_[highest, np.full(len(self._errors), np.inf)])
                fitted = lsq_linear(matrix, self._goal, bounds, method="bvls").x
                residual = np.linalg.norm(matrix @ fitted - self._goal)
            self._solved[chosen] = fitted, float(residual**2)
        return self._solved[chosen]

    def ratios(self, chosen: tuple[int, ...]) -> Array:
        return self._solve(chosen)[0][: len(chosen)]

    def error(self, chosen: tuple[int, ...]) -> float:
        return self._solve(chosen)[1]

    def penalty(self, chosen: tuple[int, ...]) -> float:
        """Makes the commoner of two explanations the better one where both fit alike."""
        return sum(PENALTIES[self._kinds[place]] for place in chosen)

    def spread(self, chosen: tuple[int, ...]) -> float:
        """How large the square of a usual error is, and how many blocks in a row have the same one."""
        fitted, error = self._solve(chosen)
        residual = (self._goal - self._matrix[:, [*chosen, *self._errors]] @ fitted)[: self._rows]
        return max(1.0, error / len(residual)) * _blocks_alike(residual)


def _blocks_alike(residual: Array) -> float:
    """How many blocks in a row say the same, by their autocorrelation: that many count as one."""
    power = float(residual @ residual)
    along = float(residual[1:] @ residual[:-1]) / power if power else 0.0
    along = min(max(along, 0.0), 0.9)
    return (1 + along) / (1 - along)


def _columns(feeder: Feeder, noise: Array) -> list[_Column]:
    columns = []
    for meter in range(len(feeder.shown)):
        silent = _for_long(feeder.silent[meter])
        if silent.any():
            days = feeder.day[silent]
            values = np.where(silent, feeder.usual[meter], 0.0)
            columns.append(_Column(meter, NEAR_ZERO, values, int(days.min()), int(days.max())))
        shown = np.where(silent, 0.0, feeder.shown[meter])
        if (shown > 0).any():
            begin = _likeliest_begin(feeder, shown, noise)
            values = np.where(feeder.day >= begin, shown, 0.0)
            columns.append(_Column(meter, PARTIAL, values, begin, int(feeder.day.max())))
    return columns


def _for_long(silent: Array) -> Array:
    """Silence of a day or longer: pumps rest for hours."""
    edges = np.flatnonzero(np.diff(np.r_[False, silent, False].astype(np.int8)))
    kept = np.zeros(len(silent), bool)
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        kept[begin:end] = end - begin >= BLOCKS_A_DAY
    return kept


def _likeliest_begin(feeder: Feeder, shown: Array, noise: Array) -> int:
    """The day from which on what is missing follows this meter best."""
    days = np.unique(feeder.day)
    goal, best = feeder.unexplained / noise, (-np.inf, int(days[0]))
    for day in days[: max(1, len(days) - LEAST_SINCE)]:
        gain = _gain(np.where(feeder.day >= day, shown, 0.0) / noise, goal)
        if gain > best[0] * 1.05 + 1e-9:  # the earlier day, where both say as much
            best = (gain, int(day))
    return best[1]
