"""The level of a product tank ahead, by how it was filled and lifted before.

A product tank fills evenly and is emptied by a lifting, over and over. Where it is in that cycle, how long a cycle
takes and how far it rises is read off the turns of its level. How low a lifting draws it differs, so beyond the current
cycle only the usual low is known; and as far as cycles differ in length, the place in the cycle is lost further ahead.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

Array = np.ndarray

TURNS_AT = 0.25  # of the range of the levels: what goes back less far is no turn
FEW_CYCLES, ASSUMED_STRAY = 2, 0.05  # how far the lengths of so few cycles stray, as a part of one


@dataclass(frozen=True)
class Cycle:
    """Hours from low to low, how far they stray, the part of them in which the level rises, its rise and usual low.
    `began` is the hour of the low that the current cycle began with."""

    length: float
    stray: float
    rising: float
    rise: float
    low: float
    began: float


def levels_ahead(hours: Array, levels: Array, ahead: Array) -> Array:
    """The level so many hours after the last one; the mean where no cycle is known."""
    mean, cycle = levels.mean(), cycle_of(hours, levels)
    if cycle is None:
        return np.full(len(ahead), mean)
    place = (hours[-1] - cycle.began) / cycle.length
    later = place + ahead / cycle.length
    number = np.floor(later)
    part = later - number
    shape = np.where(part < cycle.rising, part / cycle.rising, (1 - part) / (1 - cycle.rising))
    kept = np.exp(-2 * np.pi**2 * cycle.stray**2 * np.maximum(number, 0))
    usual = mean + (cycle.low + cycle.rise * shape - mean) * kept
    return np.where(number < 1, in_this_cycle(cycle, float(levels[-1]), place, later, ahead), usual)


def in_this_cycle(cycle: Cycle, now: float, place: float, later: Array, ahead: Array) -> Array:
    top = now
    if place < cycle.rising:
        pace = cycle.rise / (cycle.rising * cycle.length)
        top, place = now + pace * (cycle.rising - place) * cycle.length, cycle.rising
        up = now + pace * ahead
    down = top + (cycle.low - top) * np.clip((later - place) / max(1 - place, 1e-9), 0, 1)
    return np.where(later < place, up, down) if top is not now else down


def cycle_of(hours: Array, levels: Array) -> Cycle | None:
    turns = turns_of(levels)[1:]  # the first may be no turn: the levels begin there
    lows, highs = ([place for place, is_high in turns if is_high == kind] for kind in (False, True))
    lengths = np.r_[np.diff(hours[lows]), np.diff(hours[highs])]
    if not len(lengths) or not lows:
        return None
    length = float(np.median(lengths))
    kind = lows if len(lows) > len(highs) else highs
    between = hours[kind[-1]] - hours[kind[0]]
    length = float(between / max(1, round(between / length)))
    pairs = list(pairwise(turns))
    rises, falls = ([(a, b) for (a, was), (b, _) in pairs if was == way] for way in (False, True))
    if not rises or not falls:
        return None
    up, down = (float(np.median([hours[b] - hours[a] for a, b in spans])) for spans in (rises, falls))
    rising = float(np.clip(up / (up + down), 0.05, 0.95))
    last, is_falling = turns[-1]
    return Cycle(
        length=length,
        stray=stray_of(lengths, float(np.median(np.diff(hours)))) / length
        if len(lengths) > FEW_CYCLES
        else ASSUMED_STRAY,
        rising=rising,
        rise=float(np.median([levels[b] - levels[a] for a, b in rises])),
        low=float(levels[lows].mean()),
        began=float(hours[last] - (rising * length if is_falling else 0)),
    )


def stray_of(lengths: Array, step: float) -> float:
    """Beyond what comes of measuring at steps alone."""
    return float(np.sqrt(max(0.0, lengths.var() - step**2 / 6)))


def turns_of(levels: Array) -> list[tuple[int, bool]]:
    """Places of lows (False) and highs (True), in turn."""
    found: list[tuple[int, bool]] = []
    least, low, high = TURNS_AT * float(np.ptp(levels)), 0, 0
    if least <= 0:
        return found
    for place, level in enumerate(levels):
        if level < levels[low]:
            low = place
        if level >= levels[high]:
            high = place
        is_falling = found[-1][1] if found else None
        if is_falling is not False and level - levels[low] >= least:
            found.append((low, False))
            high = place
        elif is_falling is not True and levels[high] - level >= least:
            found.append((high, True))
            low = place
    return found
