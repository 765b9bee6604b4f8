"""Jobs of the crews, told when they are done: planned services, repairs of failures and of what was caught in time, and
instruments that are exchanged."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from domains.compressors.world import upkeep
from domains.compressors.world.fleet import RATED_HP, compressor_ids, machines_at
from simulation.arrays import Array, Arrays, Columns, numbers_joined, repeated
from simulation.random_draws import ANCHOR_SECONDS, World, instant_of_minute

KINDS = np.array(["PREVENTIVE", "CORRECTIVE", "INSTRUMENT", "PREVENTIVE"], object)
SERVICE, CORRECTIVE, INSTRUMENT, CAUGHT = range(4)
PARTS = {
    "general": ("Running gear", "Crosshead and rod worn; aligned and shimmed"),
    "valve_leak": ("Valves", "Discharge valve leaking; plates and springs replaced"),
    "bearing": ("Bearing", "Main bearing wiped; replaced"),
    "cooler_fouling": ("Cooler", "Fins and tubes fouled; cleaned"),
}
SERVICED = ("Service", "Oil, filters and valves looked at")
EXCHANGED = "Instrument read wrong; exchanged and calibrated"


@dataclass(frozen=True)
class Jobs(Arrays):
    """Minutes; `what` is a mode of failure or a signal."""

    index: Array
    number: Array
    kind: Array
    what: Array
    begins: Array
    ends: Array


def maintenance_logs(spans: Columns, world: World) -> dict[str, Any]:
    index = spans["_index"]
    first, last = ((int(spans[name][0]) - ANCHOR_SECONDS) // 60 for name in ("_begin", "_end"))
    jobs = Jobs.joined([make(world, index, first, last) for make in (services, repairs, exchanges)])
    jobs = jobs.where(np.flatnonzero((jobs.ends >= first) & (jobs.ends < last)))
    return as_rows(world, jobs.where(np.lexsort((jobs.kind, jobs.ends, jobs.index))))


def services(world: World, index: Array, first: int, last: int) -> Jobs:
    who, number = _numbered(world, upkeep.service_number, index, first, last)
    spell = upkeep.service_of(world, who, number)
    return Jobs(
        who, number, np.full(len(who), SERVICE), np.zeros(len(who), np.int64), spell.begins, spell.ends
    )


def repairs(world: World, index: Array, first: int, last: int) -> Jobs:
    who, number = _numbered(world, upkeep.failure_number, index, first, last)
    failure, story = upkeep.failure_of(world, who, number), upkeep.story_of(world, index)
    told = np.flatnonzero(story.begins < upkeep.NEVER)
    parts = [
        Jobs(
            who, number, np.where(failure.is_caught, CAUGHT, CORRECTIVE), failure.mode, failure.fails, failure.back
        ),
        Jobs(
            index[told], np.full(len(told), 1_000_000), np.full(len(told), CORRECTIVE), story.mode[told],
            story.fails[told], story.back[told],
        ),
    ]  # fmt: skip
    return Jobs.joined(parts)


def exchanges(world: World, index: Array, first: int, last: int) -> Jobs:
    slots = np.arange(
        int(upkeep.sensor_slot(np.array(first))) - 1, int(upkeep.sensor_slot(np.array(last))) + 1
    )
    who, slot = (each.ravel() for each in np.meshgrid(index, slots, indexing="ij"))
    wrong = upkeep.wrong_sensor_of(world, who, slot)
    return Jobs(who, slot, np.full(len(who), INSTRUMENT), wrong.signal, wrong.ends - 60, wrong.ends)


def _numbered(world: World, number_of: Any, index: Array, first: int, last: int) -> tuple[Array, Array]:
    """All numbers of services or failures that may touch the span, for each machine."""
    low, high = (number_of(world, index, np.full(len(index), at)) for at in (first, last))
    place, nth = repeated(high - low + 2)
    return index[place], low[place] - 1 + nth


def as_rows(world: World, jobs: Jobs) -> dict[str, Any]:
    who = (jobs.index, jobs.number, jobs.kind)
    texts = (
        [SERVICED]
        + [PARTS[mode] for mode in upkeep.MODES]
        + [(f"{name} sensor", EXCHANGED) for name in upkeep.SIGNALS]
    )
    place = np.where(
        jobs.kind == SERVICE, 0, 1 + jobs.what + np.where(jobs.kind == INSTRUMENT, len(upkeep.MODES), 0)
    )
    hours = np.round((jobs.ends - jobs.begins) / 60 * world.uniform("hands", *who, low=0.8, high=2.5), 1)
    parts = (
        np.array([1.5, 12.0, 0.4, 8.0])[jobs.kind] * machines_at(world, jobs.index).rated_hp / RATED_HP.mean()
    )
    cost = np.round(95.0 * hours + 1_000.0 * parts * world.uniform("parts", *who, low=0.5, high=2.0), 2)
    crew = world.integer("crew", *who, low=101, high=160)
    letters = np.array(["P", "C", "I", "F"])[jobs.kind]
    return {
        "_index": jobs.index,
        "_n": (jobs.number * len(KINDS) + jobs.kind).astype(np.int64),
        "_at": (jobs.ends.astype(np.int64) * 60 + ANCHOR_SECONDS) * 1_000_000,
        "log_id": _joined(numbers_joined("ML", jobs.index + 1, jobs.number), letters),
        "compressor_id": compressor_ids(jobs.index),
        "maintenance_type": KINDS[jobs.kind],
        "started_at": instant_of_minute(jobs.begins),
        "completed_at": instant_of_minute(jobs.ends),
        "component": np.array([text[0] for text in texts], object)[place],
        "finding": np.array([text[1] for text in texts], object)[place],
        "technician_id": np.char.add("TECH-", crew.astype(str)),
        "labor_hours": hours,
        "cost_usd": cost,
    }


def _joined(names: Any, letters: Array) -> Array:
    return np.array(
        [f"{name}{letter}" for name, letter in zip(names.to_pylist(), letters.tolist(), strict=True)], object
    )
