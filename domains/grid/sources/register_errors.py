"""Times in which the head-end holds another unit or multiplier than a meter's register has."""

from typing import Any

import numpy as np

from domains.grid.world.clock import begin_of, first_half_hour, half_hours_of, local_day
from domains.grid.world.network import meter_ids
from domains.grid.world.registers import WRONG_SLOT, wrong_of
from simulation.random_draws import World

HIDDEN = True
PLANTED = {
    "table": "register_reads",
    "kind": "wrong_register",
    "key": "meter_id",
    "from_at": "from_at",
    "to_at": "to_at",
}


def register_errors(world: World) -> dict[str, Any]:
    first, last = (int(local_day(np.array(at))) for at in half_hours_of(world))
    slots = np.arange(first // WRONG_SLOT, last // WRONG_SLOT + 1) * WRONG_SLOT
    found = wrong_of(world, np.arange(world.counts["customer_master"])[:, None], slots)
    place, slot = np.nonzero(found.happens & (found.begins <= last) & (found.ends > first))
    return {
        "meter_id": meter_ids(place),
        "from_at": begin_of(first_half_hour(found.begins[place, slot])),
        "to_at": begin_of(first_half_hour(found.ends[slot])),
        "what": np.where(found.is_unit[place, slot], "unit", "multiplier"),
    }
