"""Solar, wind and hydro plants: what sun, wind and water give them, what they make of it, and what the grid takes."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from domains.grid.world.network import MIDDLES
from domains.grid.world.weather import clouds, day_of_year, monsoon, temperature, wind
from simulation.arrays import Array, Arrays
from simulation.random_draws import ANCHOR_SECONDS, World

TYPES = ("SOLAR", "WIND", "HYDRO")
SOLAR, WIND, HYDRO = range(3)
PER_CUSTOMER = 0.09
CAPACITIES = (5, 10, 25, 50, 100)
CLEAR_SKY, PERFORMANCE, HOT_LOSS = 1050.0, 0.86, 0.004
CUT_IN, RATED, CUT_OUT = 3.0, 12.0, 25.0  # m/s
GRAVITY, TURBINE = 9.81, 0.9
AUXILIARY = np.array([0.008, 0.012, 0.015])  # of the production
AT_REST = 0.0015  # of the capacity, needed when nothing is made
FAULT_DAYS, FAULTS, FAULT_HOURS, LOST = 15, 0.4, (2, 30), (0.2, 0.7)
BATTERIES = np.array([0.6, 0.3, 0.0])
FULL_AT, EMPTY_AT = 15.0, 23.0  # hours


def plants_there(world: World) -> int:
    return max(1, round(world.counts["customer_master"] * PER_CUSTOMER))


@dataclass(frozen=True)
class Plants(Arrays):
    number: Array
    kind: Array
    region: Array
    state: Array
    capacity: Array
    head: Array
    storage: Array
    usual: Array


def plants_at(world: World, number: Array) -> Plants:
    kind = number % 3
    capacity = world.choice("plant capacity", number, values=CAPACITIES)
    hours = world.uniform("battery hours", number, low=0.5, high=2.0)
    has_battery = world.uniform("battery", number) < BATTERIES[kind]
    low, high = np.array([(0.17, 0.23), (0.22, 0.36), (0.35, 0.6)])[kind].T
    return Plants(
        number, kind, number // 3 % 5, world.integer("plant state", number, low=0, high=3), capacity,
        world.uniform("head", number, low=25.0, high=180.0), np.where(has_battery, capacity * hours, 0.0),
        np.round(low + world.uniform("usual", number) * (high - low), 3),
    )  # fmt: skip


@dataclass(frozen=True)
class Output(Arrays):
    """MW and what drove them; `inverter`: 0 on line, 1 fault, 2 standby."""

    production: Array
    auxiliary: Array
    curtailed: Array
    stored: Array
    irradiance: Array
    wind: Array
    flow: Array
    cloud: Array
    rains: Array
    inverter: Array


def output_of(world: World, plants: Plants, second: Array) -> Output:
    """Of each plant at its second since the anchor."""
    half_hour, at = second / 1800, second + ANCHOR_SECONDS
    cloud = clouds(world, plants.region, half_hour)
    cloud = np.clip(
        cloud + 0.3 * world.smooth("own clouds", plants.number, at=at, every=timedelta(hours=2)), 0.0, 1.0
    )
    sun = CLEAR_SKY * sunlight(plants, second) ** 1.15 * (1.0 - 0.75 * cloud**1.6)
    speed = _wind_speed(world, plants, half_hour, at)
    share = np.choose(
        plants.kind,
        [_solar(world, plants, half_hour, sun), _turbine(speed), _water(world, plants, half_hour, at)],
    )
    is_faulty, lost = _fault(world, plants, second)
    share = np.where(is_faulty, share * (1.0 - lost), share)
    production = np.round(plants.capacity * share, 3)
    curtailed = np.round(production * _curtailed(world, plants, share, at), 3)
    auxiliary = np.round(np.maximum(production * AUXILIARY[plants.kind], plants.capacity * AT_REST), 3)
    flow = production * 1000.0 / (GRAVITY * TURBINE * plants.head)
    is_solar = plants.kind == SOLAR
    inverter = np.where(is_faulty, 1, np.where(sun < 5.0, 2, 0))
    return Output(
        production=production,
        auxiliary=auxiliary,
        curtailed=curtailed,
        stored=_stored(world, plants, second),
        irradiance=np.where(is_solar, np.round(sun, 1), np.nan),
        wind=np.where(plants.kind == WIND, np.round(speed, 1), np.nan),
        flow=np.where(plants.kind == HYDRO, np.round(flow, 1), np.nan),
        cloud=cloud,
        rains=monsoon(half_hour),
        inverter=np.where(is_solar, inverter, -1),
    )


def sunlight(plants: Plants, second: Array) -> Array:
    """The sine of the sun's height, 0 at night."""
    latitude, longitude = MIDDLES[plants.region, plants.state].T
    turned = 2 * np.pi * (day_of_year(second / 1800) - 80.0) / 365.2425
    tilt = np.radians(23.44) * np.sin(turned)
    hour = second / 3600 % 24 + longitude / 15.0 - 12.0
    height = np.sin(np.radians(latitude)) * np.sin(tilt) + np.cos(np.radians(latitude)) * np.cos(
        tilt
    ) * np.cos(hour * np.pi / 12)
    return np.maximum(height, 0.0)


