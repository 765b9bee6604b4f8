"""The registers of meters: what a meter counted since the world began, as it shows it at midnight by the local clock.

A register counts what the meter does, without the spikes of single half-hours. Behind current transformers it shows a
part, which its multiplier makes whole. Of some, the head-end holds another multiplier or unit for a time.
"""

from dataclasses import dataclass

import numpy as np

from domains.grid.world.clock import PER_DAY, first_half_hour, local_day
from domains.grid.world.customers import Customers, customers_at
from domains.grid.world.demand import climate_of
from domains.grid.world.metering import metered_of, off_of
from simulation.arrays import Array, Arrays
from simulation.random_draws import World

WITH_TRANSFORMERS, MULTIPLIERS = 60.0, (10, 20, 40)  # kW of sanctioned load from which on
WRONG_SLOT, WRONG, WRONG_FROM, WRONG_TO = 60, 0.04, (0.1, 0.5), 0.9  # days; parts of the slot
OF_UNIT, WRONG_TIMES = 0.4, 10.0
BEFORE = (200.0, 60_000.0)  # kWh that it had counted when the world began
AT_ONCE = 300_000  # half-hours


@dataclass(frozen=True)
class Wrong(Arrays):
    """Whether what the head-end holds is wrong in the slot of a day, whether it is the unit, and the days from and to
    which."""

    happens: Array
    is_unit: Array
    begins: Array
    ends: Array


def multiplier_of(world: World, customers: Customers) -> Array:
    chosen = world.choice("multiplier", customers.index, values=MULTIPLIERS)
    return np.where(customers.sanctioned >= WITH_TRANSFORMERS, chosen, 1).astype(float)


def wrong_of(world: World, index: Array, day: Array) -> Wrong:
    slot = day // WRONG_SLOT
    begins = world.uniform("register set wrong", index, slot, low=WRONG_FROM[0], high=WRONG_FROM[1])
    return Wrong(
        world.happens("register is wrong", index, slot, rate=WRONG),
        world.happens("unit is wrong", index, slot, rate=OF_UNIT),
        slot * WRONG_SLOT + np.floor(begins * WRONG_SLOT),
        slot * WRONG_SLOT + int(WRONG_TO * WRONG_SLOT),
    )


def shown_at_midnight(world: World, index: Array, first: int, last: int, start: int) -> Array:
    """[customer, day]: kWh of all time at the beginning of each local day from `first` up to `last`, counted half-hour
    by half-hour from the local day `start` on."""
    before = world.uniform("register before", index, low=BEFORE[0], high=BEFORE[1])
    days, parts = last - 1 - start, []
    step = max(1, AT_ONCE // max(days * PER_DAY, 1))
    for at in range(0, len(index), step):
        parts.append(_counted(world, index[at : at + step], start, days))
    counted = np.concatenate([np.zeros((0, days)), *parts])
    shown = before[:, None] + np.concatenate([np.zeros((len(index), 1)), np.cumsum(counted, axis=1)], axis=1)
    return np.asarray(shown[:, first - start :])


def _counted(world: World, index: Array, start: int, days: int) -> Array:
    """kWh of each customer and day."""
    half_hours = first_half_hour(start) + np.arange(days * PER_DAY)
    place, half_hour = np.repeat(np.arange(len(index)), len(half_hours)), np.tile(half_hours, len(index))
    customers = customers_at(world, index).where(place)
    off = off_of(world, customers.transformer, half_hour)
    counted = metered_of(world, climate_of(world, half_hours), customers, half_hour, off).counted
    return np.asarray(np.round(counted, 3).reshape(len(index), days, PER_DAY).sum(axis=2))


def first_day(second: float) -> int:
    """The first local day that begins at or after a time, in seconds since the anchor."""
    half_hour = int(-(-second // 1800))
    day = int(local_day(np.array(half_hour)))
    return day if first_half_hour(np.array(day)) >= half_hour else day + 1
