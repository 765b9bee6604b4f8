"""What meters make of what is used: thieves who bypass them whole or in part, spikes, supply that is off."""

from dataclasses import dataclass

import numpy as np

from domains.grid.world.clock import PER_DAY
from domains.grid.world.customers import BYPASS, DEBTOR, FAULTY, THIEF, Customers
from domains.grid.world.demand import Climate, noise_bits, own_kw
from domains.grid.world.upkeep import minutes_off, offs_between
from simulation.arrays import Array
from simulation.random_draws import World, unit_of

THEFT_SLOT, THEFTS, THEFT_DAYS = 28 * PER_DAY, 0.8, (3, 21)
NEAR_ZERO = (0.001, 0.05)  # kWh
BYPASS_SLOT, BYPASS_FROM, BYPASS_TO, BYPASSED = 120 * PER_DAY, (0.1, 0.6), 0.97, (0.3, 0.8)
SUSPENDED_SLOT, SUSPENSIONS, SUSPENDED_DAYS = 180 * PER_DAY, 0.5, (15, 60)
GLITCHES, BURST_SLOT, BURSTS = 0.0135, 4, 0.42
SPIKE = (50.0, 120.0)  # kWh


def _slot(world: World, salt: str, index: Array, half_hour: Array, length: int) -> tuple[Array, Array]:
    """The number of the slot that the half-hour is in, and the slot's first half-hour; each customer has its own."""
    phase = world.integer(f"{salt} phase", index, low=0, high=length - 1)
    number = (half_hour + phase) // length
    return number, number * length - phase


def theft_of(world: World, index: Array, half_hour: Array) -> tuple[Array, Array, Array]:
    """Whether a thief steals in the slot of this half-hour, and the half-hours from and to which."""
    slot, start = _slot(world, "theft", index, half_hour, THEFT_SLOT)
    low, high = (days * PER_DAY for days in THEFT_DAYS)
    lasts = world.integer("theft length", index, slot, low=low, high=high)
    begins = start + np.floor(world.uniform("theft start", index, slot) * (THEFT_SLOT - lasts)).astype(
        np.int64
    )
    return world.happens("theft", index, slot, rate=THEFTS), begins, begins + lasts


def bypass_of(world: World, index: Array, half_hour: Array) -> tuple[Array, Array, Array]:
    """The part of the load that is led past the meter in the slot, and the half-hours from and to which."""
    slot, start = _slot(world, "bypass", index, half_hour, BYPASS_SLOT)
    begins = world.uniform("bypass start", index, slot, low=BYPASS_FROM[0], high=BYPASS_FROM[1])
    part = world.uniform("bypassed", index, slot, low=BYPASSED[0], high=BYPASSED[1])
    first = start + np.floor(begins * BYPASS_SLOT).astype(np.int64)
    return part, first, start + int(BYPASS_TO * BYPASS_SLOT)


def suspension_of(world: World, index: Array, half_hour: Array) -> tuple[Array, Array, Array]:
    """Whether a debtor's supply is cut in the slot, and the half-hours from and to which."""
    slot, start = _slot(world, "suspension", index, half_hour, SUSPENDED_SLOT)
    low, high = SUSPENDED_DAYS
    lasts = world.integer("suspension length", index, slot, low=low, high=high) * PER_DAY
    begins = start + np.floor(
        world.uniform("suspension start", index, slot) * (SUSPENDED_SLOT - lasts)
    ).astype(np.int64)
    return world.happens("suspension", index, slot, rate=SUSPENSIONS), begins, begins + lasts


def is_suspended(world: World, customers: Customers, half_hour: Array) -> Array:
    found = np.zeros(np.broadcast(customers.index, half_hour).shape, bool)
    rows = np.broadcast_to(customers.role == DEBTOR, found.shape)
    if rows.any():
        index, at = (np.broadcast_to(each, found.shape)[rows] for each in (customers.index, half_hour))
        cut, begins, ends = suspension_of(world, index, at)
        found[rows] = cut & (at >= begins) & (at < ends)
    return found


