"""When units fail, and of what: in closed form, so that any hour knows its failure without looking anything up.

Each unit has its own span between failures; the j-th falls into the first six tenths of the j-th span, so two
are never closer than four tenths of it. Hours are counted from the anchor.

A bearing shakes and warms up for days; fouling chokes the flow and raises pressure and temperature; a leak loses
pressure, flow and level; a pump that cavitates shakes at a falling pressure; a hot spot is felt in temperatures alone.
One in ten fails within hours, and all that could be seen are some sensors near it.
"""

from dataclasses import dataclass

import numpy as np

from domains.refinery.world.reference import numbers, texts
from simulation.arrays import Array
from simulation.random_draws import World

HOUR = 3600
SPAN_DAYS = (120, 250)
RUN_UP_DAYS, SUDDEN_HOURS = (3, 10), (2, 6)
DOWN_HOURS = (8, 48)
SPREAD = 0.6
MODES, WEIGHTS = texts("failures", "mode"), numbers("failures", "weight")
FOULING, SUDDEN = MODES.tolist().index("fouling"), MODES.tolist().index("sudden")
# [mode, type]: how far towards its critical limit it moves sensors until the unit fails; below zero: the lower one
FELT = np.stack([numbers("failures", name) for name in texts("services", "sensor_type").tolist()], axis=1)
NEAR = 0.6  # of the sensors that could feel a failure sit near enough


@dataclass(frozen=True)
class Failure:
    """Hours since the anchor: the unit degrades from `run_up_from`, stands from `failed` up to `repaired`."""

    number: Array
    mode: Array
    run_up_from: Array
    failed: Array
    repaired: Array
    severity: Array

    def gone(self, hour: Array) -> Array:
        """How far it has come, 0 to 1 when it fails; slowly at first."""
        return np.clip((hour - self.run_up_from) / (self.failed - self.run_up_from), 0.0, 1.0) ** 2


def failure_of(world: World, unit: Array, number: Array) -> Failure:
    """The unit's failure of this number."""
    span, phase = _rhythm(world, unit)
    failed = np.floor((number - phase + world.uniform("failure moment", unit, number, high=SPREAD)) * span)
    mode = world.pick("failure mode", unit, number, weights=WEIGHTS)
    days = world.integer("failure run-up", unit, number, low=RUN_UP_DAYS[0] * 24, high=RUN_UP_DAYS[1] * 24)
    hours = world.integer("failure sudden", unit, number, low=SUDDEN_HOURS[0], high=SUDDEN_HOURS[1])
    down = world.integer("failure down", unit, number, low=DOWN_HOURS[0], high=DOWN_HOURS[1])
    severity = world.uniform("failure severity", unit, number, low=0.6, high=1.0)
    run_up = np.where(mode == SUDDEN, hours, days)
    return Failure(number, mode, failed - run_up, failed, failed + down, severity)


def failures_around(world: World, unit: Array, hour: Array) -> tuple[Failure, Failure]:
    """The failure that is on or next in each hour, and the one before it."""
    slot = failure_slot(world, unit, hour)
    number = np.where(hour < failure_of(world, unit, slot).repaired, slot, slot + 1)
    return failure_of(world, unit, number), failure_of(world, unit, number - 1)


def failure_slot(world: World, unit: Array, hour: Array) -> Array:
    """The number of the failure in the span of this hour."""
    span, phase = _rhythm(world, unit)
    return np.floor(hour / span + phase)


def _rhythm(world: World, unit: Array) -> tuple[Array, Array]:
    """Hours from failure to failure, and how much of the first span was over at the anchor."""
    low, high = (days * 24 for days in SPAN_DAYS)
    return world.uniform("failure span", unit, low=low, high=high), world.uniform("failure phase", unit)
