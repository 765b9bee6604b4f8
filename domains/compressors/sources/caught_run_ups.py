"""Run-ups that the crew found on its rounds: no failures, and what is felt of them is no fault of an instrument."""

from typing import Any

import numpy as np

from domains.compressors.sources.machine_failures import run_ups_between
from domains.compressors.world import upkeep
from domains.compressors.world.fleet import compressor_ids
from simulation.random_draws import World, instant_of_minute

HIDDEN = True
PLANTED = {"kind": "caught", "key": "compressor_id", "from_at": "run_up_from", "to_at": "back_at"}


def caught_run_ups(world: World) -> dict[str, Any]:
    index, run_up = run_ups_between(world, *upkeep.minutes_of(world))
    index, run_up = index[run_up.is_caught], run_up.where(np.flatnonzero(run_up.is_caught))
    return {
        "compressor_id": compressor_ids(index),
        "run_up_from": instant_of_minute(run_up.begins),
        "stopped_at": instant_of_minute(run_up.fails),
        "back_at": instant_of_minute(run_up.back),
        "mode": np.array(upkeep.MODES, object)[run_up.mode],
    }