def _solar(world: World, plants: Plants, half_hour: Array, sun: Array) -> Array:
    warm = temperature(world, plants.region, half_hour) + sun * 0.025 - 25.0
    return np.clip(sun / 1000.0 * PERFORMANCE * 1.1 * (1.0 - HOT_LOSS * warm), 0.0, 1.0)


def _wind_speed(world: World, plants: Plants, half_hour: Array, at: Array) -> Array:
    site = world.uniform("site", plants.number, low=6.0, high=8.2)
    own = 0.18 * world.smooth("own wind", plants.number, at=at, every=timedelta(hours=5))
    gust = world.normal("gust", plants.number, at, sd=0.05)
    return site * wind(world, plants.region, half_hour) * np.exp(own + gust)


def _turbine(speed: Array) -> Array:
    share = (speed**3 - CUT_IN**3) / (RATED**3 - CUT_IN**3)
    return np.where(speed >= CUT_OUT, 0.0, np.clip(share, 0.0, 1.0))


def _water(world: World, plants: Plants, half_hour: Array, at: Array) -> Array:
    """Reservoirs fill in the rains, and give most in the evening."""
    season = 0.32 + 0.45 * monsoon(half_hour - 30 * 48)
    wander = 0.14 * world.smooth("inflow", plants.number, at=at, every=timedelta(days=8))
    hour = (half_hour + 11) % 48 / 2
    day = np.floor((half_hour + 11) / 48)
    wanted = world.uniform("wanted water", plants.number, day, low=0.5, high=1.3)
    peak = 0.3 * np.exp(-(((hour - 20.0) / 2.2) ** 2)) + 0.12 * np.exp(-(((hour - 8.0) / 1.8) ** 2))
    peak = peak * wanted
    noise = 0.01 * world.smooth("gate", plants.number, at=at, every=timedelta(hours=3))
    return np.clip(season + wander + peak + noise, 0.05, 1.0)


def _fault(world: World, plants: Plants, second: Array) -> tuple[Array, Array]:
    """Inverters of solar plants fail now and then: part of them, for hours."""
    slot = second // (FAULT_DAYS * 86_400)
    who = (plants.number, slot)
    lasts = world.uniform("inverter fault length", *who, low=FAULT_HOURS[0], high=FAULT_HOURS[1]) * 3600
    begins = slot * FAULT_DAYS * 86_400 + world.uniform("inverter fault", *who) * (
        FAULT_DAYS * 86_400 - lasts
    )
    happens = world.happens("inverter fails", *who, rate=FAULTS) & (plants.kind == SOLAR)
    is_on = happens & (second >= begins) & (second < begins + lasts)
    return is_on, world.uniform("inverters lost", *who, low=LOST[0], high=LOST[1])


def _curtailed(world: World, plants: Plants, share: Array, at: Array) -> Array:
    """The part that the grid does not take: where much is made while its region has enough."""
    full = world.smooth("grid is full", plants.region, at=at, every=timedelta(hours=9))
    part = np.clip((full - 0.35) * 0.7, 0.0, 0.4) * np.clip((share - 0.45) * 4.0, 0.0, 1.0)
    return np.where(plants.kind == HYDRO, 0.0, part)


def _stored(world: World, plants: Plants, second: Array) -> Array:
    """MWh in the battery: charged by day, emptied in the evening."""
    local = second + 11 * 1800
    hour, day = local / 3600 % 24, local // 86_400
    level = np.interp(hour, [0, 8.5, FULL_AT, 18.0, EMPTY_AT, 24], [0.08, 0.08, 1.0, 1.0, 0.08, 0.08])
    filled = world.uniform("battery filled", plants.number, day, low=0.55, high=0.98)
    return np.round(plants.storage * np.maximum(level * filled, 0.05), 2)
