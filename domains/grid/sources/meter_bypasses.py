"""Spells in which a constant part of a customer's load is led past the meter."""

from typing import Any

import numpy as np

from domains.grid.world.clock import begin_of, half_hours_of, slots_between
from domains.grid.world.customers import BYPASS, with_role
from domains.grid.world.metering import BYPASS_SLOT, bypass_of
from domains.grid.world.network import meter_ids, transformer_ids
from simulation.random_draws import World

HIDDEN = True
PLANTED = {
    "table": "smart_meter_readings",
    "kind": "bypass",
    "key": "meter_id",
    "from_at": "from_at",
    "to_at": "to_at",
}


def meter_bypasses(world: World) -> dict[str, Any]:
    thieves, (first, last) = with_role(world, BYPASS), half_hours_of(world)
    part, begins, ends = bypass_of(world, thieves.index[:, None], slots_between(first, last, BYPASS_SLOT))
    place, slot = np.nonzero((begins < last) & (ends > first))
    return {
        "meter_id": meter_ids(thieves.index[place]),
        "from_at": begin_of(begins[place, slot]),
        "to_at": begin_of(ends[place, slot]),
        "transformer_id": transformer_ids(thieves.transformer[place]),
        "part": np.round(part[place, slot], 3),
    }
