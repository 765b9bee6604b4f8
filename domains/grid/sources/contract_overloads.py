"""Customers who go beyond the load that their contract allows, on most days."""

from typing import Any

import numpy as np

from domains.grid.world.clock import begin_of, half_hours_of
from domains.grid.world.customers import BEYOND, with_role
from domains.grid.world.network import meter_ids
from simulation.random_draws import World

HIDDEN = True
PLANTED = {
    "table": "smart_meter_readings",
    "kind": "overload_of_contract",
    "key": "meter_id",
    "from_at": "from_at",
    "to_at": "to_at",
}


def contract_overloads(world: World) -> dict[str, Any]:
    beyond, (first, last) = with_role(world, BEYOND), half_hours_of(world)
    count = len(beyond.index)
    return {
        "meter_id": meter_ids(beyond.index),
        "from_at": begin_of(np.full(count, first)),
        "to_at": begin_of(np.full(count, last)),
        "times_sanctioned": np.round(beyond.size / beyond.sanctioned, 3),
    }
