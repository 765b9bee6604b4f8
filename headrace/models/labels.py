"""What a model of failures learns: remaining life, and whether a failure comes within a horizon.

A machine that has not failed until the end of what is known is censored: its remaining life is at least that long.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from headrace.models.histories import spans

Array = np.ndarray[Any, np.dtype[Any]]
MOST_WEIGHT = 10.0
"""Of a row that stands for others that are censored; more would let a few rows decide."""


@dataclass(frozen=True)
class Labels:
    """remaining: time until the next failure; where `is_censored`, until the end of what is known of the entity."""

    remaining: Array
    is_censored: Array

    def __getitem__(self, rows: Any) -> "Labels":
        return Labels(self.remaining[rows], self.is_censored[rows])

    def within(self, horizon: float) -> Array:
        """1 where a failure comes within the horizon, 0 where none does, NaN where that is not known."""
        known = np.where(self.remaining <= horizon, 1.0, 0.0)
        return np.where(self.is_censored & (self.remaining < horizon), np.nan, known)

    def capped(self, cap: float) -> Array:
        """The remaining life, of `cap` at most; NaN where it is not known."""
        return np.where(self.is_censored & (self.remaining < cap), np.nan, np.minimum(self.remaining, cap))

    def weights(self, cap: float) -> Array:
        """By how much a row counts for which `capped(cap)`, or `within(cap)`, is known: the inverse of the probability
        that it is, estimated as Kaplan and Meier do; 0 where it is not known, MOST_WEIGHT at most."""
        until = np.minimum(self.remaining, cap)
        order = np.argsort(self.remaining, kind="stable")
        times, begins = np.unique(self.remaining[order], return_index=True)
        left = np.add.reduceat(self.is_censored[order].astype(float), begins)
        failed = np.diff(np.append(begins, len(order))) - left
        at_risk = (
            len(order) - begins - failed
        )  # those that fail at an instant do so before others are lost sight of
        stays = np.cumprod(1 - np.divide(left, at_risk, out=np.zeros(len(times)), where=at_risk > 0))
        before = np.append(1.0, stays)[np.searchsorted(times, until, side="left")]
        weights = 1 / np.maximum(before, 1 / MOST_WEIGHT)
        return np.where(self.is_censored & (self.remaining < cap), 0.0, weights)

    def known_at(self, times: Array, cut: float) -> "Labels":
        """What was known at the instant `cut`, of rows until then: failures that came later are censored."""
        is_later = times + self.remaining > cut
        return Labels(np.where(is_later, cut - times, self.remaining), self.is_censored | is_later)


def labels(entities: Array, times: Array, failures: pd.DataFrame, end: float | None = None) -> Labels:
    """Of rows sorted by entity and time. failures: columns `entity` and `time`. A failure at the instant of a row is
    the one that the row waits for.

    end: until when everything is known; by default until the last row of each entity.
    """
    by_entity = {key: np.sort(part.to_numpy(float)) for key, part in failures.groupby("entity")["time"]}
    remaining, is_censored = np.empty(len(times)), np.zeros(len(times), bool)
    for first, after in spans(entities, times):
        own, at = by_entity.get(entities[first], np.empty(0)), times[first:after]
        until = at[-1] if end is None else end
        ahead = np.append(own, np.inf)[np.searchsorted(own, at, side="left")]
        is_censored[first:after] = ~np.isfinite(ahead)
        remaining[first:after] = np.where(np.isfinite(ahead), ahead, np.maximum(until, at)) - at
    return Labels(remaining, is_censored)


def group_folds(groups: Array, count: int, seed: int = 0) -> Iterator[tuple[Array, Array]]:
    """Places of the training and of the held-out rows, `count` times; each group is held out once, all of it."""
    codes, names = pd.factorize(groups, sort=True)
    fold_of = np.empty(len(names), np.int64)
    fold_of[np.random.default_rng(seed).permutation(len(names))] = np.arange(len(names)) % count
    for fold in range(min(count, len(names))):
        is_held = fold_of[codes] == fold
        yield np.flatnonzero(~is_held), np.flatnonzero(is_held)


def group_time_split(
    groups: Array, times: Array, cut: float, held_part: float = 0.3, gap: float = 0.0, seed: int = 0
) -> tuple[Array, Array]:
    """Places of training rows, of some groups and until `cut`, and of held-out rows, of the others and after `cut` and
    `gap`. Training takes `Labels.known_at(times, cut)`, else it knows failures that come after."""
    names = pd.unique(groups)
    order = np.random.default_rng(seed).permutation(len(names))
    held = np.isin(groups, names[order[: max(1, round(held_part * len(names)))]])
    return np.flatnonzero(~held & (times <= cut)), np.flatnonzero(held & (times > cut + gap))


def landmarks(entities: Array, times: Array, every: float, seed: int = 0) -> Array:
    """Places of one row of each entity in each `every` units of time: neighbouring rows say nearly the same, and cost
    as much. Which row it is, is drawn."""
    stretch = np.floor((times - np.min(times)) / every).astype(np.int64) if len(times) else times
    shuffled = np.random.default_rng(seed).permutation(len(times))
    keys = pd.DataFrame({"entity": pd.factorize(entities)[0][shuffled], "stretch": stretch[shuffled]})
    return np.sort(shuffled[~keys.duplicated().to_numpy()])


def random_cuts(entities: Array, labels: Labels, least: int, per_entity: int, seed: int = 0) -> Array:
    """Places of rows at which histories are cut at random, as those of a test are: each entity gives `per_entity`
    rows, each with `least` rows before it."""
    random, found = np.random.default_rng(seed), []
    for rows in pd.Series(np.arange(len(entities))).groupby(entities).indices.values():
        able = np.sort(rows)[least:]
        able = able[~labels.is_censored[able]]
        found.append(random.choice(able, min(per_entity, len(able)), replace=False))
    return np.sort(np.concatenate(found)) if found else np.empty(0, np.int64)
