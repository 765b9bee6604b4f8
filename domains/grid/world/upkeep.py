"""What befalls a transformer: planned jobs, failures with their run-up, and trips of its breaker; and how worn it is.

All in closed form: a job, a failure and a trip lie within a span of their own, so any moment knows them without a
look at any other. Days and minutes are counted from the anchor, days in UTC.
"""

from dataclasses import dataclass

import numpy as np

from simulation.arrays import Array, Arrays
from simulation.random_draws import World

MINUTES_A_DAY = 1440
EVERY_DAYS = np.array([90, 180, 270, 365])
EVERY_WEIGHTS = (0.15, 0.35, 0.25, 0.25)
JOB_SLIP, JOB_DAYS = 0.3, (1, 4)
JOB_STARTS, JOB_MINUTES = 270, (40, 240)  # off from 10:00 in India on the job's first day
FAILURE_SPREAD, RUN_UP_DAYS = 0.6, (12, 45)
DOWN_MINUTES, REPAIR_DAYS = (240, 2100), (2, 10)
MODES = (
    "OIL_LEAK", "INSULATION_BREAKDOWN", "WINDING_FAILURE", "BUSHING_CRACK", "COOLING_FAN_FAIL", "TAP_CHANGER_FAULT",
    "MOISTURE_INGRESS", "LIGHTNING_DAMAGE",
)  # fmt: skip
MODE_WEIGHTS = (0.18, 0.18, 0.14, 0.1, 0.12, 0.1, 0.12, 0.06)
LIGHTNING = MODES.index("LIGHTNING_DAMAGE")  # comes without any run-up
GASSING = np.array([0.6, 1.3, 1.2, 0.7, 0.8, 0.9, 0.8, 0.0])  # how much gas a run-up makes, by mode
TRIP_DAYS, TRIPS, TRIP_MINUTES = 15, 0.75, (8, 330)
ASSESSED_EVERY = 91
INSTALLED = (np.datetime64("1997-01-01"), np.datetime64("2019-11-30"))
LIVES = np.array([25, 30, 35, 40])


@dataclass(frozen=True)
class Failure:
    """Minutes; the run-up, the failure itself and its repair. The job is over on the day `done`."""

    number: Array
    mode: Array
    run_up_from: Array
    failed: Array
    repaired: Array
    done: Array
    severity: Array

    def gone(self, minute: Array) -> Array:
        """How far the run-up has come, 0 to 1 when it fails; nothing once it is repaired."""
        part = np.clip((minute - self.run_up_from) / np.maximum(self.failed - self.run_up_from, 1), 0.0, 1.0)
        return np.where(minute < self.repaired, part**1.5, 0.0)


@dataclass(frozen=True)
class Job:
    """Planned maintenance. Days it begins and is done; minutes from and to which the transformer is off."""

    number: Array
    begins: Array
    done: Array
    off: Array
    on: Array


@dataclass(frozen=True)
class Trip:
    happens: Array
    tripped: Array
    reset: Array


def installed_day(world: World, transformer: Array) -> Array:
    low, high = ((day - np.datetime64("2020-01-01")).astype(int) for day in INSTALLED)
    return world.integer("installed", transformer, low=int(low), high=int(high))


def life_years(world: World, transformer: Array) -> Array:
    return world.choice("life", transformer, values=LIVES)


def poor_make(world: World, transformer: Array) -> Array:
    """0 to 0.3: how much worse than its age it is."""
    return world.uniform("poor make", transformer, high=0.3)


def _failure_rhythm(world: World, transformer: Array) -> tuple[Array, Array]:
    """Days from failure to failure, fewer where it is old or poor, and how much of the first span was over."""
    old = -installed_day(world, transformer) / 365.25 / life_years(world, transformer)
    bad = 0.4 * np.minimum(old, 1.0) + poor_make(world, transformer) / 0.3 * 0.6
    span = (1000.0 - 700.0 * bad) * world.uniform("failure span", transformer, low=0.8, high=1.2)
    return span * MINUTES_A_DAY, world.uniform("failure phase", transformer)


def failure_of(world: World, transformer: Array, number: Array) -> Failure:
    span, phase = _failure_rhythm(world, transformer)
    who = (transformer, number)
    failed = np.floor((number - phase + FAILURE_SPREAD * world.uniform("failed", *who)) * span)
    mode = world.pick("failure mode", *who, weights=MODE_WEIGHTS)
    run_up = world.uniform("run-up", *who, low=RUN_UP_DAYS[0], high=RUN_UP_DAYS[1]) * MINUTES_A_DAY
    run_up = np.where(mode == LIGHTNING, 0.0, np.floor(run_up))
    repaired = failed + world.integer("down", *who, low=DOWN_MINUTES[0], high=DOWN_MINUTES[1])
    repair_days = world.integer("repair days", *who, low=REPAIR_DAYS[0], high=REPAIR_DAYS[1])
    severity = world.uniform("failure severity", *who, low=0.5, high=1.0)
    return Failure(
        number, mode, failed - run_up, failed, repaired, repaired // MINUTES_A_DAY + repair_days, severity
    )


def failure_number(world: World, transformer: Array, minute: Array) -> Array:
    """The number of the failure in the span of this minute; it may still lie ahead, or be over."""
    span, phase = _failure_rhythm(world, transformer)
    return np.floor(minute / span + phase)


