"""Crude on its way and in its tanks: eleven parcels a day and refinery, numbered from the anchor.

A parcel replaces what its tank gave since the parcel before, smoothed over three days, and a slow wish to hold more or
less. So receipts match draws without a sum over all time, and any piece of history can be made alone. A late parcel is
missed from the hour it was due until it arrives, so a run of them shows as a low tank.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from domains.refinery.world.operation import USUAL_LOAD, charge_of, stand_of
from domains.refinery.world.plant import (
    COASTS,
    TANKS_PER_REFINERY,
    UNITS_PER_REFINERY,
    USUAL_LEVEL,
    Tanks,
    Units,
    crude_of_tank,
    crude_texts,
)
from domains.refinery.world.reference import rows_of
from simulation.arrays import Array, Arrays
from simulation.random_draws import ANCHOR_SECONDS, World

PER_DAY = 11
SMOOTH_HOURS = 36
SMOOTHED = 2 * SMOOTH_HOURS + 1
SUPPLIERS, SUPPLIERS_OF_A_HOME = 50, 8
OFTEN_LATE, OFTEN_WEIGHTS = (0.06, 0.2, 0.5), (0.5, 0.3, 0.2)  # how often the parcels of a supplier are late
LATE_MEAN_DAYS, LATEST_DAYS, LATE_HOURS = 1.2, 7, 6
LATEST_HOURS = LATEST_DAYS * 24 + LATE_HOURS
MODES = ("Tanker", "Pipeline", "Barge", "Rail")
DAYS_BY_LAND = {"Pipeline": (5, 12), "Barge": (3, 10), "Rail": (5, 15)}
NORTH_AMERICAN = ("USA", "CAN")
# all else than crude from North America comes by sea, and goes on inland by pipeline
BY_COAST = {row["coast"]: tuple(float(row[mode]) for mode in MODES) for row in rows_of("transport_modes")}
BY_SEA, BY_PIPELINE, NEARBY = (1, 0, 0, 0), (0, 1, 0, 0), (0.8, 0, 0.2, 0)
NEAR_PORT = {"Rotterdam": "Europe", "Singapore": "Singapore"}
GULF_PORTS = ("Houston", "Corpus Christi", "Louisiana Offshore")
LEAD_DAYS = (3, 10)
LONGEST_DAYS = 48 + 10
BACK_HOURS, AHEAD_HOURS = LATEST_HOURS + SMOOTH_HOURS + 24, SMOOTH_HOURS + 12


def due_hour(parcel: Array) -> Array:
    """The hour in which a parcel is to arrive."""
    return parcel * 24 // PER_DAY


def parcel_before(hour: Array) -> Array:
    """The last parcel due before this hour."""
    return -(-hour * PER_DAY // 24) - 1


def supplier_of(world: World, home: Array, parcel: Array) -> Array:
    """Each refinery buys from a few."""
    place = world.integer("supplier", home, parcel, low=0, high=SUPPLIERS_OF_A_HOME - 1)
    return world.integer("supplier of refinery", home, place, low=1, high=SUPPLIERS)


def is_often_late(world: World, supplier: Array) -> Array:
    return np.array(OFTEN_LATE)[world.pick("punctuality", supplier, weights=OFTEN_WEIGHTS)]


def arrived_hour(world: World, home: Array, parcel: Array) -> Array:
    is_late = world.happens("late", home, parcel, rate=is_often_late(world, supplier_of(world, home, parcel)))
    waited = -np.log(1 - world.uniform("late days", home, parcel)) * LATE_MEAN_DAYS
    days = np.where(is_late, np.minimum(1 + np.floor(waited), LATEST_DAYS), 0).astype(np.int64)
    return (
        due_hour(parcel) + days * 24 + world.integer("late hours", home, parcel, low=0, high=LATE_HOURS - 1)
    )


def mean_late_days(world: World, home: int) -> float:
    suppliers = world.integer(
        "supplier of refinery", home, np.arange(SUPPLIERS_OF_A_HOME), low=1, high=SUPPLIERS
    )
    beyond = np.exp(-np.arange(LATEST_DAYS) / LATE_MEAN_DAYS).sum()
    return float(is_often_late(world, suppliers).mean() * beyond + LATE_HOURS / 48)


@dataclass(frozen=True)
class Parcels(Arrays):
    """In the order in which they are due, by tank; `place` is that of the tank."""

    home: Array
    number: Array
    place: Array
    volume: Array
    arrived: Array

    @property
    def due(self) -> Array:
        return due_hour(self.number)


@dataclass(frozen=True)
class Supply:
    """A refinery's crude over some hours, without their margins: levels [tank, hour] at the full hour."""

    parcels: Parcels
    levels: Array


