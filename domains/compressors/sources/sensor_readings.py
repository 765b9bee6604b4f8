"""What the instruments of a machine say every ten minutes: how it runs, with their noise, and what a wrong one makes
of it."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from domains.compressors.world import upkeep
from domains.compressors.world.fleet import compressor_ids, machines_at
from domains.compressors.world.running import Running, running_at
from simulation.arrays import Array
from simulation.random_draws import ANCHOR_SECONDS, World

NOISE = {"vibration": 0.05, "temperature": 0.005, "suction": 0.008, "discharge": 0.003}
"""Standard deviation, as a part of what is so."""
OF_POWER, OF_FLOW = 0.010, 0.012
SPREAD = 0.25  # of the vibration of a sound machine: what faults of its sensor are measured by
NOISY = 4.0  # what a noisy instrument's noise is, over how far one that drifts gets


def sensor_readings(ticks: Any, world: World) -> dict[str, Any]:
    index, second = ticks.index, ticks.second
    since = second - ANCHOR_SECONDS
    runs = running_at(world, index, since)
    says = {name: getattr(runs, name) * (1 + noise(world, name, index, second)) for name in upkeep.SIGNALS}
    says = with_wrong_sensors(world, index, since / 60.0, says, runs)
    sound = machines_at(world, index).vibration
    return {
        "reading_id": pc.binary_join_element_wise(
            compressor_ids(index), pa.array(second // 60).cast(pa.string()), "-"
        ),
        "compressor_id": compressor_ids(index),
        "timestamp": second.astype("datetime64[s]"),
        "vibration_mms": np.round(np.maximum(says["vibration"], 0.0), 3),
        "discharge_temp_f": np.round(says["temperature"], 1),
        "suction_pressure_psi": np.round(np.maximum(says["suction"], 0.0), 2),
        "discharge_pressure_psi": np.round(np.maximum(says["discharge"], 0.0), 1),
        "horsepower_consumption": np.round(
            runs.power * (1 + world.normal("power noise", index, second, sd=OF_POWER)), 1
        ),
        "gas_flow_mcf": np.round(
            1000 * runs.flow * (1 + world.normal("flow noise", index, second, sd=OF_FLOW)), 1
        ),
        "_typical": sound,
        "_spread": SPREAD * sound,
        "_least": np.zeros(len(index)),
        "ambient_temp_f": np.round(runs.air + world.normal("air noise", index, second, sd=0.4), 1),
    }


def noise(world: World, name: str, index: Array, second: Array) -> Array:
    return world.normal(f"{name} noise", index, second, sd=NOISE[name])


def with_wrong_sensors(
    world: World, index: Array, minute: Array, says: dict[str, Array], runs: Running
) -> dict[str, Array]:
    slot = upkeep.sensor_slot(minute)
    wrong = upkeep.wrong_sensor_of(world, index, slot)
    is_wrong = (minute >= wrong.begins) & (minute < wrong.ends)
    gone = np.where(is_wrong, (minute - wrong.begins) / np.maximum(wrong.ends - wrong.begins, 1), 0.0)
    drawn = world.normal("wrong noise", index, np.asarray(minute, np.int64))
    off = wrong.size * np.where(wrong.kind == 0, gone, drawn / NOISY * np.minimum(4 * gone, 1.0))
    return {
        name: values + np.where(wrong.signal == place, off, 0.0) * getattr(runs, name)
        for place, (name, values) in enumerate(says.items())
    }
