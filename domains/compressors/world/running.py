"""How a machine runs at any minute: pressures, flow, power, temperature and vibration of one and the same gas.

The station's gas and the weather say what the machine has to do; the ratio of its pressures says how much a cylinder
takes in, what power that costs and how hot the gas becomes. What is about to fail changes one of these causes, and all
that hangs on it follows.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from domains.compressors.world import upkeep
from domains.compressors.world.fleet import (
    ATMOSPHERE_PSI,
    Machines,
    filled,
    horsepower_per_flow,
    machines_at,
    outlet_f,
    ratio_of,
)
from domains.compressors.world.upkeep import Failure
from simulation.arrays import Array, Arrays
from simulation.random_draws import ANCHOR_SECONDS, World

FRICTION = 0.04  # of the rated power
WARM_MINUTES = 45.0
SWING_MINUTES = 240.0
MOST_VIBRATION = 11.0  # mm/s, of a machine that fails by it
RESTING_VIBRATION = 0.15


@dataclass(frozen=True)
class Running(Arrays):
    """What is so, before any instrument looks at it."""

    is_on: Array
    air: Array
    suction: Array
    discharge: Array
    flow: Array
    power: Array
    temperature: Array
    vibration: Array


def running_at(world: World, index: Array, second: Array) -> Running:
    """`second` since the anchor."""
    machines, minute = machines_at(world, index), second / 60.0
    failure = upkeep.failure_at(world, index, minute)
    gone = failure.gone(minute) * failure.severity
    stopped, started = stops_at(world, index, minute, failure)
    off_for, is_on = minute - stopped, minute >= started
    on_for = minute - last_start(world, index, minute, started)
    air = air_f(world, machines.station, second)
    suction, discharge, load = gas_of(world, machines, second)
    felt = {mode: np.where(failure.mode == mode, gone, 0.0) for mode in range(len(upkeep.MODES))}
    swing = felt[upkeep.GENERAL] * np.sin(2 * np.pi * minute / SWING_MINUTES)
    leak = 0.25 * felt[upkeep.VALVE_LEAK] ** 1.5
    suction = suction * (1 + 0.10 * swing + 0.25 * leak)
    discharge = discharge * (1 - 0.05 * swing)
    inlet = air + machines.approach + 50.0 * felt[upkeep.COOLER_FOULING]
    ratio = ratio_of(suction, discharge)
    taken = machines.displacement * filled(ratio) * (suction + ATMOSPHERE_PSI) * load
    flow = taken * (1 - leak)
    bearing = np.expm1(3.0 * felt[upkeep.BEARING]) / np.expm1(3.0)
    power = taken * horsepower_per_flow(ratio, inlet, machines.efficiency) + machines.rated_hp * (
        FRICTION + 0.03 * bearing
    )
    hot = (
        outlet_f(ratio, inlet, machines.efficiency)
        + 260.0 * leak
        + 10.0 * bearing
        + 45.0 * felt[upkeep.GENERAL]
    )
    shaking = machines.vibration * (0.7 + 0.3 * power / machines.rated_hp) * (1 + 0.6 * leak)
    worst = np.maximum(bearing, np.expm1(3.0 * felt[upkeep.GENERAL]) / np.expm1(3.0))
    shaking = shaking + (MOST_VIBRATION - machines.vibration) * worst
    warm = 1 - np.exp(-np.maximum(on_for, 0.0) / WARM_MINUTES)
    cold = np.exp(-np.maximum(off_for, 0.0) / (2 * WARM_MINUTES))
    settled = 0.45 * suction + 0.15 * discharge  # of a machine that stands, all pressures become one
    return Running(
        is_on=is_on,
        air=air,
        suction=np.where(is_on, suction, settled),
        discharge=np.where(is_on, discharge, settled),
        flow=np.where(is_on, flow, 0.0),
        power=np.where(is_on, power, 0.0),
        temperature=np.where(is_on, air + (hot - air) * warm, air + (hot - air) * cold),
        vibration=np.where(is_on, shaking, RESTING_VIBRATION),
    )


def air_f(world: World, station: Array, second: Array) -> Array:
    """Of the air, by season, time of day and weather; Texas is six hours behind UTC."""
    day = second / 86_400.0
    season = -np.cos(2 * np.pi * (day - 20) / 365.25)
    hour = (second / 3600.0 - 6) % 24
    daily = -np.cos(2 * np.pi * (hour - 4) / 24)
    weather = world.smooth("weather", station, at=second + ANCHOR_SECONDS, every=timedelta(days=2))
    return np.asarray(66 + 18 * season + 10 * daily + 9 * weather)


def gas_of(world: World, machines: Machines, second: Array) -> tuple[Array, Array, Array]:
    """Suction and discharge pressure, and the share of the full load at which the operators run the machine."""
    at, hours = second + ANCHOR_SECONDS, lambda count: timedelta(hours=count)
    gathered = world.smooth("gathered", machines.station, at=at, every=hours(14))
    own = world.smooth("own gas", machines.index, at=at, every=hours(2))
    line = world.smooth("line", machines.station, at=at, every=hours(20))
    load = 0.92 + 0.06 * world.smooth("load", machines.index, at=at, every=hours(9))
    return machines.suction * (1 + 0.08 * gathered + 0.03 * own), machines.discharge * (1 + 0.04 * line), load


def stops_at(world: World, index: Array, minute: Array, failure: Failure) -> tuple[Array, Array]:
    """Begin and end of the stop that is on or was last, by minutes; -NEVER where none was."""
    begins = ends = np.full(np.shape(minute), -float(upkeep.NEVER))
    number, slot = upkeep.service_number(world, index, minute), upkeep.trip_slot(minute)
    spells = [
        *(upkeep.service_of(world, index, number - back) for back in (1, 0)),
        *(upkeep.trip_of(world, index, slot - back) for back in (1, 0)),
        upkeep.Spell(failure.fails, failure.back),
    ]
    for spell in spells:
        is_later = (spell.begins <= minute) & (spell.ends > ends)
        begins, ends = np.where(is_later, spell.begins, begins), np.where(is_later, spell.ends, ends)
    return begins, ends


def last_start(world: World, index: Array, minute: Array, started: Array) -> Array:
    """The minute in which the machine last began to run: after the last of its stops, or its last repair."""
    number = upkeep.failure_number(world, index, minute)
    repairs = [
        upkeep.story_of(world, index),
        *(upkeep.failure_of(world, index, number - back) for back in (0, 1)),
    ]
    for each in repairs:
        started = np.where(each.back <= minute, np.maximum(started, each.back), started)
    return started
