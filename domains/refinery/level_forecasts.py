"""Levels of tanks on the days ahead: what their own kind of movement promises, shrunk to their mean as it deserves.

A guess is made for now and, with what was known then, for days past whose future is known by now. From these it
shows, for each kind of tank and number of days ahead, what part of the promised change comes true, how far levels
return to their mean, and how far they stray from that. The level of now and the mean are both among what is fitted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

Array = np.ndarray

DAYS_AHEAD = 14
HISTORY_DAYS, BACKTEST_EVERY_DAYS = 28, 2
LEAST_HISTORY = 0.5  # of what there is now: a guess by much less tells nothing of one by all
BAND = 0.8  # of what comes lies within it
FEWEST_DAYS = 4  # of levels, to tell how far they stray
FEWEST = 8  # guesses whose future is known, to fit by
PRIOR = 30  # guesses that speak for what is taken to be so beforehand
NEAR_HOURS = 3  # what is measured so near to an instant is its level
UNFITTED = 1.25  # levels stray so much further than a short history shows; measured on seeds 11 to 13
Promise = Callable[[Array, Array, Array, int], Array]
"""Hours (up to the instant, which is the last), levels, hours ahead, days ago: levels then."""


@dataclass(frozen=True)
class Shrunk:
    """`promised` of the change that is promised comes true, and `returns` of the way to the mean; `strays` is how far
    levels are off in `BAND` of the cases, in standard deviations of their tank."""

    promised: float
    returns: float
    strays: float

    def expected(self, guesses: dict[str, Array]) -> Array:
        now = guesses["now"]
        return now + self.promised * (guesses["promise"] - now) + self.returns * (guesses["mean"] - now)


def guesses_of(hours: Array, levels: Array, to_midnight: float, promise: Promise) -> dict[str, Array]:
    """Of one tank, for each day ahead of now (`days_ago` is 0) and of days past: level then and mean until then, their
    deviation (NaN where hardly anything is known), what is promised, and what came (NaN where it has not yet).

    hours: before now, so negative, ascending, up to 0. to_midnight: hours from now to the end of the day.
    """
    ahead = to_midnight + 24.0 * np.arange(1, DAYS_AHEAD + 1)
    rows = [part for ago in origins(hours) for part in [guess_at(hours, levels, ago, ahead, promise)] if part]
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]} if rows else {}


def origins(hours: Array) -> Iterator[int]:
    """Days ago."""
    yield 0
    history = -hours[0] / 24 if len(hours) else 0
    least = LEAST_HISTORY * min(history, HISTORY_DAYS)
    yield from range(1, int(history - least) + 1, BACKTEST_EVERY_DAYS)


def guess_at(
    hours: Array, levels: Array, ago: int, ahead: Array, promise: Promise
) -> dict[str, Array] | None:
    at = -24.0 * ago
    until = int(np.searchsorted(hours, at, side="right"))
    if not until or (ago and at - hours[until - 1] > NEAR_HOURS):
        return None
    begins = int(np.searchsorted(hours, at - 24.0 * HISTORY_DAYS))
    known = levels[begins:until]
    came = np.searchsorted(hours, at + ahead + 1e-6, side="right") - 1
    is_known = (at + ahead <= hours[-1] + NEAR_HOURS) & (at + ahead - hours[came] <= NEAR_HOURS)
    told = {"days_ago": ago, "now": known[-1], "mean": known.mean(), "deviation": known.std()}
    if hours[until - 1] - hours[begins] < 24 * FEWEST_DAYS:
        told["deviation"] = np.nan
    return {
        **{name: np.full(len(ahead), value, dtype=float) for name, value in told.items()},
        "days_ahead": np.arange(1, len(ahead) + 1),
        "promise": promise(hours[begins:until] - at, known, ahead, ago),
        "came": np.where(is_known & (came >= until), levels[came], np.nan),
    }


def fitted(guesses: dict[str, Array], beforehand: tuple[float, float]) -> Shrunk:
    """By the guesses of all tanks of a kind for one number of days ahead, in parts of their capacity. beforehand: what
    `promised` and `returns` are taken to be where nothing tells."""
    now, mean, deviation = (guesses[name] for name in ("now", "mean", "deviation"))
    rows = np.flatnonzero(~np.isnan(guesses["came"]) & ~np.isnan(deviation))
    scale = np.maximum(deviation, 1e-6)
    if len(rows) < FEWEST:
        return Shrunk(*beforehand, UNFITTED * quantile(np.abs(now - mean) / scale))
    moves = np.column_stack([guesses["promise"] - now, mean - now])[rows]
    change = (guesses["came"] - now)[rows]
    weight = PRIOR * (moves**2).mean(axis=0) + 1e-12
    square = moves.T @ moves + np.diag(weight)
    promised, returns = np.linalg.solve(square, moves.T @ change + weight * np.array(beforehand))
    found = Shrunk(float(np.clip(promised, 0, 1)), float(np.clip(returns, 0, 1)), 0.0)
    off = np.abs(found.expected(guesses) - guesses["came"])[rows] / scale[rows]
    return Shrunk(found.promised, found.returns, quantile(off))


def quantile(strays: Array) -> float:
    known = strays[~np.isnan(strays)]
    return float(np.quantile(known, BAND)) if len(known) else float("nan")
