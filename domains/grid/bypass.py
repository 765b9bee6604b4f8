"""Who draws what nobody measures: the unexplained load of a transformer laid to the meters below it.

A customer who leads a share f of their load past the meter shows 1 - f of it, so what is missing follows what their
meter shows: f / (1 - f) times. A customer whose meter shows next to nothing is missing what they usually draw, or what
others of their tariff do. Both are columns of one regression of the unexplained load, none of them below zero; a
column counts by how much worse the rest explains the load without it. The planners' share of metered load may be wrong
by a few per cent, so a column of the whole metered load is there as well, held to be small.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

Array = np.ndarray
BLOCKS_A_DAY = 8
SHARE_WITHIN = 0.04  # standard deviation of the planners' share
NOISE = 0.03  # of the load, at least: what loads without meters do by themselves
FEWEST_DAYS = 4
NEAR_ZERO, PARTIAL = "THEFT_NEAR_ZERO", "THEFT_PARTIAL"


@dataclass(frozen=True)
class Feeder:
    """A transformer's blocks of time. `unexplained` in kW of metered load; of its meters, [meter, block]: `shown` in
    kW, `usual` in kW (what they would draw) and whether they are `silent`, that is show next to nothing."""

    day: Array
    unexplained: Array
    shown: Array
    usual: Array
    silent: Array


@dataclass(frozen=True)
class Finding:
    """A meter's place, the kind of theft, its mean missing load in kW over the days in which it is missing, the share
    of the customer's load, how many times the noise it is, and its first and last day."""

    meter: int
    kind: str
    missing_kw: float
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
    """All meters that the unexplained load can be laid to, whatever their strength."""
    if len(np.unique(feeder.day)) < FEWEST_DAYS:
        return []
    load = feeder.shown.sum(axis=0)
    noise = NOISE * np.maximum(
        load + np.maximum(feeder.unexplained, 0.0), 0.05 * load.max(initial=0.0) + 0.01
    )
    columns = _columns(feeder, noise)
    matrix = np.stack([each.values / noise for each in columns] + [load / noise, -load / noise], axis=1)
    goal = feeder.unexplained / noise
    weights = np.array([0.0] * len(columns) + [1 / SHARE_WITHIN] * 2)
    # a row of the bound on the share's error has the weight of a day, not of a block
    bound = np.diag(weights)[len(columns) :] * np.sqrt(BLOCKS_A_DAY)
    rows, target = np.vstack([matrix, bound]), np.r_[goal, 0.0, 0.0]
    fitted, residual = nnls(rows, target)
    spread = max(1.0, residual**2 / len(goal))
    found = []
    for place, column in enumerate(columns):
        if fitted[place] <= 0:
            continue
        _, without = nnls(np.delete(rows, place, axis=1), target)
        strength = np.sqrt(max(0.0, without**2 - residual**2) / spread / BLOCKS_A_DAY)
        is_on = column.values > 0
        missing = float((fitted[place] * column.values[is_on]).mean())
        ratio = float(fitted[place])
        part = ratio / (1 + ratio) if column.kind == PARTIAL else min(1.0, ratio)
        found.append(
            Finding(
                column.meter, column.kind, missing, part, float(strength), column.first_day, column.last_day
            )
        )
    return found


def _columns(feeder: Feeder, noise: Array) -> list[_Column]:
    columns = []
    for meter in range(len(feeder.shown)):
        silent = feeder.silent[meter]
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


def _likeliest_begin(feeder: Feeder, shown: Array, noise: Array) -> int:
    """The day from which on what is missing follows this meter best."""
    days = np.unique(feeder.day)
    goal, best = feeder.unexplained / noise, (-np.inf, int(days[0]))
    for day in days[: -FEWEST_DAYS + 1]:
        column = np.where(feeder.day >= day, shown, 0.0) / noise
        along, size = float(column @ goal), float(column @ column)
        gain = along**2 / size if along > 0 and size > 0 else 0.0
        if gain > best[0] * 1.05 + 1e-9:  # the earlier day, where both say as much
            best = (gain, int(day))
    return best[1]
