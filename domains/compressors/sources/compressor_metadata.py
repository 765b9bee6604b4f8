"""The machines as the fleet's books have them. A row is as of the day it was sent; what changes is the day of the last
service."""

from typing import Any

import numpy as np

from domains.compressors.world import fleet, upkeep
from simulation.arrays import Columns
from simulation.random_draws import ANCHOR_SECONDS, World


def compressor_metadata(rows: Columns, world: World) -> dict[str, Any]:
    index, minute = rows["_index"], rows["_at"] // 60_000_000 - ANCHOR_SECONDS // 60
    machines = fleet.machines_at(world, index)
    latitude, longitude = fleet.position_of(world, index)
    return {
        "compressor_id": fleet.compressor_ids(index),
        "station_id": fleet.station_ids(machines.station),
        "manufacturer": np.array([model[0] for model in fleet.MODELS], object)[machines.model],
        "model": np.array([model[1] for model in fleet.MODELS], object)[machines.model],
        "rated_horsepower": machines.rated_hp,
        "stages": np.full(len(index), fleet.STAGES),
        "design_suction_psi": np.round(machines.suction, 1),
        "design_discharge_psi": np.round(machines.discharge, 1),
        "install_date": fleet.installed(world, index),
        "last_service_date": last_service(world, index, minute),
        "latitude": latitude,
        "longitude": longitude,
    }


def last_service(world: World, index: Any, minute: Any) -> Any:
    number = upkeep.service_number(world, index, minute)
    this, before = (upkeep.service_of(world, index, number - back).ends for back in (0, 1))
    last = np.where(this <= minute, this, before)
    return fleet.FIRST_DAY + (last // upkeep.DAY).astype(np.int64)
