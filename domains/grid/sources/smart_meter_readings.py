"""What meters send: the energy that they counted, and voltage, current and power factor that go with it.

A meter's opinion of itself (meter_status) and the head-end's (is_anomaly_flag) are right more often than not.
"""

from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from domains.grid.world import network
from domains.grid.world.clock import HALF_HOUR
from domains.grid.world.customers import Customers, customers_at
from domains.grid.world.demand import DAY_KINDS, SHAPES, Climate, climate_of
from domains.grid.world.metering import SPIKE, Metered, metered_of, off_of, spikes_of
from simulation.arrays import Array, ids
from simulation.random_draws import ANCHOR_SECONDS, World

STATUSES = pa.array(["ACTIVE", "TAMPERED", "DISCONNECTED"])
TOLD, TAMPERED_OF_TOLD = 0.7, 0.75  # of near-zero and of leaping readings
WRONGLY_TAMPERED, WRONGLY_DISCONNECTED, WRONGLY_FLAGGED = 0.025, 0.01, 0.004
NOMINAL, SAG = 238.0, 9.0  # V
MILLI = 1000.0


def smart_meter_readings(ticks: Any, world: World) -> dict[str, Any]:
    index, half_hour = ticks.index, (ticks.second - ANCHOR_SECONDS) // HALF_HOUR - 1
    low, high = (int(index.min()), int(index.max()) + 1) if len(index) else (0, 1)
    there, place = customers_at(world, np.arange(low, high)), index - low
    customers, climate = there.where(place), climate_of(world, half_hour)
    off = off_of(world, customers.transformer, half_hour)
    metered, spikes = (
        metered_of(world, climate, customers, half_hour, off),
        spikes_of(world, customers, half_hour),
    )
    is_spike = spikes.is_spike & ~metered.is_theft & ~metered.is_cut & (off < 30.0)
    leapt = SPIKE[0] + taken(metered.bits, 30, 12) / 4096 * (SPIKE[1] - SPIKE[0])
    reading = np.round(np.where(is_spike, leapt, metered.counted), 3)
    told = np.where(spikes.is_burst & is_spike, leapt, metered.counted)
    status, flagged = opinions(metered, is_spike)
    voltage = voltage_of(world, climate, customers, half_hour, metered)
    factor = np.clip(customers.factor + (taken(metered.bits, 20, 10) / 1024 - 0.5) * 0.04, 0.75, 0.999)
    current = np.where(voltage > 0, told * 2 * MILLI / np.maximum(voltage * factor, 1.0), 0.0)
    state = network.state_of(world, there.region, network.substation_of(there.transformer))
    zones = network.zone_names(network.zone_of(there.transformer))
    at = pa.array(place)
    return {
        "event_id": pc.binary_join_element_wise(
            ids("E", index, 6), pa.array(ticks.second).cast(pa.string()), "-"
        ),
        "meter_id": network.meter_ids(there.index).take(at),
        "customer_id": ids("CUST-", there.index + 1, 6).take(at),
        "timestamp": ticks.second.astype("datetime64[s]"),
        "reading_kwh": reading,
        "voltage_v": np.round(voltage, 1),
        "current_a": np.round(current, 3),
        "power_factor": np.round(factor, 3),
        "frequency_hz": frequency_of(world, half_hour),
        "meter_status": STATUSES.take(pa.array(status)),
        "region": network.region_names(there.region).take(at),
        "state": network.state_names(there.region, state).take(at),
        "grid_zone": zones.take(at),
        "is_anomaly_flag": flagged,
    }


def taken(bits: Array, first: int, count: int) -> Array:
    return ((bits >> np.uint64(first)) & np.uint64((1 << count) - 1)).astype(np.int64)


def opinions(metered: Metered, is_spike: Array) -> tuple[Array, Array]:
    """The place of the status, and the flag."""
    odd = metered.is_theft | is_spike
    drawn = taken(metered.bits, 0, 10) / 1024
    other = taken(metered.bits, 10, 10) / 1024
    is_told = odd & (drawn < TOLD)
    status = np.where(other < TAMPERED_OF_TOLD, 1, 2) * is_told
    wrong = np.where(other < WRONGLY_TAMPERED, 1, np.where(other > 1 - WRONGLY_DISCONNECTED, 2, 0))
    status = np.where(odd, status, np.where(metered.is_cut, 2, wrong))
    return status, is_told | (~odd & (drawn < WRONGLY_FLAGGED))


def voltage_of(
    world: World, climate: Climate, customers: Customers, half_hour: Array, metered: Metered
) -> Array:
    """It sags when the region's homes use most, at the end of the line more than near the transformer."""
    local = half_hour + 11
    shape = SHAPES[0, DAY_KINDS[(local // 48 + 2) % 7], local % 48]
    hot = np.maximum(climate(customers.region, half_hour) - 26.0, 0.0) * 0.02
    far = world.uniform("far from the transformer", customers.index, low=0.4, high=1.3)
    noise = (taken(metered.bits, 42, 10) / 1024 - 0.5) * 3.0
    voltage = NOMINAL + 6.0 - SAG * far * shape * (1.0 + hot) + noise
    return np.where(metered.off >= 30.0, 0.0, voltage)


def frequency_of(world: World, half_hour: Array) -> Array:
    """One for the whole country."""
    first = int(half_hour.min(initial=1 << 40))
    steps = np.arange(first, int(half_hour.max(initial=first)) + 1)
    slow = world.smooth("frequency", at=steps * HALF_HOUR + ANCHOR_SECONDS, every=timedelta(hours=3))
    evening = 0.03 * np.exp(-((((steps + 11) % 48) / 2 - 20.0) ** 2) / 6)
    found = 50.0 + 0.04 * slow - evening + world.normal("frequency noise", steps, sd=0.012)
    return np.round(found, 2)[half_hour - first]