def nearest_failure(world: World, transformer: Array, minute: Array) -> Failure:
    """The one that is on or next in each minute."""
    number = failure_number(world, transformer, minute)
    is_over = failure_of(world, transformer, number).repaired <= minute
    return failure_of(world, transformer, number + is_over)


def every_days(world: World, transformer: Array) -> Array:
    return world.choice("maintained every", transformer, values=EVERY_DAYS, weights=EVERY_WEIGHTS)


def job_of(world: World, transformer: Array, number: Array) -> Job:
    who = (transformer, number)
    slip = world.uniform("job slip", *who, high=JOB_SLIP)
    begins = np.floor(
        (number - world.uniform("job phase", transformer) + slip) * every_days(world, transformer)
    )
    off = begins * MINUTES_A_DAY + JOB_STARTS + world.integer("job moment", *who, low=0, high=90)
    lasts = world.integer("job off", *who, low=JOB_MINUTES[0], high=JOB_MINUTES[1])
    done = begins + world.integer("job days", *who, low=JOB_DAYS[0], high=JOB_DAYS[1])
    return Job(number, begins, done, off, off + lasts)


def job_number(world: World, transformer: Array, day: Array) -> Array:
    """The number of the job in the span of this day."""
    return np.floor(day / every_days(world, transformer) + world.uniform("job phase", transformer))


def trip_of(world: World, transformer: Array, slot: Array) -> Trip:
    """The trip of a slot of 15 days."""
    low, high = TRIP_MINUTES
    lasts = np.floor(low * (high / low) ** world.uniform("trip length", transformer, slot))
    begins = np.floor(world.uniform("trip", transformer, slot) * (TRIP_DAYS * MINUTES_A_DAY - lasts))
    begins = slot * TRIP_DAYS * MINUTES_A_DAY + begins
    return Trip(world.happens("trips", transformer, slot, rate=TRIPS), begins, begins + lasts)


@dataclass(frozen=True)
class Offs(Arrays):
    """Spans in which transformers are off: the place of the transformer, minutes, and whether a trip began it."""

    place: Array
    begins: Array
    ends: Array
    tripped: Array


def offs_between(world: World, transformer: Array, first: float, last: float) -> Offs:
    """All that touch the minutes from `first` up to `last`."""
    slots = np.arange(first // (TRIP_DAYS * MINUTES_A_DAY), last // (TRIP_DAYS * MINUTES_A_DAY) + 1)
    rows = transformer[:, None]
    trip = trip_of(world, rows, slots)
    found = [(trip.tripped, trip.reset, trip.happens, True)]
    numbers = _numbers(*(failure_number(world, transformer, np.array(at)) for at in (first, last)))
    failure = failure_of(world, rows, numbers)
    found.append((failure.failed, failure.repaired, np.full(failure.failed.shape, True), True))
    days = (np.array(at / MINUTES_A_DAY) for at in (first, last))
    numbers = _numbers(*(job_number(world, transformer, day) for day in days))
    job = job_of(world, rows, numbers)
    found.append((job.off, job.on, np.full(job.off.shape, True), False))
    parts = []
    for begins, ends, happens, tripped in found:
        touches = happens & (begins < last) & (ends > first)
        place, _ = np.nonzero(touches)
        parts.append(Offs(place, begins[touches], ends[touches], np.full(len(place), tripped)))
    return Offs.joined(parts)


def _numbers(first: Array, last: Array) -> Array:
    """For each row of numbers from its first one on, as many as the longest needs."""
    return first[:, None] + np.arange(int((last - first).max(initial=0)) + 1)


def minutes_off(offs: Offs, count: int, first: int, last: int) -> Array:
    """[transformer, half-hour from `first` up to `last`]: minutes of it that the transformer is off, 30 at most."""
    found = np.zeros((count, last - first))
    for place, begins, ends in zip(offs.place, offs.begins, offs.ends, strict=True):
        low, high = max(int(begins // 30), first), min(int(-(-ends // 30)), last)
        edge = np.arange(low, high) * 30
        found[place, low - first : high - first] += np.clip(
            np.minimum(edge + 30, ends) - np.maximum(edge, begins), 0, 30
        )
    return np.minimum(found, 30.0)


def since_maintained(world: World, transformer: Array, day: Array) -> Array:
    """Days since the last planned job was done."""
    number = job_number(world, transformer, day)
    here, before = (job_of(world, transformer, number - back).done for back in (0, 1))
    return day - np.where(here <= day, here, before)


def wear(world: World, transformer: Array, day: Array) -> Array:
    """0 as new to 1 worn out: by age and make, by days since maintenance, and in the run-up to a failure."""
    age = (day - installed_day(world, transformer)) / 365.25
    lived = np.clip(age / life_years(world, transformer), 0.0, 1.2)
    dirty = np.minimum(since_maintained(world, transformer, day) / every_days(world, transformer), 1.5)
    minute = day * MINUTES_A_DAY
    failure = nearest_failure(world, transformer, minute)
    failing = failure.gone(minute) * failure.severity * (failure.mode != LIGHTNING)
    return np.clip(0.42 * lived + poor_make(world, transformer) + 0.12 * dirty + 0.25 * failing, 0.02, 0.97)


def health(world: World, transformer: Array, day: Array) -> Array:
    """0 bad to 10 as new, as an inspector writes it down."""
    found = 10.0 * (1.0 - wear(world, transformer, day)) + world.normal(
        "inspector", transformer, day, sd=0.15
    )
    return np.round(np.clip(found, 0.3, 10.0), 2)
