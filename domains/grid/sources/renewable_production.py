"""What plants tell each hour, each at its own moment of it. Rows have no sender: their number says hour and plant."""

from typing import Any

import numpy as np
import pyarrow as pa

from domains.grid.world import network
from domains.grid.world.plants import TYPES, WIND, Output, Plants, output_of, plants_at, plants_there
from simulation.arrays import Array, Columns, ids
from simulation.random_draws import ANCHOR_SECONDS, World

EVOLVED = np.datetime64("2025-06-15T08:00:00")  # since when the contract has its later columns
INVERTERS = pa.array(["ONLINE", "FAULT", "STANDBY", None])
WINDY, RAINY = 11.5, (0.62, 0.35)  # m/s; clouds, and how much of the rains
SKIES = np.array(["CLEAR", "PARTLY_CLOUDY", "CLOUDY", "OVERCAST"])


def renewable_production(rows: Columns, world: World) -> dict[str, Any]:
    second = rows["_at"] // 1_000_000
    plants = plants_at(world, rows["_n"] % plants_there(world))
    output = output_of(world, plants, second - ANCHOR_SECONDS)
    is_told = second.astype("datetime64[s]") >= EVOLVED
    return {
        "reading_id": ids("R", rows["_n"], 8),
        "plant_id": plant_ids(plants),
        "plant_type": np.array(TYPES)[plants.kind],
        "timestamp": second.astype("datetime64[s]"),
        "production_mw": output.production,
        "capacity_mw": plants.capacity.astype(np.float64),
        "capacity_factor": plants.usual,
        "weather_condition": weather_of(plants, output),
        "irradiance_w_m2": output.irradiance,
        "wind_speed_mps": output.wind,
        "water_flow_m3s": output.flow,
        "grid_injection_mw": np.round(output.production - output.auxiliary - output.curtailed, 3),
        "auxiliary_consumption_mw": output.auxiliary,
        "region": network.region_names(plants.region),
        "state": network.state_names(plants.region, plants.state),
        "inverter_status": INVERTERS.take(pa.array(np.where(output.inverter < 0, 3, output.inverter))),
        "curtailment_mw": np.where(is_told, output.curtailed, np.nan),
        "battery_storage_mwh": np.where(is_told, output.stored, np.nan),
    }


def plant_ids(plants: Plants) -> pa.Array:
    pairs = zip(plants.kind.tolist(), (plants.number // 3 + 1).tolist(), strict=True)
    return pa.array([f"REN-{TYPES[kind]}-{place:03d}" for kind, place in pairs], pa.string())


def weather_of(plants: Plants, output: Output) -> Array:
    sky = SKIES[np.searchsorted([0.2, 0.45, 0.7], output.cloud)]
    sky = np.where((output.cloud > RAINY[0]) & (output.rains > RAINY[1]), "RAINY", sky)
    return np.where((plants.kind == WIND) & (np.nan_to_num(output.wind) > WINDY), "WINDY", sky)
