"""Readings of 50 to 120 kWh that nobody used: of faulty meters in bursts, of any now and then. Each is told alone, by
the half-hour of its reading.
"""

from typing import Any

import numpy as np

from domains.grid.world.clock import begin_of, half_hours_of
from domains.grid.world.customers import customers_at
from domains.grid.world.metering import Spikes, is_spared, spikes_of
from domains.grid.world.network import meter_ids
from simulation.arrays import gathered
from simulation.random_draws import World

HIDDEN = True
PLANTED = {
    "table": "smart_meter_readings",
    "kind": "spike",
    "key": "meter_id",
    "from_at": "from_at",
    "to_at": "to_at",
}
AT_ONCE = 64  # customers


def meter_spikes(world: World) -> dict[str, Any]:
    first, last = half_hours_of(world)
    half_hours = np.arange(first, last)
    found: list[tuple[np.ndarray, ...]] = []
    for low in range(0, world.counts["customer_master"], AT_ONCE):
        index = np.arange(low, min(low + AT_ONCE, world.counts["customer_master"]))
        customers = customers_at(world, index)
        spikes: Spikes = spikes_of(world, customers.upright(), half_hours)
        place, step = np.nonzero(spikes.is_spike)
        kept = ~is_spared(world, customers.where(place), half_hours[step])
        found.append((index[place[kept]], half_hours[step[kept]], spikes.is_burst[place[kept], step[kept]]))
    customer, at, is_burst = (np.concatenate(parts) for parts in zip(*found, strict=True))
    names = meter_ids(np.arange(world.counts["customer_master"]))
    return {
        "meter_id": gathered(names, customer),
        "from_at": begin_of(at),
        "to_at": begin_of(at + 1),
        "is_burst": is_burst,
    }
