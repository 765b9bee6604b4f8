"""Spells in which a thief leads all of the load past the meter, which goes on to count next to nothing."""

from typing import Any

import numpy as np

from domains.grid.world.clock import begin_of, half_hours_of, slots_between
from domains.grid.world.customers import THIEF, with_role
from domains.grid.world.metering import THEFT_SLOT, theft_of
from domains.grid.world.network import meter_ids, transformer_ids
from simulation.random_draws import World

HIDDEN = True
PLANTED = {
    "table": "smart_meter_readings",
    "kind": "theft",
    "key": "meter_id",
    "from_at": "from_at",
    "to_at": "to_at",
}


def energy_thefts(world: World) -> dict[str, Any]:
    thieves, (first, last) = with_role(world, THIEF), half_hours_of(world)
    steals, begins, ends = theft_of(world, thieves.index[:, None], slots_between(first, last, THEFT_SLOT))
    place, slot = np.nonzero(steals & (begins < last) & (ends > first))
    return {
        "meter_id": meter_ids(thieves.index[place]),
        "from_at": begin_of(begins[place, slot]),
        "to_at": begin_of(ends[place, slot]),
        "transformer_id": transformer_ids(thieves.transformer[place]),
    }
