"""Production of each unit and hour. Crude units charge what the crude tank of the hour holds; the others charge
what those make, so their crude is null.

An hour without charge makes nothing: its yield and its grade of quality are null.
"""

from typing import Any

import numpy as np

from domains.refinery.world.operation import (
    CAUSES,
    USUAL_LOAD,
    UnitHours,
    grade_of,
    stand_of,
    unit_hours,
)
from domains.refinery.world.plant import Units, crude_texts, units_of
from domains.refinery.world.production import output_of
from domains.refinery.world.reference import numbers, texts
from domains.refinery.world.services import AIR, AT_REST, BY_LOAD, PRESSURE, TEMPERATURE
from simulation.arrays import Array, Columns, gathered, ids, instants, numbers_joined
from simulation.random_draws import ANCHOR_SECONDS, World

SHIFTS = np.array(["SHIFT-C", "SHIFT-A", "SHIFT-B"])
GRADES = np.array(["Off-Spec", "On-Spec", "Premium", None], object)
WHY = np.array([*CAUSES, None], object)


def production_output(
    rows: Columns, processing_units: Columns, refineries: Columns, world: World
) -> dict[str, Any]:
    units = units_of(processing_units, refineries, world)
    runs = np.flatnonzero(units.runs[rows["_index"]])
    unit, at, number = rows["_index"][runs], rows["_at"][runs], rows["_n"][runs]
    hour, home = (at // 1_000_000 - ANCHOR_SECONDS) // 3600, units.home[unit]
    stand = stand_of(world, units, unit, hour)
    output = output_of(world, units, unit, hour, stand)
    charge, made = output.charge, output.made
    ran = charge > 0
    state = unit_hours(world, units, unit, hour)
    grade = np.where(ran, grade_of(world, unit, hour, stand, output.efficiency), 3)
    return {
        "_index": unit, "_n": number, "_at": at,
        "output_id": numbers_joined("OUT", unit, hour),
        "unit_id": ids("UNIT-", unit, 5),
        "refinery_id": ids("REF-", home, 3),
        "production_hour": instants(at),
        "input_volume_barrels": charge,
        "input_crude_type_id": np.where(
            units.is_crude[unit], crude_texts("crude_type_id")[output.crude].astype(object), None
        ),
        "output_product_id": texts("products", "product_id")[output.product],
        "output_volume_barrels": made,
        "coproduct_volume_barrels": output.all_made - made,
        "yield_percentage": np.round(made / np.where(ran, charge, np.nan), 4),
        "energy_consumed_mmbtu": output.energy,
        "operating_temperature_f": _temperature(world, units, state, unit, hour),
        "operating_pressure_psi": _pressure(world, units, state, unit, hour),
        "downtime_minutes": stand.minutes,
        "downtime_cause": WHY[stand.cause],
        "quality_grade": GRADES[grade],
        "shift_id": SHIFTS[(hour + 2) % 24 // 8],
    }  # fmt: skip


def _temperature(world: World, units: Units, state: UnitHours, unit: Array, hour: Array) -> Array:
    """Mean of the hour, as its sensors have it."""
    usual, at = numbers("unit_types", "temperature_f")[units.kind[unit]], state.places(unit, hour)
    load, heat = (_mean(values, at) for values in (state.load, state.heat))
    hot = usual + BY_LOAD[TEMPERATURE] * np.maximum(np.abs(usual - 60), 100) * (load / USUAL_LOAD - 1)
    return np.round(AIR + (hot - AIR) * heat + world.normal("temperature", unit, hour, sd=0.002) * usual, 1)


def _pressure(world: World, units: Units, state: UnitHours, unit: Array, hour: Array) -> Array:
    usual, at = numbers("unit_types", "pressure_psi")[units.kind[unit]], state.places(unit, hour)
    loaded = usual * (1 + BY_LOAD[PRESSURE] * (_mean(state.load, at) / USUAL_LOAD - 1))
    ran = 1 - gathered(state.stand.minutes.ravel(), at) / 60
    rest = AT_REST[PRESSURE]
    return np.round(
        loaded * (rest + (1 - rest) * ran) * world.normal("pressure", unit, hour, mean=1.0, sd=0.005), 2
    )


def _mean(marks: Array, at: Array) -> Array:
    flat = marks.ravel()
    return (flat[at] + flat[at + 1]) / 2
