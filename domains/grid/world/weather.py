"""The weather of a region: temperature, humidity, clouds and wind, by season, hour and a slow wander."""

from datetime import timedelta

import numpy as np

from domains.grid.world.clock import local_day, local_hour, second_of
from simulation.arrays import Array
from simulation.random_draws import World

MEAN, SEASON, BY_DAY = (
    np.array(each)
    for each in ((25.0, 27.5, 26.5, 27.0, 25.0), (9.0, 2.5, 5.5, 4.5, 7.0), (6.0, 4.5, 4.5, 5.0, 6.0))
)  # °C by region: of the year, of the season and of the hour to either side
HOTTEST_DAY, HOTTEST_HOUR = 150, 15.0
RAINS, RAINS_WIDTH, RAINS_COOL = 215, 40, 2.5  # the monsoon's middle and width in days of the year, and °C


def day_of_year(half_hour: Array) -> Array:
    return (local_day(half_hour) + 1) % 365.2425


def monsoon(half_hour: Array) -> Array:
    """0 to 1: how much of the rains is there."""
    return np.exp(-(((day_of_year(half_hour) - RAINS) / RAINS_WIDTH) ** 2))


def temperature(world: World, region: Array, half_hour: Array) -> Array:
    """°C when the half-hour begins."""
    season = np.cos((day_of_year(half_hour) - HOTTEST_DAY) * (2 * np.pi / 365.2425))
    hour = np.cos((local_hour(half_hour) - HOTTEST_HOUR) * (2 * np.pi / 24))
    wander = 3.0 * world.smooth("temperature", region, at=second_of(half_hour), every=timedelta(days=4))
    cool = RAINS_COOL * monsoon(half_hour) + 2.0 * (clouds(world, region, half_hour) - 0.4)
    return MEAN[region] + SEASON[region] * season + BY_DAY[region] * hour + wander - cool


def clouds(world: World, region: Array, half_hour: Array) -> Array:
    """0 clear to 1 overcast."""
    wander = world.smooth("clouds", region, at=second_of(half_hour), every=timedelta(hours=30))
    return np.clip(0.22 + 0.4 * monsoon(half_hour) + 0.35 * wander, 0.0, 1.0)


def humidity(world: World, region: Array, half_hour: Array) -> Array:
    """Percent; lowest in the afternoon, highest in the rains."""
    hour = np.cos((local_hour(half_hour) - HOTTEST_HOUR) * (2 * np.pi / 24))
    wander = 6.0 * world.smooth("humidity", region, at=second_of(half_hour), every=timedelta(days=3))
    return np.clip(56.0 + 20.0 * monsoon(half_hour) - 13.0 * hour + wander, 8.0, 100.0)


def wind(world: World, region: Array, half_hour: Array) -> Array:
    """Of its usual strength, about 1."""
    at = second_of(half_hour)
    wander = 0.38 * world.smooth("wind", region, at=at, every=timedelta(days=2))
    gusts = 0.2 * world.smooth("gusts", region, at=at, every=timedelta(hours=7))
    evening = 0.12 * np.cos((local_hour(half_hour) - 20.0) * (2 * np.pi / 24))
    return (0.9 + 0.45 * monsoon(half_hour)) * np.exp(wander + gusts + evening)
