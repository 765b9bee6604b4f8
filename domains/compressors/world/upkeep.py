"""What befalls a machine: failures with their run-up, some of which are caught in time, instruments that go wrong,
planned service, and short trips.

All in closed form: each of these lies in a span of its own, so any minute knows them without a look at any other.
Minutes are counted from the anchor.

Two failures are those of the source document, at its dates, whatever the seed and however large the fleet; the first
ten machines have no others around that week.
"""

from dataclasses import dataclass

import numpy as np

from simulation.arrays import Array, Arrays
from simulation.random_draws import ANCHOR, ANCHOR_SECONDS, World, seconds

DAY = 1440
MODES = ("general", "valve_leak", "bearing", "cooler_fouling")
GENERAL, VALVE_LEAK, BEARING, COOLER_FOULING = range(4)
WEIGHTS = (0.15, 0.35, 0.25, 0.25)
RUN_UP_DAYS = np.array([(2.0, 4.0), (3.0, 12.0), (2.0, 14.0), (10.0, 30.0)])
"""How long each mode is felt before it ends in a failure, at least and at most."""
SUDDEN_RATE, SUDDEN_DAYS = 0.08, (0.05, 0.4)
"""Of the failures, so many are hardly announced: a plate breaks, or the oil is lost."""
CAUGHT_RATE, CAUGHT_AT, CAUGHT_MINUTES = 0.15, (0.4, 0.85), (6 * 60, 24 * 60)
"""Of the run-ups, so many are found by the crew on its rounds, so far on their way, and repaired in time: what is felt
does not always end in a failure."""
SPAN_DAYS, SPREAD = (60, 180), 0.6
DOWN_MINUTES = (6 * 60, 72 * 60)
SENSOR_SPAN_DAYS, SENSOR_RATE, SENSOR_DAYS = 90, 0.5, (1.0, 9.0)
SENSOR_KINDS = ("drift", "noise")
SIGNALS = ("vibration", "temperature", "suction", "discharge")
SERVICE_DAYS, SERVICE_MINUTES = (45, 90), (4 * 60, 12 * 60)
TRIP_DAYS, TRIP_RATE, TRIP_MINUTES = 12, 0.4, (20, 150)
STORY = {2: (3, 6), 6: (5, 8)}
"""Of COMP-003 and COMP-007: days from the begin of the document's week on which they begin to degrade, and fail."""
WEEK, STORY_MACHINES = int((np.datetime64("2024-02-01") - np.datetime64(ANCHOR, "D")).astype(int)) * DAY, 10
QUIET = (WEEK - 2 * DAY, WEEK + 10 * DAY)
NEVER = 1 << 40


@dataclass(frozen=True)
class Failure(Arrays):
    """Minutes: it is felt from `begins`, the machine stands from `fails` up to `back`. `is_caught`: it was stopped and
    repaired before it failed."""

    mode: Array
    begins: Array
    fails: Array
    back: Array
    severity: Array
    is_caught: Array

    def gone(self, minute: Array) -> Array:
        """How far it has come, 0 to 1 when the machine fails; nothing once it is repaired."""
        part = np.clip((minute - self.begins) / np.maximum(self.fails - self.begins, 1), 0.0, 1.0)
        return np.where(minute < self.back, part, 0.0)


@dataclass(frozen=True)
class Spell(Arrays):
    """Minutes between which something is so; NEVER where it does not happen."""

    begins: Array
    ends: Array


