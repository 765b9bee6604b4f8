"""Trips of breakers, which leave the customers of a transformer without supply; failures trip it as well."""

from typing import Any

import numpy as np

from domains.grid.world.clock import half_hours_of
from domains.grid.world.network import customers_of, transformer_ids
from domains.grid.world.upkeep import offs_between
from simulation.random_draws import World, instant_of_minute

HIDDEN = True
PLANTED = {
    "table": "substation_telemetry",
    "kind": "trip",
    "key": "transformer_id",
    "from_at": "tripped_at",
    "to_at": "reset_at",
}


def breaker_trips(world: World) -> dict[str, Any]:
    first, last = (at * 30.0 for at in half_hours_of(world))
    transformer = np.arange(world.counts["transformer_master"])
    offs = offs_between(world, transformer, first, last)
    offs = offs.where(np.flatnonzero(offs.tripped))
    place, _ = customers_of(world, transformer)
    return {
        "transformer_id": transformer_ids(offs.place),
        "tripped_at": instant_of_minute(offs.begins),
        "reset_at": instant_of_minute(offs.ends),
        "metered_customers": np.bincount(place, minlength=len(transformer))[offs.place],
    }
