"""Time as the grid's world counts it: half-hours, days and minutes since the anchor. Days are those of India, which is
five and a half hours ahead of UTC.
"""

import numpy as np

from simulation.arrays import Array
from simulation.random_draws import ANCHOR_SECONDS, World, seconds

HALF_HOUR, DAY = 1800, 86_400
PER_DAY = 48  # half-hours
AHEAD = 11  # half-hours of Indian time before UTC
FIRST_DAY = np.datetime64("2020-01-01")
WEDNESDAY = 2  # the first day's place in its week


def local_day(half_hour: Array) -> Array:
    return (half_hour + AHEAD) // PER_DAY


def local_hour(half_hour: Array) -> Array:
    """Hours since midnight in India when the half-hour begins."""
    return (half_hour + AHEAD) % PER_DAY / 2


def weekday(day: Array) -> Array:
    """0 is Monday."""
    return (day + WEDNESDAY) % 7


def first_half_hour(day: Array) -> Array:
    """Of a day in India."""
    return day * PER_DAY - AHEAD


def date_of(day: Array) -> Array:
    return FIRST_DAY + np.asarray(np.floor(day), np.int64)


def day_of(date: Array) -> Array:
    return (np.asarray(date, "datetime64[D]") - FIRST_DAY).astype(np.int64)


def second_of(half_hour: Array) -> Array:
    """Seconds since 1970."""
    return half_hour * HALF_HOUR + ANCHOR_SECONDS


def half_hours_of(world: World) -> tuple[int, int]:
    """The first half-hour of the world's span, and the first one after it."""
    first, last = ((seconds(at) - ANCHOR_SECONDS) / HALF_HOUR for at in (world.start, world.end))
    return int(first // 1), int(-(-last // 1))


def begin_of(half_hour: Array) -> Array:
    """The instant at which a half-hour begins; its reading is stamped at its end."""
    return second_of(np.asarray(half_hour, np.int64)).astype("datetime64[s]")


def slots_between(first: int, last: int, length: int) -> Array:
    """An instant of each slot of this length that may touch the span, whatever the slot's phase."""
    return np.arange(first - length, last + length, length)
