"""How transformers run: what they are built for, what they deliver, how warm they are, how much gas is in their oil.

Delivered energy closes by construction: metered customers, unmetered ones, losses of iron and of windings and lines.
What is stolen is used and delivered, and missing only from the meters.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from domains.grid.world.clock import PER_DAY, second_of
from domains.grid.world.customers import customers_at
from domains.grid.world.demand import AWAY, AWAY_USE, climate_of, noise_bits, own_kw, pumping, usual_kw
from domains.grid.world.metering import is_suspended
from domains.grid.world.network import customers_of, region_of
from domains.grid.world.upkeep import (
    GASSING,
    MINUTES_A_DAY,
    Offs,
    minutes_off,
    nearest_failure,
    offs_between,
    wear,
)
from domains.grid.world.weather import temperature
from simulation.arrays import Array, Arrays
from simulation.random_draws import ANCHOR_SECONDS, World

SIZES = np.array([25, 63, 100, 160, 200, 250, 315, 400, 500, 630, 750, 1000])  # kVA
POWER_FACTOR = 0.9
VOLTAGES, VOLTAGE_WEIGHTS = (11, 22, 33), (0.6, 0.15, 0.25)  # kV
METERED = (0.55, 0.95)
SURVEY_ERROR, WANDER = 0.015, 0.05
NO_LOAD, FULL_LOAD = (0.0018, 0.0032), (0.02, 0.042)  # of the capacity
ROOM = (1.15, 2.2)  # capacity over the peak
TIGHT, TIGHTEST = (
    0.3,
    1.3,
)  # the part that is built too small where the next size does, and peak over capacity then
HOT_DAYS = (
    np.datetime64("2025-05-27"),
    np.datetime64("2025-06-01"),
)  # a working day and a Sunday, as long as one is any
LEAST_KW = 0.3
LAG, LAG_HALF_HOURS = 6.0, 24  # half-hours with which the oil follows, and how far back it is felt
RISE, LOSS_RATIO = 45.0, 5.0
OVERHEAT_DAYS, OVERHEATERS, OVERHEATS, OVERHEAT_HOURS = 20, 0.4, 0.75, (24, 96)
OVERHEATED, BY_LOAD, RAMP_UP, RAMP_DOWN = (
    (67.0, 82.0),
    0.12,
    200,
    330,
)  # K above the air, K per percent; minutes
GAS_ALARM, OVERHEAT_ALARM = 340.0, 126.0
HOT_SLOTS = 4


def high_side_kv(world: World, index: Array) -> Array:
    return world.choice("voltage class", index, values=VOLTAGES, weights=VOLTAGE_WEIGHTS)


@dataclass(frozen=True)
class Transformers(Arrays):
    """kW and kVA; `peak` is the load that a hot day lets expect, `share` the part of the load that meters see by the
    survey, `really` how it is on average."""

    index: Array
    kva: Array
    capacity: Array
    share: Array
    really: Array
    no_load: Array
    full_load: Array
    peak: Array


def transformers_at(world: World, index: Array) -> Transformers:
    share = np.round(world.uniform("metered share", index, low=METERED[0], high=METERED[1]), 3)
    really = share + world.uniform("survey", index, low=-SURVEY_ERROR, high=SURVEY_ERROR)
    peak = _peak(world, index) / really / POWER_FACTOR
    above = np.searchsorted(SIZES, peak * world.uniform("room", index, low=ROOM[0], high=ROOM[1]))
    smaller = np.maximum(np.searchsorted(SIZES, peak) - 1, 0)
    tight = world.happens("tight", index, rate=TIGHT) & (peak < TIGHTEST * SIZES[smaller])
    kva = SIZES[np.minimum(np.where(tight, smaller, above), len(SIZES) - 1)]
    part = world.uniform("no-load loss", index, low=NO_LOAD[0], high=NO_LOAD[1])
    full = np.round(world.uniform("full-load loss", index, low=FULL_LOAD[0], high=FULL_LOAD[1]), 4)
    return Transformers(
        index, kva, kva * POWER_FACTOR, share, really, np.round(kva * part, 3), full, peak * POWER_FACTOR
    )


def _peak(world: World, index: Array) -> Array:
    """Usual kW of its customers at the highest half-hour of hot days."""
    place, customer = customers_of(world, index)
    starts = [(day - np.datetime64("2020-01-01")).astype(int) * PER_DAY for day in HOT_DAYS]
    half_hours = np.concatenate([start + np.arange(PER_DAY) for start in starts])
    customers = customers_at(world, customer).upright()
    load = usual_kw(climate_of(world, half_hours), customers, half_hours)
    return np.maximum(_summed(load, place, len(index)).max(axis=1), LEAST_KW)


def _summed(load: Array, place: Array, count: int) -> Array:
    """The rows of each place summed, in their order, so that a sum is the same whatever else is summed beside it."""
    first, lengths = np.searchsorted(place, np.arange(count)), np.bincount(place, minlength=count)
    found = np.zeros((count, load.shape[1]))
    for nth in range(int(lengths.max(initial=0))):
        there = np.flatnonzero(lengths > nth)
        found[there] += load[first[there] + nth]
    return found


@dataclass(frozen=True)
class Loads:
    """[transformer, half-hour] from `first` on. `metered`: kW that customers with meters use, theft included;
    `delivered`: kW through the transformer, were it never off; `off`: minutes of it that it is."""

    transformers: Transformers
    first: int
    metered: Array
    delivered: Array
    off: Array
    offs: Offs


def loads_of(world: World, index: Array, first: int, last: int) -> Loads:
    """Of these transformers in the half-hours from `first` up to `last`."""
    built, half_hours = transformers_at(world, index), np.arange(first, last)
    place, customer = customers_of(world, index)
    customers, climate = customers_at(world, customer).upright(), climate_of(world, half_hours)
    bits = noise_bits(world, customers, half_hours)
    own = own_kw(world, climate, customers, half_hours, bits)
    own = np.where(is_suspended(world, customers, half_hours), 0.0, own)
    usual = usual_kw(climate, customers, half_hours) * pumping(customers, half_hours)
    metered, expected = (_summed(load, place, len(index)) for load in (own, usual))
    others = (
        np.maximum(expected * (1.0 - AWAY * (1.0 - AWAY_USE)), LEAST_KW) * (1.0 / built.really - 1.0)[:, None]
    )
    at = second_of(half_hours)
    wander = WANDER * world.smooth("unmetered", index[:, None], at=at, every=timedelta(days=5))
    wander = wander + 0.04 * world.smooth("unmetered soon", index[:, None], at=at, every=timedelta(hours=5))
    delivered = with_losses(built, metered + others * (1.0 + wander))
    offs = offs_between(world, index, first * 30.0, last * 30.0)
    off = minutes_off(offs, len(index), first, last)
    return Loads(built, first, metered, delivered, off, offs)


def with_losses(built: Transformers, served: Array) -> Array:
    """kW that go in where so much is to come out: losses of the iron, and of windings and lines by the square."""
    out = served + built.no_load[:, None]
    steep = (built.full_load / built.capacity)[:, None]
    return (1.0 - np.sqrt(np.maximum(1.0 - 4.0 * steep * out, 0.04))) / (2.0 * steep)


@dataclass(frozen=True)
class Overheating:
    """The cooling of a transformer fails: minutes from and to which, and K above the air that the oil then has."""

    happens: Array
    begins: Array
    ends: Array
    rise: Array


def overheating_of(world: World, transformer: Array, slot: Array) -> Overheating:
    who = (transformer, slot)
    prone = world.happens("poor cooler", transformer, rate=OVERHEATERS)
    lasts = np.floor(
        world.uniform("overheating length", *who, low=OVERHEAT_HOURS[0], high=OVERHEAT_HOURS[1]) * 60
    )
    room = OVERHEAT_DAYS * MINUTES_A_DAY - lasts - RAMP_UP - RAMP_DOWN
    begins = (
        slot * OVERHEAT_DAYS * MINUTES_A_DAY + RAMP_UP + np.floor(world.uniform("overheating", *who) * room)
    )
    rise = world.uniform("overheating rise", *who, low=OVERHEATED[0], high=OVERHEATED[1])
    return Overheating(prone & world.happens("overheats", *who, rate=OVERHEATS), begins, begins + lasts, rise)


@dataclass(frozen=True)
class Condition(Arrays):
    """What a device sees at an instant."""

    load: Array
    percent: Array
    oil: Array
    air: Array
    gas: Array
    is_off: Array
    tripped: Array
    capacity: Array


def condition_of(world: World, transformer: Array, second: Array) -> Condition:
    """`second`: since the anchor, whole quarters of an hour."""
    if not len(transformer):
        return Condition(*np.zeros((8, 0)))
    low, high = int(transformer.min()), int(transformer.max()) + 1
    first = int(second.min()) // 1800 - LAG_HALF_HOURS - 1
    last = int(second.max()) // 1800 + 2
    loads = loads_of(world, np.arange(low, high), first, last)
    width, place, minute = last - first, transformer - low, second / 60
    step, part = second // 1800, second % 1800 / 1800
    at = place * width + (step - first)
    beside = part - 0.5
    kw = _between(loads.delivered, at, beside)
    is_off, tripped = _off_now(loads.offs, place, minute)
    squared = (loads.delivered / loads.transformers.capacity[:, None]) ** 2 * (1.0 - loads.off / 30.0)
    weights = np.exp(-np.arange(LAG_HALF_HOURS) / LAG)
    weights, kept = weights / weights.sum(), width - LAG_HALF_HOURS
    lagged = sum(
        weight * squared[:, LAG_HALF_HOURS - back : LAG_HALF_HOURS - back + kept]
        for back, weight in enumerate(weights)
    )
    warm = _between(lagged, place * kept + (step - first - LAG_HALF_HOURS), beside)
    capacity = loads.transformers.capacity[place]
    cooled = world.uniform("cooler", transformer, low=0.92, high=1.06)
    rise = cooled * RISE * ((1.0 + LOSS_RATIO * np.maximum(warm, 0.0)) / (1.0 + LOSS_RATIO)) ** 0.8
    percent = np.where(is_off, 0.0, kw / capacity * 100.0)
    rise = _overheated(world, transformer, minute, rise, percent)
    noise = world.hashed("telemetry", transformer, second)
    air = temperature(world, region_of(transformer), second / 1800)
    air = air + world.uniform("place is warm", transformer, low=-1.2, high=1.2)
    small = (noise & np.uint64(0xFFFF)).astype(np.int64) / 65_536 - 0.5
    gas = gas_of(world, transformer, second) * (1.0 + 0.02 * small)
    oil = air + rise + 0.8 * small
    return Condition(np.where(is_off, 0.0, kw), percent, oil, air, gas, is_off, tripped, capacity)


def _between(values: Array, at: Array, beside: Array) -> Array:
    """At an instant, so many half-hours beside the middle of one: means hold at the middles, and it goes straight from
    one to the next, so that the instants of a day have the mean of its half-hours."""
    flat = values.ravel()
    neighbour = np.clip(at + np.where(beside < 0, -1, 1), 0, len(flat) - 1)
    return flat[at] + np.abs(beside) * (flat[neighbour] - flat[at])


def _off_now(offs: Offs, place: Array, minute: Array) -> tuple[Array, Array]:
    """Whether each is off in its minute, and whether a trip did it."""
    is_off, tripped = np.zeros(len(place), bool), np.zeros(len(place), bool)
    if not len(offs.place):
        return is_off, tripped
    touched = np.flatnonzero(np.isin(place, offs.place))
    for number, begins, ends, trips in zip(offs.place, offs.begins, offs.ends, offs.tripped, strict=True):
        rows = touched[(place[touched] == number) & (minute[touched] >= begins) & (minute[touched] < ends)]
        is_off[rows] = True
        tripped[rows] |= trips
    return is_off, tripped


def _overheated(world: World, transformer: Array, minute: Array, rise: Array, percent: Array) -> Array:
    found = overheating_of(world, transformer, minute // (OVERHEAT_DAYS * MINUTES_A_DAY))
    up = np.clip((minute - found.begins + RAMP_UP) / RAMP_UP, 0.0, 1.0)
    down = np.clip((found.ends + RAMP_DOWN - minute) / RAMP_DOWN, 0.0, 1.0)
    part = np.where(found.happens, np.minimum(up, down), 0.0)
    part = part * part * (3.0 - 2.0 * part)
    wander = world.smooth("hot oil", transformer, at=minute * 60 + ANCHOR_SECONDS, every=timedelta(hours=9))
    target = np.clip(found.rise + BY_LOAD * (percent - 40.0) + 3.0 * wander, 61.0, 89.0)
    return rise + part * np.maximum(target - rise, 0.0)


def gas_of(world: World, transformer: Array, second: Array) -> Array:
    """Combustible gas in the oil, ppm: more of it in a worn one, and much more before it fails."""
    usual, failing = gases_of(world, transformer, second)
    return usual + failing


def gases_of(world: World, transformer: Array, second: Array) -> tuple[Array, Array]:
    """What of the gas is of wear, and what of a failure that is coming."""
    minute, low = second / 60, int(transformer.min())
    days = np.arange(int(second.min()) // 86_400, int(second.max()) // 86_400 + 2)
    there = np.arange(low, int(transformer.max()) + 1)[:, None]
    worn = wear(world, there, days).ravel()
    ahead = nearest_failure(world, there, days * MINUTES_A_DAY).run_up_from <= (days + 1) * MINUTES_A_DAY
    at = (transformer - low) * len(days) + second // 86_400 - days[0]
    here = worn[at] + (worn[at + 1] - worn[at]) * (second % 86_400 / 86_400)
    wander = world.smooth("gas", transformer, at=second + ANCHOR_SECONDS, every=timedelta(days=6))
    usual, failing = (28.0 + 330.0 * here**2) * (1.0 + 0.06 * wander), np.zeros(len(here))
    rows = np.flatnonzero(ahead.ravel()[at])
    failure = nearest_failure(world, transformer[rows], minute[rows])
    failing[rows] = 520.0 * failure.gone(minute[rows]) * failure.severity * GASSING[failure.mode]
    return usual, failing


def hours_hot(world: World, transformer: Array, minute: Array) -> Array:
    """Hours of the last weeks in which its cooling failed."""
    slots = minute // (OVERHEAT_DAYS * MINUTES_A_DAY) - np.arange(HOT_SLOTS)[:, None]
    spell = overheating_of(world, transformer, slots)
    lasted = np.clip(np.minimum(spell.ends, minute) - spell.begins, 0.0, None)
    return np.asarray((lasted * spell.happens).sum(axis=0) / 60.0)
