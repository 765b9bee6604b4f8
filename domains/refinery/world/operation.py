"""How units run: how long they stand and why, how much they charge, how hot they are, how well they work.

All of it is worked out of a unit's number and an hour since the anchor, and so the same for production, the laboratory,
the tanks and the sensors. Units and hours broadcast against each other.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from domains.refinery.world.failures import FOULING, SUDDEN, Failure, failures_around
from domains.refinery.world.plant import MOST_CRUDE_TANKS, Units, crude_of_tank, sulphur_in
from simulation.arrays import Array
from simulation.random_draws import ANCHOR_SECONDS, World

HOUR = 3600
SERVICE_HOURS, SERVICE_SLIP = 12, 0.3
TRIP_SLOT = 30 * 24  # hours, with one trip in each
TRIP_MINUTES = (90, 480)
RAMP_MINUTES = 90  # from a restart to the full charge
HUNTING = ((37 * 60, 0.004), (101 * 60, 0.003))  # seconds, and how far controllers let the load swing
CAUSES = (
    "Equipment Failure",
    "Planned Maintenance",
    "Feed Shortage",
    "Power Dip",
    "Instrument Trip",
    "Operator Error",
)
TRIP_WEIGHTS = (0.35, 0.15, 0.35, 0.15)
USUAL_LOAD = 0.91
PLANNED_WITHIN = 0.01
COOLING_HOURS, COOLED_AFTER = 4.0, 24
WEAK_UNITS = 0.05
OFF_SPEC, PREMIUM, UNSTEADY_HOURS = 0.085, 0.05, 3


@dataclass(frozen=True)
class Stand:
    """Minutes of an hour that a unit stands, why (a place in CAUSES, -1: it runs), and since when it has last been
    serviced or repaired. `tripped` and `reset` are the minutes of the trip before or in the hour, and `restarted` that
    of the last restart before it, all since the anchor."""

    minutes: Array
    cause: Array
    since: Array
    tripped: Array
    reset: Array
    restarted: Array
    failure: Failure

    @property
    def whole(self) -> Array:
        return self.minutes == 60


def trip_of(world: World, unit: Array, slot: Array) -> tuple[Array, Array, Array]:
    """First and last minute since the anchor of the slot's trip, and its cause."""
    lasts = world.integer("trip length", unit, slot, low=TRIP_MINUTES[0], high=TRIP_MINUTES[1])
    room = TRIP_SLOT * 60 - RAMP_MINUTES - lasts
    begins = slot * TRIP_SLOT * 60 + np.floor(world.uniform("trip", unit, slot) * room)
    return begins, begins + lasts, 2 + world.pick("trip cause", unit, slot, weights=TRIP_WEIGHTS)