def supply_of(world: World, units: Units, tanks: Tanks, home: int, first: int, last: int) -> Supply:
    """The parcels due, and the levels from the first hour up to the last one."""
    begin, end = first - BACK_HOURS, last + AHEAD_HOURS
    hours = np.arange(begin, end + 1)
    turns = int(units.homes.crude_tanks[home])
    place = np.arange(turns)
    tank = home * TANKS_PER_REFINERY + place
    drawn = np.where(hours % turns == place[:, None], crude_charge(world, units, home, hours), 0)
    gave = np.cumsum(drawn, axis=1) - drawn
    total = np.cumsum(gave, axis=1)
    number = np.arange(parcel_before(begin + SMOOTH_HOURS + 1) + 1, parcel_before(end - SMOOTH_HOURS) + 1)
    most = np.minimum(0.06 * tanks.holds[tank], 0.5 * units.homes.appetite[home] / turns)
    due_at, parcels, levels = due_hour(number) - begin, [], []
    usual = np.round(
        USUAL_LEVEL * tanks.holds[tank]
        + mean_late_days(world, home) * units.homes.appetite[home] * USUAL_LOAD / turns
    )
    for at in place:
        mine, due = number[number % turns == at], due_at[number % turns == at]
        plan = (total[at, due + SMOOTH_HOURS] - total[at, due - SMOOTH_HOURS - 1]) / SMOOTHED
        seconds = (due + begin) * 3600 + ANCHOR_SECONDS
        wish = most[at] * world.smooth("wish", tank[at], at=seconds, every=timedelta(days=6))
        volume = np.round(np.diff(plan) + np.diff(wish)).astype(np.int64)
        arrived = arrived_hour(world, np.int64(home), mine)
        kept = np.arange(first, last + 1) - begin
        latest = np.searchsorted(due, kept, side="left") - 1
        owed = _by_hour(due[1:], volume, len(hours)) - _by_hour(arrived[1:] - begin, volume, len(hours))
        level = usual[at] + plan[latest] + wish[latest] - gave[at, kept] - owed[kept]
        levels.append(np.round(level).astype(np.int64))
        where = [np.full(len(volume), each) for each in (home, at)]
        parcels.append(Parcels(where[0], mine[1:], where[1], volume, arrived[1:]))
    return Supply(Parcels.joined(parcels), np.array(levels))


def crude_charge(world: World, units: Units, home: int, hours: Array) -> Array:
    """What the crude units of a refinery charge in each hour."""
    there = np.arange(home * UNITS_PER_REFINERY, min((home + 1) * UNITS_PER_REFINERY, len(units.home)))
    there = there[(units.home[there] == home) & units.is_crude[there] & units.runs[there]][:, None]
    return charge_of(world, units, there, hours, stand_of(world, units, there, hours)).sum(axis=0)


def _by_hour(hour: Array, volume: Array, count: int) -> Array:
    """What came before each hour."""
    inside = hour < count
    summed = np.cumsum(np.bincount(hour[inside], volume[inside], count))
    return np.r_[0, summed[:-1]]


@dataclass(frozen=True)
class Course(Arrays):
    """How parcels travel, with the hours in which they are scheduled and leave."""

    crude: Array
    mode: Array
    port: Array
    scheduled: Array
    left: Array


def course_of(world: World, units: Units, parcels: Parcels) -> Course:
    home, number = parcels.home, parcels.number
    crude = crude_of_tank(world, units.homes, home, parcels.place, parcels.due)
    hubs = {row["origin_country"]: row["origin_port"] for row in rows_of("ports")}
    country = crude_texts("origin_country")[crude]
    american = world.choice("american port", home, number, values=GULF_PORTS)
    ports = np.where(country == "USA", american, np.array([hubs[name] for name in country.tolist()]))
    coasts = np.array(COASTS)[units.homes.coast[home]]
    ports = np.where((coasts == "Inland") & ~np.isin(country, NORTH_AMERICAN), "Louisiana Offshore", ports)
    shares = [
        _mode_shares(*each) for each in zip(country.tolist(), ports.tolist(), coasts.tolist(), strict=True)
    ]
    drawn = world.uniform("mode", home, number)[:, None]
    mode = np.array(MODES)[(drawn >= np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)]
    routes = {row["origin_port"]: row for row in rows_of("routes")}
    at_sea = np.array(
        [float(routes[port][coast]) for port, coast in zip(ports.tolist(), coasts.tolist(), strict=True)]
    )
    spread = world.uniform("transit", home, number)
    days = at_sea * (0.9 + 0.35 * spread)
    for name, (low, high) in DAYS_BY_LAND.items():
        days = np.where(mode == name, low + spread * (high - low), days)
    lead = world.integer("lead", home, number, low=LEAD_DAYS[0] * 24, high=LEAD_DAYS[1] * 24)
    left = parcels.due - np.floor(days * 24).astype(np.int64)
    return Course(crude, mode, ports, left - lead, left)


def _mode_shares(country: str, port: str, coast: str) -> tuple[float, ...]:
    if country in NORTH_AMERICAN:
        return BY_COAST.get(coast, BY_SEA)
    if coast == "Inland":
        return BY_PIPELINE
    return NEARBY if NEAR_PORT.get(port) == coast else BY_SEA
