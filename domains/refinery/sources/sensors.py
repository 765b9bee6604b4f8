"""Sensors: a hundred to a unit, with the ranges and limits of what they measure there. Only recalibration and a change
of duty alter them after they are mounted.
"""

from typing import Any

import numpy as np

from domains.refinery.world.plant import units_of
from domains.refinery.world.reference import texts
from domains.refinery.world.services import kind_of, services_of, unit_of_sensor
from simulation.arrays import Array, Columns, ids
from simulation.random_draws import World

DUTY_DAYS = 90


def sensors(rows: Columns, processing_units: Columns, refineries: Columns, world: World) -> dict[str, Any]:
    index, kind = rows["_index"], kind_of(world, rows["_index"])
    unit, home = unit_of_sensor(world, index)
    services = services_of(world, units_of(processing_units, refineries, world), index, unit)
    kinds = texts("sensor_kinds", "sensor_type")
    short = np.array([f"{name[:4]}-" for name in kinds.tolist()])[kind]
    makers = np.array([f"{name[:3]}-" for name in rows["manufacturer"].tolist()], "<U4")
    return {
        "sensor_id": ids("SENS-", index, 6),
        "unit_id": ids("UNIT-", unit, 5),
        "refinery_id": ids("REF-", home, 3),
        "sensor_name": np.char.add(short, np.char.zfill((index % 1000).astype(str), 3)),
        "sensor_type": kinds[kind],
        "measurement_unit": texts("sensor_kinds", "measurement_unit")[kind],
        **services.limits,
        "model": np.char.add(makers, world.integer("sensor model", index, low=100, high=999).astype(str)),
        "calibration_date": _calibrated(rows, world),
        "is_active": _is_on_duty(rows, world),
        "_unit": unit,
        "_kind": kind,
        "_type": services.type,
        "_point": services.point,
        "_by_load": services.by_load,
        "_spread": services.spread,
        "_steps": services.steps,
    }


def _day(rows: Columns) -> Array:
    return (rows["_at"] // 1_000_000).astype("datetime64[s]").astype("datetime64[D]")


def _calibrated(rows: Columns, world: World) -> Array:
    """The last of its yearly calibrations; never before it was mounted."""
    due = world.integer("sensor calibration day", rows["_index"], low=0, high=364)
    since = ((_day(rows) - np.datetime64("2020-01-01")).astype(np.int64) - due) % 365
    return np.maximum(_day(rows) - since, rows["installation_date"].astype("datetime64[D]"))


def _is_on_duty(rows: Columns, world: World) -> Array:
    """Two in a hundred are switched off for a season."""
    phase = world.integer("sensor season", rows["_index"], low=0, high=DUTY_DAYS - 1)
    season = ((_day(rows) - np.datetime64("2020-01-01")).astype(np.int64) + phase) // DUTY_DAYS
    return ~world.happens("sensor off", rows["_index"], season, rate=0.02)