def minutes_of(world: World) -> tuple[int, int]:
    """The first minute of the world's span, and the first one after it."""
    first, last = ((seconds(at) - ANCHOR_SECONDS) // 60 for at in (world.start, world.end))
    return first, last


def failure_number(world: World, index: Array, minute: Array) -> Array:
    span, phase = _rhythm(world, index)
    return np.asarray(np.floor(minute / span + phase), np.int64)


def failure_of(world: World, index: Array, number: Array) -> Failure:
    """The failure of this number; one that does not happen is at NEVER."""
    span, phase = _rhythm(world, index)
    who = (index, number)
    fails = np.floor((number - phase + SPREAD * world.uniform("fails", *who)) * span)
    mode = world.pick("mode", *who, weights=WEIGHTS)
    shortest, longest = RUN_UP_DAYS[mode].T if np.ndim(mode) == 1 else np.moveaxis(RUN_UP_DAYS[mode], -1, 0)
    days = shortest + (longest - shortest) * world.uniform("run-up", *who)
    is_sudden = world.happens("sudden", *who, rate=SUDDEN_RATE)
    days = np.where(
        is_sudden, world.uniform("sudden days", *who, low=SUDDEN_DAYS[0], high=SUDDEN_DAYS[1]), days
    )
    begins = np.floor(fails - DAY * days)
    is_caught = ~is_sudden & world.happens("caught", *who, rate=CAUGHT_RATE)
    part = np.where(is_caught, world.uniform("caught at", *who, low=CAUGHT_AT[0], high=CAUGHT_AT[1]), 1.0)
    fails = begins + np.floor((fails - begins) * part)
    down, planned = (
        world.integer("down", *who, low=low, high=high) for low, high in (DOWN_MINUTES, CAUGHT_MINUTES)
    )
    back = fails + np.where(is_caught, planned, down)
    severity = world.uniform("severity", *who, low=0.7, high=1.0) * part
    quiet = (np.asarray(index) < STORY_MACHINES) & (begins < QUIET[1]) & (back > QUIET[0])
    begins, fails, back = (np.where(quiet, NEVER, each) for each in (begins, fails, back))
    return Failure(*np.broadcast_arrays(mode, begins, fails, back, severity, is_caught))


def story_of(world: World, index: Array) -> Failure:
    """The failure of the source document, where the machine is one of its two."""
    from_day, at_day = np.full((2, *np.shape(index)), NEVER)
    for machine, (begins, fails) in STORY.items():
        from_day, at_day = (
            np.where(index == machine, day, old) for day, old in ((begins, from_day), (fails, at_day))
        )
    is_told = from_day < NEVER
    begins, fails = (np.where(is_told, WEEK + day * DAY, NEVER) for day in (from_day, at_day))
    back = np.where(is_told, fails + world.integer("story down", index, low=24 * 60, high=60 * 60), NEVER)
    general, severity, is_caught = (np.full(np.shape(index), value) for value in (GENERAL, 1.0, False))
    return Failure(general, begins, fails, back, severity, is_caught)


def failure_at(world: World, index: Array, minute: Array) -> Failure:
    """The failure that is felt or being repaired at each minute, else the next one."""
    number = failure_number(world, index, minute)
    here, after = (failure_of(world, index, number + ahead) for ahead in (0, 1))
    before = failure_of(world, index, number - 1)
    found = _first_that_is_not_over((before, here, after), minute)
    story = story_of(world, index)
    is_story = (minute < story.back) & (story.begins <= minute)
    return _chosen(is_story, story, found)


def service_of(world: World, index: Array, number: Array) -> Spell:
    span, phase = _every(world, "service", index, *SERVICE_DAYS)
    begins = (
        np.floor((number - phase + 0.3 * world.uniform("serviced", index, number)) * span / DAY) * DAY
        + 15 * 60
    )
    return Spell(
        begins,
        begins + world.integer("service", index, number, low=SERVICE_MINUTES[0], high=SERVICE_MINUTES[1]),
    )


def service_number(world: World, index: Array, minute: Array) -> Array:
    span, phase = _every(world, "service", index, *SERVICE_DAYS)
    return np.asarray(np.floor(minute / span + phase), np.int64)


def trip_of(world: World, index: Array, slot: Array) -> Spell:
    happens = world.happens("trips", index, slot, rate=TRIP_RATE)
    length = world.integer("trip", index, slot, low=TRIP_MINUTES[0], high=TRIP_MINUTES[1])
    begins = slot * TRIP_DAYS * DAY + world.integer(
        "tripped", index, slot, low=0, high=TRIP_DAYS * DAY - TRIP_MINUTES[1]
    )
    return Spell(np.where(happens, begins, NEVER), np.where(happens, begins + length, NEVER))


def trip_slot(minute: Array) -> Array:
    return np.asarray(minute // (TRIP_DAYS * DAY), np.int64)


@dataclass(frozen=True)
class WrongSensor(Arrays):
    """An instrument that says what is not: from `begins` until it is exchanged. `signal` and `kind` are places in
    SIGNALS and SENSOR_KINDS; `size` is how far off it gets, as a part of what it should say."""

    signal: Array
    kind: Array
    begins: Array
    ends: Array
    size: Array


def wrong_sensor_of(world: World, index: Array, slot: Array) -> WrongSensor:
    who = (index, slot)
    happens = world.happens("sensor fails", *who, rate=SENSOR_RATE)
    days = world.uniform("sensor days", *who, low=SENSOR_DAYS[0], high=SENSOR_DAYS[1])
    latest = (SENSOR_SPAN_DAYS - SENSOR_DAYS[1]) * DAY
    begins = slot * SENSOR_SPAN_DAYS * DAY + np.floor(latest * world.uniform("sensor begins", *who))
    ends = begins + np.floor(days * DAY)
    quiet = (np.asarray(index) < STORY_MACHINES) & (begins < QUIET[1]) & (ends > QUIET[0])
    begins, ends = (np.where(happens & ~quiet, each, NEVER) for each in (begins, ends))
    signal = world.integer("sensor", *who, low=0, high=len(SIGNALS) - 1)
    kind = world.integer("sensor kind", *who, low=0, high=len(SENSOR_KINDS) - 1)
    side = np.where(world.happens("sensor side", *who, rate=0.5), 1.0, -1.0)
    size = side * world.uniform("sensor size", *who, low=0.12, high=0.4)
    return WrongSensor(*np.broadcast_arrays(signal, kind, begins, ends, size))


def sensor_slot(minute: Array) -> Array:
    return np.asarray(minute // (SENSOR_SPAN_DAYS * DAY), np.int64)


def _rhythm(world: World, index: Array) -> tuple[Array, Array]:
    return _every(world, "failures", index, *SPAN_DAYS)


def _every(world: World, what: str, index: Array, low: float, high: float) -> tuple[Array, Array]:
    """Minutes from one to the next, and how much of the first span was over at the anchor."""
    return world.uniform(f"{what} span", index, low=low, high=high) * DAY, world.uniform(
        f"{what} phase", index
    )


def _first_that_is_not_over(found: tuple[Failure, ...], minute: Array) -> Failure:
    chosen = found[-1]
    for each in reversed(found[:-1]):
        chosen = _chosen((minute < each.back) & (each.begins < NEVER), each, chosen)
    return chosen


def _chosen(condition: Array, one: Failure, other: Failure) -> Failure:
    return Failure(
        *(np.where(condition, a, b) for a, b in zip(vars(one).values(), vars(other).values(), strict=True))
    )
