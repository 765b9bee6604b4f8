"""Outages for planned maintenance: no faults, but they explain what transformers and meters show then."""

from typing import Any

import numpy as np

from domains.grid.world.clock import half_hours_of
from domains.grid.world.network import transformer_ids
from domains.grid.world.upkeep import offs_between
from simulation.random_draws import World, instant_of_minute

HIDDEN = True
PLANTED = {"kind": "planned outage", "key": "transformer_id", "from_at": "off_at", "to_at": "on_at"}


def planned_outages(world: World) -> dict[str, Any]:
    first, last = (at * 30.0 for at in half_hours_of(world))
    offs = offs_between(world, np.arange(world.counts["transformer_master"]), first, last)
    offs = offs.where(np.flatnonzero(~offs.tripped.astype(bool)))
    return {
        "transformer_id": transformer_ids(offs.place),
        "off_at": instant_of_minute(offs.begins),
        "on_at": instant_of_minute(offs.ends),
    }
