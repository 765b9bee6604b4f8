"""Spells in which the oil of a transformer is 60 °C or more above the air: cooling fails, or it carries too much."""

from typing import Any

import numpy as np

from domains.grid.world.clock import half_hours_of
from domains.grid.world.network import transformer_ids
from domains.grid.world.transformers import OVERHEAT_DAYS, condition_of, overheating_of, transformers_at
from domains.grid.world.upkeep import MINUTES_A_DAY
from simulation.arrays import Array
from simulation.random_draws import World, instant_of_minute

HIDDEN = True
PLANTED = {
    "table": "substation_telemetry",
    "kind": "overheating",
    "key": "transformer_id",
    "from_at": "from_at",
    "to_at": "to_at",
}
QUARTER, HOT = 15, 60.0  # minutes; K above the air
FULL = 0.85  # of the capacity, at the peak of a hot day: others never get as hot by their load
AT_ONCE = 32


def transformer_overheatings(world: World) -> dict[str, Any]:
    first, last = (at * 30 for at in half_hours_of(world))
    parts = [cooling_fails(world, first, last), carries_too_much(world, first, last)]
    place, begins, ends = (np.concatenate(each) for each in zip(*parts, strict=True))
    return {
        "transformer_id": transformer_ids(place),
        "from_at": instant_of_minute(begins),
        "to_at": instant_of_minute(ends),
        "cause": np.repeat(["cooling", "load"], [len(part[0]) for part in parts]),
    }


def cooling_fails(world: World, first: int, last: int) -> tuple[Array, Array, Array]:
    slots = np.arange(first // (OVERHEAT_DAYS * MINUTES_A_DAY), last // (OVERHEAT_DAYS * MINUTES_A_DAY) + 1)
    found = overheating_of(world, np.arange(world.counts["transformer_master"])[:, None], slots)
    felt = found.happens & (found.begins < last) & (found.ends > first)
    return np.nonzero(felt)[0], found.begins[felt], found.ends[felt]


def carries_too_much(world: World, first: int, last: int) -> tuple[Array, Array, Array]:
    """Runs of hot quarters of an hour of the fullest transformers, but while their cooling fails. Those that touch the
    span are told whole."""
    begin, end, first, last = first, last, first - MINUTES_A_DAY, last + MINUTES_A_DAY
    built = transformers_at(world, np.arange(world.counts["transformer_master"]))
    full = np.flatnonzero(built.peak > FULL * built.capacity)
    minutes, spells = np.arange(first, last, QUARTER), []
    for at in range(0, len(full), AT_ONCE):
        who = np.repeat(full[at : at + AT_ONCE], len(minutes))
        seen = condition_of(world, who, np.tile(minutes, len(who) // len(minutes)) * 60)
        hot = (seen.oil - seen.air >= HOT).reshape(-1, len(minutes))
        steps = np.diff(np.pad(hot, ((0, 0), (1, 1))).astype(np.int64), axis=1)
        (place, begins), (_, ends) = (np.nonzero(steps == way) for way in (1, -1))
        spells.append((full[at + place], first + begins * QUARTER, first + ends * QUARTER))
    none = np.zeros(0, np.int64)
    place, begins, ends = (np.concatenate(each) for each in zip(*spells, (none, none, none), strict=True))
    cooling = overheating_of(world, place, begins // (OVERHEAT_DAYS * MINUTES_A_DAY))
    apart = ~cooling.happens | (ends < cooling.begins) | (begins > cooling.ends)
    told = apart & (begins < end) & (ends > begin)
    return place[told], begins[told], ends[told]
