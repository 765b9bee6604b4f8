"""Services and trips of units: no faults, and never landed, but what their sensors show then is no fault either."""

from typing import Any

import numpy as np

from domains.refinery.world.operation import stand_of
from domains.refinery.world.plant import units_of
from simulation.arrays import Columns, gathered
from simulation.random_draws import ANCHOR_SECONDS, World, seconds

HIDDEN = True
PLANTED = {"kind": "stand", "key": "unit_id", "from_at": "stood_from", "to_at": "hot_at"}
HOUR, HEATING_HOURS = 3600, 12


def unit_stands(processing_units: Columns, refineries: Columns, world: World) -> dict[str, Any]:
    first, last = ((seconds(at) - ANCHOR_SECONDS) // HOUR for at in (world.start, world.end))
    hours, units = np.arange(first - HEATING_HOURS, last), units_of(processing_units, refineries, world)
    stand = stand_of(world, units, np.arange(len(units.home))[:, None], hours)
    stands = np.pad((stand.minutes > 0) & (stand.cause > 0), ((0, 0), (1, 1)))
    (unit, begins), (_, ends) = (np.nonzero(np.diff(stands.astype(int), axis=1) == way) for way in (1, -1))
    times = ((hours[0] + at) * HOUR + ANCHOR_SECONDS for at in (begins, ends + HEATING_HOURS))
    stood_from, hot_at = (at.astype("datetime64[s]") for at in times)
    return {
        "unit_id": gathered(processing_units["unit_id"], unit),
        "stood_from": stood_from,
        "hot_at": hot_at,
    }