def is_stealing(world: World, customers: Customers, half_hour: Array) -> Array:
    """Whether each thief leads all of the load past the meter."""
    found, rows = np.zeros(len(half_hour), bool), np.flatnonzero(customers.role == THIEF)
    at = half_hour[rows]
    steals, begins, ends = theft_of(world, customers.index[rows], at)
    found[rows] = steals & (at >= begins) & (at < ends)
    return found


@dataclass(frozen=True)
class Spikes:
    """`is_burst`: the meter measures wrongly, its current as well; else the register alone leapt."""

    is_spike: Array
    is_burst: Array


def spikes_of(world: World, customers: Customers, half_hour: Array) -> Spikes:
    """A faulty meter has bursts of one to three readings, and any has a single one now and then."""
    small = ~customers.is_large
    glitch = world.happens("glitch", customers.index, half_hour, rate=GLITCHES) & small
    burst = np.zeros(glitch.shape, bool)
    rows = np.broadcast_to((customers.role == FAULTY) & small, glitch.shape)
    if rows.any():
        index, at = (np.broadcast_to(each, glitch.shape)[rows] for each in (customers.index, half_hour))
        burst[rows] = in_burst(world, index, at)
    return Spikes(glitch | burst, burst)


def in_burst(world: World, index: Array, half_hour: Array) -> Array:
    bits = world.hashed("burst", index, half_hour // BURST_SLOT)
    lasts = 1 + (bits & np.uint64(0xFFFF)).astype(np.int64) % 3
    begins = ((bits >> np.uint64(16)) & np.uint64(0xFFFF)).astype(np.int64) % (BURST_SLOT + 1 - lasts)
    place = half_hour % BURST_SLOT - begins
    return (unit_of(bits) < BURSTS) & (place >= 0) & (place < lasts)


@dataclass(frozen=True)
class Metered:
    """Of each half-hour: kWh that were used, that the meter counted before any spike, and what was wrong with it."""

    used: Array
    counted: Array
    off: Array
    is_theft: Array
    is_bypass: Array
    is_cut: Array
    bits: Array


def metered_of(world: World, climate: Climate, customers: Customers, half_hour: Array, off: Array) -> Metered:
    """`off`: minutes of each half-hour without supply; all arrays of one length."""
    bits = noise_bits(world, customers, half_hour)
    used = own_kw(world, climate, customers, half_hour, bits) * 0.5
    is_cut = is_suspended(world, customers, half_hour)
    used = np.where(is_cut, 0.0, used * (1.0 - off / 30.0))
    counted, on = used.copy(), off < 30.0
    is_theft, is_bypass = is_stealing(world, customers, half_hour) & on, np.zeros(len(used), bool)
    rows = np.flatnonzero(is_theft)
    counted[rows] = NEAR_ZERO[0] + unit_of(bits[rows] << np.uint64(12)) ** 2 * (NEAR_ZERO[1] - NEAR_ZERO[0])
    rows = np.flatnonzero(customers.role == BYPASS)
    part, begins, ends = bypass_of(world, customers.index[rows], half_hour[rows])
    led_past = (half_hour[rows] >= begins) & (half_hour[rows] < ends)
    is_bypass[rows] = led_past
    counted[rows] *= np.where(led_past, 1.0 - part, 1.0)
    return Metered(used, counted, off, is_theft, is_bypass, is_cut, bits)


def off_of(world: World, transformer: Array, half_hour: Array) -> Array:
    """Minutes of each half-hour for which the transformer is off."""
    if not len(half_hour):
        return np.zeros(0)
    low, first = int(transformer.min()), int(half_hour.min())
    high, last = int(transformer.max()) + 1, int(half_hour.max()) + 1
    offs = offs_between(world, np.arange(low, high), first * 30.0, last * 30.0)
    off = minutes_off(offs, high - low, first, last)
    return off.ravel()[(transformer - low) * (last - first) + (half_hour - first)]


def is_spared(world: World, customers: Customers, half_hour: Array) -> Array:
    """Where no spike can be: the meter is led past, cut off, or without supply."""
    is_off = off_of(world, customers.transformer, half_hour) >= 30.0
    return is_off | is_stealing(world, customers, half_hour) | is_suspended(world, customers, half_hour)