def stand_of(world: World, units: Units, unit: Array, hour: Array) -> Stand:
    failure, before = failures_around(world, unit, hour)
    service, serviced = services_around(world, unit, units.interval[unit], hour)
    fails = (hour >= failure.failed) & (hour < failure.repaired)
    is_serviced = hour < service + SERVICE_HOURS
    begins, ends, why = trip_of(world, unit, hour // TRIP_SLOT)
    tripped = np.clip(np.minimum(ends, hour * 60 + 60) - np.maximum(begins, hour * 60), 0, 60)
    minutes = np.where(fails | is_serviced, 60, tripped).astype(np.int64)
    cause = np.where(fails, 0, np.where(is_serviced, 1, np.where(tripped > 0, why, -1)))
    since = np.maximum(serviced, before.repaired)
    restarted = np.maximum(since * 60, np.where(ends <= hour * 60, ends, 0))
    return Stand(minutes, cause, since, *np.broadcast_arrays(begins, ends), restarted, failure)


def ramp_of(minutes: Array) -> Array:
    """The part of its load that a unit has so many minutes after a restart."""
    return np.clip(minutes / RAMP_MINUTES, 0.0, 1.0)


def minutes_at_full_load(minutes: Array) -> Array:
    """What so many minutes since a restart come to."""
    return np.where(minutes < RAMP_MINUTES, minutes**2 / (2 * RAMP_MINUTES), minutes - RAMP_MINUTES / 2)


def charged_minutes(stand: Stand, hour: Array) -> Array:
    """Of an hour at full load, as much as it comes to."""
    begins, ends = hour * 60, hour * 60 + 60
    steady = minutes_at_full_load(ends - stand.restarted) - minutes_at_full_load(begins - stand.restarted)
    broken = np.clip(stand.tripped - begins, 0, 60) + minutes_at_full_load(np.clip(ends - stand.reset, 0, 60))
    return np.where(stand.whole, 0.0, np.where(stand.minutes > 0, broken, steady))


def service_of(world: World, unit: Array, interval: Array, number: Array) -> Array:
    """The hour in which the unit's service of this number begins."""
    slip = world.uniform("service slip", unit, number, high=SERVICE_SLIP)
    return np.floor((number - world.uniform("service phase", unit) + slip) * interval) * 24 + 6


def service_slot(world: World, unit: Array, interval: Array, hour: Array) -> Array:
    """The number of the service that begins in the interval of this hour."""
    return np.floor(hour / (interval * 24) + world.uniform("service phase", unit))


def services_around(world: World, unit: Array, interval: Array, hour: Array) -> tuple[Array, Array]:
    """The hours in which the last planned service began, and the last that is done ended."""
    slot = service_slot(world, unit, interval, hour)
    here, before = (service_of(world, unit, interval, number) for number in (slot, slot - 1))
    done = np.where(hour >= here + SERVICE_HOURS, here, before) + SERVICE_HOURS
    return np.where(hour >= here, here, before), done


def load_of(world: World, units: Units, unit: Array, hour: Array) -> Array:
    """The part of its capacity that a unit charges at the full hour, were it not to stand."""
    at = hour * HOUR + ANCHOR_SECONDS
    load = _wanted_load(world, units, unit, at)
    load = load + 0.015 * world.smooth("wobble", unit, at=at, every=timedelta(hours=7))
    load = _as_sulphur_comes(world, units, unit, hour, load)
    failure, _ = failures_around(world, unit, hour)
    return load * (1.0 - 0.06 * np.where(failure.mode == FOULING, failure.gone(hour), 0.0))


def _wanted_load(world: World, units: Units, unit: Array, at: Array) -> Array:
    """Units follow the crude units of their refinery."""
    crude = USUAL_LOAD + 0.05 * world.smooth("load", units.home[unit], at=at, every=timedelta(days=9))
    own = 0.04 * world.smooth("unit load", unit, at=at, every=timedelta(days=6))
    return np.where(units.is_crude[unit], crude, crude - 0.06 + own)


def _as_sulphur_comes(world: World, units: Units, unit: Array, hour: Array, load: Array) -> Array:
    """A sulphur plant takes what its crude sets free; the load of all other units is left as it is."""
    if not units.is_sulphur[unit].any():
        return load
    home = units.home[unit]
    freed = (
        units.homes.appetite[home] / units.sulphur_plants[unit] * sulphur_of_diet(world, units, home, hour)
    )
    return np.where(units.is_sulphur[unit], np.minimum(load * freed / units.capacity[unit], 0.98), load)


def planned_charge_of(world: World, units: Units, unit: Array, hour: Array) -> tuple[Array, Array]:
    """Barrels of the hour as they were planned days before, and whether the unit is to be serviced then. Planners know
    services and the diet, no trip and no failure, and the load but for a hundredth."""

    def planned_load(at: Array) -> Array:
        second = at * HOUR + ANCHOR_SECONDS
        load = _wanted_load(world, units, unit, second)
        load = load + PLANNED_WITHIN * world.smooth("plan", unit, at=second, every=timedelta(days=5))
        return _as_sulphur_comes(world, units, unit, at, load)

    service, serviced = services_around(world, unit, units.interval[unit], hour)
    is_serviced = hour < service + SERVICE_HOURS
    load = (planned_load(hour) + planned_load(hour + 1)) / 2
    minutes = minutes_at_full_load(hour * 60 + 60 - serviced * 60) - minutes_at_full_load(
        hour * 60 - serviced * 60
    )
    return np.where(is_serviced, 0.0, units.capacity[unit] / 24 * load * minutes / 60), is_serviced


def sulphur_of_diet(world: World, units: Units, home: Array, hour: Array) -> Array:
    """Barrels of sulphur set free by a barrel of what a refinery charges in turn."""
    tanks = units.homes.crude_tanks[home]
    found = 0.0
    for place in range(MOST_CRUDE_TANKS):
        crude = crude_of_tank(world, units.homes, home, np.minimum(place, tanks - 1), hour)
        found = found + np.where(place < tanks, sulphur_in(crude), 0.0)
    return found / tanks


def charge_of(world: World, units: Units, unit: Array, hour: Array, stand: Stand) -> Array:
    """Whole barrels of the hour. What is left over below a barrel is charged in some hours."""
    load = (load_of(world, units, unit, hour) + load_of(world, units, unit, hour + 1)) / 2
    exact = units.capacity[unit] / 24 * load * charged_minutes(stand, hour) / 60
    return np.floor(exact + world.uniform("charge", unit, hour) * (exact < 200)).astype(np.int64)


def efficiency_of(world: World, units: Units, unit: Array, hour: Array, stand: Stand, sulfur: Array) -> Array:
    """About 1: falls with age, with days since service, with sour crude and in the run-up to a failure."""
    at = hour * HOUR + ANCHOR_SECONDS
    weak = np.where(world.happens("weak unit", unit, rate=WEAK_UNITS), 0.06, 0.0)
    talent = world.normal("talent", unit, sd=0.01) - weak
    age = 0.001 * (units.age[unit] + hour / 8766 - 20)
    worn = 0.03 * (np.minimum((hour - stand.since) / 24 / units.interval[unit], 1.5) - 0.5)
    failing = np.where(stand.failure.mode == SUDDEN, 0.0, 0.10 * stand.failure.gone(hour))
    wander = 0.008 * world.smooth("efficiency", unit, at=at, every=timedelta(days=3))
    noise = world.normal("efficiency", unit, hour, sd=0.004)
    return 1.0 + talent - age - worn - failing - 0.008 * (sulfur - 1.2) + wander + noise


def grade_of(world: World, unit: Array, hour: Array, stand: Stand, efficiency: Array) -> Array:
    """0 off the specification, 1 on it, 2 premium. A unit that works below itself makes more that is off, and one that
    has just come back from a stand does so for hours."""
    roll = world.uniform("grade of output", unit, hour) - (1 - efficiency) * 0.6
    roll = np.where(hour - stand.since < UNSTEADY_HOURS, roll - 0.6, roll)
    return np.where(roll < OFF_SPEC, 0, np.where(roll < 1 - PREMIUM, 1, 2))


@dataclass(frozen=True)
class UnitHours:
    """What the sensors of some units feel, from unit `low` and `first` hour on: [unit, hour]. Load, heat and wear hold
    at the full hour."""

    low: int
    first: int
    load: Array
    heat: Array
    stand: Stand
    wear: Array

    def places(self, unit: Array, hour: Array) -> Array:
        """Where a unit's hour is, in any of the arrays made flat."""
        return (unit - self.low) * self.load.shape[1] + (hour - self.first)


def unit_hours(world: World, units: Units, unit: Array, hour: Array) -> UnitHours:
    """Of all units and hours between the least and the greatest, and an hour more."""
    low, first = int(unit.min()), int(hour.min())
    rows, hours = (
        np.arange(low, int(unit.max()) + 1)[:, None],
        np.arange(first - COOLED_AFTER, int(hour.max()) + 3),
    )
    stand = stand_of(world, units, rows, hours)
    weights = np.exp(-np.arange(1, COOLED_AFTER + 1) / COOLING_HOURS)
    kept, ran = hours[COOLED_AFTER:], 1 - stand.minutes / 60
    heat = sum(
        weight * ran[:, COOLED_AFTER - back : COOLED_AFTER - back + len(kept)]
        for back, weight in enumerate(weights / weights.sum(), start=1)
    )
    now = _cut(stand, COOLED_AFTER)
    load = load_of(world, units, rows, kept)
    wear = np.where(kept < now.failure.failed, now.failure.gone(kept) * now.failure.severity, 0.0)
    return UnitHours(low, first, load, heat, now, wear)


def _cut(stand: Stand, first: int) -> Stand:
    *parts, failure = vars(stand).values()
    return Stand(
        *(part[:, first:] for part in parts), Failure(*(part[:, first:] for part in vars(failure).values()))
    )
