"""What devices at transformers send each quarter of an hour. All they measure comes of one load."""

from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from domains.grid.world import network
from domains.grid.world.transformers import GAS_ALARM, OVERHEAT_ALARM, Condition, condition_of, high_side_kv
from domains.grid.world.weather import humidity
from simulation.arrays import Array, Columns, ids
from simulation.random_draws import ANCHOR_SECONDS, World

QUARTER = 900
BREAKERS = pa.array(["CLOSED", "OPEN", "TRIPPED"])
ALARMS = pa.array(["OVERLOAD", "OVERHEAT", "GAS_ALARM", "BREAKER_TRIP", None])
NONE = 4
OVERLOADED = 100.0  # percent
ON_THE_WAY = (200, 2600)  # ms to the hub


def substation_telemetry(ticks: Any, transformer_master: Columns, world: World) -> dict[str, Any]:
    index, second = ticks.index, ticks.second
    master = transformer_master.of(index)
    low = int(index.min(initial=0)) if len(index) else 0
    high = int(index.max()) + 1 if len(index) else 1
    devices = network.device_ids(np.arange(low, high)).take(pa.array(index - low))
    found = condition_of(world, index, second - ANCHOR_SECONDS)
    bits = world.hashed("message", index, second)
    on_the_way = (
        ON_THE_WAY[0] + (bits & np.uint64(0xFFF)).astype(np.int64) * (ON_THE_WAY[1] - ON_THE_WAY[0]) // 4096
    )
    return {
        "telemetry_id": pc.binary_join_element_wise(
            ids("T", index, 6), pa.array(second).cast(pa.string()), "-"
        ),
        "substation_id": master["substation_id"],
        "transformer_id": master["transformer_id"],
        "timestamp": second.astype("datetime64[s]"),
        "load_mw": np.round(found.load / 1000.0, 6),
        "capacity_mw": np.round(found.capacity / 1000.0, 6),
        "load_percentage": np.round(found.percent, 2),
        "voltage_kv": voltage_of(world, index, second, found),
        "oil_temperature_c": np.round(found.oil, 1),
        "ambient_temperature_c": np.round(found.air, 1),
        "dissolved_gas_ppm": np.round(found.gas, 1),
        "humidity_percent": humidity_of(world, index, second, bits),
        "breaker_status": BREAKERS.take(pa.array(np.where(found.tripped, 2, found.is_off.astype(np.int64)))),
        "alarm_code": ALARMS.take(pa.array(alarm_of(found))),
        "region": master["region"],
        "state": master["state"],
        "iot_device_id": devices,
        "iot_hub_enqueued_time": (second * 1000 + on_the_way).astype("datetime64[ms]"),
        "sequence_number": sequence_of(world, index, second),
    }


def sequence_of(world: World, index: Array, second: Array) -> Array:
    """A device counts all it sends; it began to at some time before the anchor."""
    return world.integer("sent before", index, low=1_000, high=400_000) + (second - ANCHOR_SECONDS) // QUARTER


def alarm_of(found: Condition) -> Array:
    """A trip before all, then the load, then the gas; the heat last, which only very hot oil rings for."""
    alarm = np.where(found.oil > OVERHEAT_ALARM, 1, NONE)
    alarm = np.where(found.gas > GAS_ALARM, 2, alarm)
    alarm = np.where(found.percent > OVERLOADED, 0, alarm)
    return np.where(found.tripped, 3, alarm)


def voltage_of(world: World, index: Array, second: Array, found: Condition) -> Array:
    """It sags a little with the load."""
    wander = world.smooth("voltage", index, at=second, every=timedelta(hours=6))
    sag = 0.035 * np.minimum(found.percent, 150.0) / 100.0
    return np.round(high_side_kv(world, index) * (1.01 + 0.012 * wander - sag), 3)


def humidity_of(world: World, index: Array, second: Array, bits: Array) -> Array:
    usual = humidity(world, network.region_of(index), (second - ANCHOR_SECONDS) / 1800)
    noise = ((bits >> np.uint64(20)) & np.uint64(0xFFF)).astype(np.int64) / 4096 - 0.5
    return np.round(np.clip(usual + 2.0 * noise, 3.0, 100.0), 1)
