"""Failures of machines with their run-up; the machine stands from `failed_at` up to `back_at`."""

from typing import Any

import numpy as np

from domains.compressors.world import upkeep
from domains.compressors.world.fleet import compressor_ids
from domains.compressors.world.upkeep import Failure
from simulation.arrays import Array
from simulation.random_draws import World, instant_of_minute

HIDDEN = True
PLANTED = {
    "table": "sensor_readings",
    "kind": "failure",
    "key": "compressor_id",
    "from_at": "run_up_from",
    "to_at": "back_at",
    "happens_at": "failed_at",
}


def machine_failures(world: World) -> dict[str, Any]:
    index, failure = run_ups_between(world, *upkeep.minutes_of(world))
    index, failure = index[~failure.is_caught], failure.where(np.flatnonzero(~failure.is_caught))
    begins, fails, back = (instant_of_minute(each) for each in (failure.begins, failure.fails, failure.back))
    return {
        "compressor_id": compressor_ids(index),
        "run_up_from": begins,
        "failed_at": fails,
        "back_at": back,
        "severity": np.round(failure.severity, 3),
        "mode": np.array(upkeep.MODES, object)[failure.mode],
    }


def run_ups_between(world: World, first: int, last: int) -> tuple[Array, Failure]:
    """The machines and what is felt of them between two minutes: failures, and what was caught in time."""
    machines = np.arange(world.counts["compressor_metadata"])
    earliest, latest = (
        upkeep.failure_number(world, machines, np.full(len(machines), at)) for at in (first, last)
    )
    numbers = earliest[:, None] - 1 + np.arange(int((latest - earliest).max(initial=0)) + 3)
    who = np.broadcast_to(machines[:, None], numbers.shape).ravel()
    told = Failure.joined([upkeep.failure_of(world, who, numbers.ravel()), upkeep.story_of(world, machines)])
    who = np.concatenate([who, machines])
    felt = np.flatnonzero((told.begins < last) & (told.back > first))
    return who[felt], told.where(felt)
