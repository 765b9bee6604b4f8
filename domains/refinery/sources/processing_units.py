"""Units of each refinery: its first are crude units that together charge its capacity, the others differ in kind. A
sulphur plant is built for what the refinery's crudes bring.
"""

from typing import Any

import numpy as np

from domains.refinery.world.failures import failures_around
from domains.refinery.world.operation import services_around
from domains.refinery.world.plant import (
    KINDS,
    SULPHUR_UNIT,
    UNITS_PER_REFINERY,
    home_of,
    homes_of,
    sulphur_in,
)
from domains.refinery.world.reference import numbers, texts
from simulation.arrays import Array, Columns, ids
from simulation.random_draws import ANCHOR_SECONDS, World

LARGEST, SMALLEST, STEP = 200_000, 10_000, 5_000
SULPHUR_SMALLEST, SULPHUR_STEP, SULPHUR_ROOM = 200, 50, 1.25
RUNNING = 0.97
OTHERS = len(KINDS) - 1


def processing_units(rows: Columns, refineries: Columns, world: World) -> dict[str, Any]:
    number, homes = rows["_index"], homes_of(refineries, world)
    home = home_of(number, UNITS_PER_REFINERY, world)
    appetite, slot = homes.appetite[home], number - home * UNITS_PER_REFINERY
    crude_units = -(-appetite // LARGEST)
    is_crude, other = slot < crude_units, slot - crude_units
    first = world.integer("first kind", home, low=0, high=OTHERS - 1)
    kind = np.where(is_crude, 0, 1 + (first + 5 * other) % OTHERS)
    ordinal = np.where(is_crude, slot, other // OTHERS) + 1
    names = np.char.add(np.char.add(texts("unit_types", "prefix")[kind], "-"), ordinal.astype(str))
    return {
        "unit_id": ids("UNIT-", number, 5),
        "refinery_id": ids("REF-", home, 3),
        "unit_type": texts("unit_types", "unit_type")[kind],
        "unit_subtype": texts("unit_types", "unit_subtype")[kind],
        "design_efficiency": numbers("unit_types", "design_efficiency")[kind],
        "unit_name": names,
        "capacity_bpd": np.where(
            is_crude,
            _crude_capacity(appetite, crude_units, slot),
            np.where(
                texts("unit_types", "unit_subtype")[kind] == SULPHUR_UNIT,
                _sulphur_capacity(appetite, homes.grades[home]),
                _other_capacity(appetite, world, number, kind),
            ),
        ),
        "installation_date": np.maximum(rows["installation_date"], refineries["commissioned_date"][home]),
        "last_maintenance_date": _serviced(rows, world),
        "model_number": np.char.add(
            np.array([f"{name[:2]}-" for name in rows["manufacturer"].tolist()]),
            world.integer("model", number, low=1000, high=9999).astype(str),
        ),
        "is_active": homes.runs[home] & (is_crude | world.happens("unit runs", number, rate=RUNNING)),
    }


def _crude_capacity(appetite: Array, crude_units: Array, slot: Array) -> Array:
    each = appetite // crude_units // STEP * STEP
    return np.where(slot == 0, appetite - (crude_units - 1) * each, each)


def _sulphur_capacity(appetite: Array, grades: Array) -> Array:
    """Barrels of molten sulphur a day: of the usual diet, and some room."""
    wanted = appetite * sulphur_in(grades).mean(axis=1) * SULPHUR_ROOM
    return np.maximum(SULPHUR_SMALLEST, np.ceil(wanted / SULPHUR_STEP) * SULPHUR_STEP).astype(np.int64)


def _other_capacity(appetite: Array, world: World, number: Array, kind: Array) -> Array:
    size = (
        appetite
        * numbers("unit_types", "share_of_refinery")[kind]
        * world.uniform("unit size", number, low=0.85, high=1.15)
    )
    return (np.round(size / STEP) * STEP).clip(SMALLEST, LARGEST).astype(np.int64)


def _serviced(rows: Columns, world: World) -> Array:
    """The day of the last service or repair."""
    unit, hour = rows["_index"], (rows["_at"] // 1_000_000 - ANCHOR_SECONDS) // 3600
    _, before = failures_around(world, unit, hour)
    _, done = services_around(world, unit, rows["maintenance_interval_days"], hour)
    day = np.maximum(done, before.repaired) // 24
    return np.datetime64("2020-01-01") + day.astype(np.int64)
