"""The machines and where they stand. All is a function of a machine's number, counted from 0."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulation.arrays import Array, Arrays, ids
from simulation.random_draws import World

STATIONS = (
    ("STN-001", "Midland", 31.9973, -102.0779),
    ("STN-002", "Karnes City", 28.9144, -98.5242),
    ("STN-003", "Carthage", 32.1574, -94.3374),
    ("STN-004", "Fort Worth", 32.7555, -97.3308),
)
MODELS = (
    # maker, frame, rated horsepower, vibration of a sound one at full load in mm/s
    ("Ariel", "JGA/4", 560, 2.0),
    ("Ariel", "JGE/4", 1380, 2.4),
    ("Ariel", "JGK/4", 1775, 2.7),
    ("Ariel", "JGT/4", 2370, 3.0),
    ("Cooper", "MH64", 1775, 3.1),
    ("Dresser-Rand", "HOS-4", 1380, 2.6),
)
RATED_HP = np.array([float(model[2]) for model in MODELS])
VIBRATION = np.array([model[3] for model in MODELS])
STAGES, HEAT_RATIO = 3, 1.27
"""Stages, and k of the gas: how much compression heats it."""
EXPONENT = (HEAT_RATIO - 1) / HEAT_RATIO
ATMOSPHERE_PSI = 14.7
FIRST_INSTALLED, LAST_INSTALLED = np.datetime64("2009-01-01"), np.datetime64("2019-06-30")
FIRST_DAY = np.datetime64("2020-01-01")


@dataclass(frozen=True)
class Machines(Arrays):
    """`suction` and `discharge` in psi by the gauge, at the design point; `displacement` is the flow in million cubic
    feet a day for each psi of suction that a cylinder filled wholly would move; `approach` is how much
    warmer than the air a clean cooler leaves the gas, in °F."""

    index: Array
    station: Array
    model: Array
    rated_hp: Array
    suction: Array
    discharge: Array
    displacement: Array
    vibration: Array
    efficiency: Array
    approach: Array


def machines_at(world: World, index: Array) -> Machines:
    model = world.integer("model", index, low=0, high=len(MODELS) - 1)
    rated = RATED_HP[model]
    station = station_of(index)
    suction = world.uniform("suction", station, low=60, high=95) * world.uniform(
        "own suction", index, low=0.93, high=1.07
    )
    discharge = world.uniform("discharge", station, low=880, high=1080)
    ratio = ratio_of(suction, discharge)
    efficiency = world.uniform("efficiency", index, low=0.76, high=0.84)
    approach = world.uniform("approach", index, low=14, high=32)
    loaded = world.uniform("sized for", index, low=0.74, high=0.86) * rated
    flow = loaded / horsepower_per_flow(ratio, 78.0 + approach, efficiency)
    displacement = flow / (filled(ratio) * (suction + ATMOSPHERE_PSI))
    vibration = VIBRATION[model] * world.uniform("balanced", index, low=0.8, high=1.2)
    return Machines(
        index, station, model, rated, suction, discharge, displacement, vibration, efficiency, approach
    )


def station_of(index: Array) -> Array:
    return index % len(STATIONS)


def ratio_of(suction: Array, discharge: Array) -> Array:
    """By how much each stage compresses, all of them alike."""
    whole = (discharge + ATMOSPHERE_PSI) / (suction + ATMOSPHERE_PSI)
    return np.asarray(whole ** (1 / STAGES))


def horsepower_per_flow(ratio: Array, inlet_f: Array, efficiency: Array) -> Array:
    """Of a million cubic feet a day through all stages, by the adiabatic formula; hotter gas takes more."""
    work = (np.maximum(ratio, 1.0) ** EXPONENT - 1) / efficiency
    return np.asarray(STAGES * 0.0857 * (inlet_f + 459.67) / EXPONENT * work)


def outlet_f(ratio: Array, inlet_f: Array, efficiency: Array) -> Array:
    """Of the gas that leaves a stage."""
    return np.asarray(
        (inlet_f + 459.67) * (1 + (np.maximum(ratio, 1.0) ** EXPONENT - 1) / efficiency) - 459.67
    )


def filled(ratio: Array) -> Array:
    """The part of a cylinder that takes in new gas: what stays behind in its clearance expands first."""
    return np.asarray(0.97 - 0.12 * (np.maximum(ratio, 1.0) ** (1 / HEAT_RATIO) - 1))


def installed(world: World, index: Array) -> Array:
    days = (LAST_INSTALLED - FIRST_INSTALLED).astype(int)
    return FIRST_INSTALLED + world.integer("installed", index, low=0, high=int(days))


def position_of(world: World, index: Array) -> tuple[Array, Array]:
    """Latitude and longitude: a machine stands within some miles of its station."""
    places = np.array([station[2:] for station in STATIONS])[station_of(index)]
    apart = [world.uniform(f"position {side}", index, low=-0.05, high=0.05) for side in (0, 1)]
    return tuple(np.round(places[:, side] + apart[side], 5) for side in (0, 1))  # type: ignore[return-value]


def compressor_ids(index: Array) -> pa.Array:
    return ids("COMP-", index + 1, 3)


def station_ids(station: Array) -> pa.Array:
    return pa.array([each[0] for each in STATIONS]).take(pa.array(station))
