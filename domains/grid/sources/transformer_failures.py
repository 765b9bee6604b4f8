"""Failures of transformers with their run-up, in which gas rises and health falls.

`begins_with`: the kind of fault that makes the gas.
"""

from typing import Any

import numpy as np

from domains.grid.world.clock import half_hours_of
from domains.grid.world.network import transformer_ids
from domains.grid.world.oil import KINDS, kind_of
from domains.grid.world.upkeep import MODES, failure_number, failure_of
from simulation.random_draws import World, instant_of_minute

HIDDEN = True
PLANTED = {
    "table": "substation_telemetry",
    "kind": "failure",
    "key": "transformer_id",
    "from_at": "run_up_from",
    "to_at": "back_at",
    "happens_at": "failed_at",
}


def transformer_failures(world: World) -> dict[str, Any]:
    first, last = (at * 30 for at in half_hours_of(world))
    transformer = np.arange(world.counts["transformer_master"])
    earliest, latest = (failure_number(world, transformer, np.array(at)) for at in (first, last))
    numbers = earliest[:, None] + np.arange(int((latest - earliest).max(initial=0)) + 2)
    found = failure_of(world, transformer[:, None], numbers)
    felt = (found.repaired > first) & (found.run_up_from < last)
    place, _ = np.nonzero(felt)
    kind = kind_of(world, place, found.number[felt], found.mode[felt])
    return {
        "transformer_id": transformer_ids(place),
        "run_up_from": instant_of_minute(found.run_up_from[felt]),
        "failed_at": instant_of_minute(found.failed[felt]),
        "back_at": instant_of_minute(found.repaired[felt]),
        "severity": np.round(found.severity[felt], 3),
        "mode": np.array(MODES)[found.mode[felt]],
        "begins_with": np.array(KINDS)[kind],
    }
