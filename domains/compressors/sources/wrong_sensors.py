"""Instruments that drift or become noisy while the machine is sound, until they are exchanged."""

from typing import Any

import numpy as np

from domains.compressors.world import upkeep
from domains.compressors.world.fleet import compressor_ids
from simulation.random_draws import World, instant_of_minute

HIDDEN = True
PLANTED = {
    "table": "sensor_readings",
    "kind": "sensor_failure",
    "key": "compressor_id",
    "from_at": "from_at",
    "to_at": "to_at",
}


def wrong_sensors(world: World) -> dict[str, Any]:
    first, last = upkeep.minutes_of(world)
    slots = np.arange(upkeep.sensor_slot(np.array(first)), upkeep.sensor_slot(np.array(last)) + 1)
    machines = np.arange(world.counts["compressor_metadata"])
    who, slot = (each.ravel() for each in np.meshgrid(machines, slots, indexing="ij"))
    wrong = upkeep.wrong_sensor_of(world, who, slot)
    felt = np.flatnonzero((wrong.begins < last) & (wrong.ends > first))
    wrong = wrong.where(felt)
    return {
        "compressor_id": compressor_ids(who[felt]),
        "from_at": instant_of_minute(wrong.begins),
        "to_at": instant_of_minute(wrong.ends),
        "signal": np.array(upkeep.SIGNALS, object)[wrong.signal],
        "way": np.array(upkeep.SENSOR_KINDS, object)[wrong.kind],
        "size": np.round(wrong.size, 3),
    }
