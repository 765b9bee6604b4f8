"""What customers use in each half-hour: by what they use it for, hour, weekday and weather, and beside it what is their
own. All of it is worked out of a customer's number and a half-hour.
"""

import numpy as np

from domains.grid.world.clock import AHEAD, PER_DAY, local_day, weekday
from domains.grid.world.customers import AGRICULTURAL, VACANT, Customers
from domains.grid.world.weather import monsoon, temperature
from simulation.arrays import Array
from simulation.random_draws import World, standard_normal, unit_of

COMFORT = 24.0  # °C
COOLING = np.array([0.032, 0.038, 0.006, 0.0, 0.035])  # of the load per °C above comfort, by category
OWN_NOISE = np.array([0.22, 0.12, 0.06, 0.05, 0.10])
DAY_APART = 0.12
PUMPS = 0.8  # of the days on which a pump runs, outside the rains
AWAY, AWAY_DAYS, AWAY_USE = 0.015, 5, 0.18


def _day(*marks: tuple[float, float]) -> Array:
    """A day of 48 half-hours, straight between (hour, part of the peak)."""
    hours, parts = zip(*marks, strict=True)
    return np.interp(np.arange(PER_DAY) / 2 + 0.25, hours, parts)


def _shapes() -> Array:
    """[use, working day / Saturday / Sunday, half-hour]; 1 is the peak of a usual day."""
    home = _day((0, 0.38), (3, 0.26), (5.5, 0.3), (7.5, 0.58), (9.5, 0.42), (13, 0.36), (16.5, 0.38),
                (18.5, 0.72), (20.5, 1.0), (22, 0.85), (24, 0.42))  # fmt: skip
    home_sunday = _day((0, 0.4), (4, 0.27), (7, 0.38), (9.5, 0.62), (13, 0.6), (16, 0.5), (18.5, 0.74),
                       (20.5, 0.98), (22, 0.85), (24, 0.44))  # fmt: skip
    shop = _day(
        (0, 0.14),
        (7, 0.14),
        (10, 0.72),
        (13, 0.92),
        (16, 0.94),
        (19, 1.0),
        (21, 0.8),
        (22.5, 0.2),
        (24, 0.14),
    )
    shop_sunday = 0.12 + (shop - 0.14) * 0.7
    one_shift = _day(
        (0, 0.18),
        (7, 0.2),
        (8.5, 0.92),
        (12.5, 0.95),
        (13, 0.72),
        (14, 0.97),
        (17, 0.95),
        (18.5, 0.22),
        (24, 0.18),
    )
    two_shifts = _day(
        (0, 0.22), (5.5, 0.24), (6.5, 0.93), (14, 0.88), (14.5, 0.96), (21.5, 0.92), (22.5, 0.25), (24, 0.22)
    )
    three_shifts = _day((0, 0.9), (5.5, 0.9), (6.2, 0.78), (7, 0.97), (13.5, 0.97), (14.2, 0.82), (15, 0.98),
                        (21.5, 0.94), (22.2, 0.8), (23, 0.9), (24, 0.9))  # fmt: skip
    pump_night = _day((0, 1.0), (4.4, 1.0), (4.6, 0.02), (21.9, 0.02), (22.1, 1.0), (24, 1.0))
    pump_morning = _day((0, 0.02), (4.9, 0.02), (5.1, 1.0), (10.9, 1.0), (11.1, 0.02), (24, 0.02))
    office = _day(
        (0, 0.16),
        (7.5, 0.17),
        (9.5, 0.9),
        (12.5, 1.0),
        (13.5, 0.84),
        (15, 0.98),
        (17, 0.88),
        (18.5, 0.3),
        (24, 0.16),
    )
    rests = (home, home_sunday, home_sunday), (shop, shop, shop_sunday)
    works = tuple((shape, 0.9 * shape, 0.16 + 0.12 * shape) for shape in (one_shift, two_shifts))
    around = ((three_shifts, three_shifts, 0.25 + 0.35 * three_shifts),)
    pumps = tuple((shape, shape, shape) for shape in (pump_night, pump_morning))
    offices = ((office, 0.16 + 0.4 * (office - 0.16), 0.13 + 0.08 * office),)
    return np.array([*rests, *works, *around, *pumps, *offices])


SHAPES = _shapes()
MORNING = 12  # half-hours after midnight at which a day of use begins
DAY_KINDS = np.array([0, 0, 0, 0, 0, 1, 2])


class Climate:
    """Temperatures of all regions over a span of half-hours, to be looked up."""

    def __init__(self, world: World, first: int, last: int) -> None:
        self.first, self.count = first, last - first + 1
        self._degrees = temperature(world, np.arange(5)[:, None], np.arange(first, last + 1)).ravel()

    def __call__(self, region: Array, half_hour: Array) -> Array:
        return self._degrees[region * self.count + (half_hour - self.first)]


def climate_of(world: World, half_hour: Array) -> Climate:
    first = int(half_hour.min()) if len(half_hour) else 0
    return Climate(world, first, int(half_hour.max(initial=first)))


def day_of_use(half_hour: Array) -> Array:
    """The day in India to which a half-hour's use belongs: nights and night shifts to the day before."""
    return local_day(half_hour - MORNING)


def usual_kw(climate: Climate, customers: Customers, half_hour: Array) -> Array:
    """Mean kW of the half-hour, as the hour, the weekday and the weather let expect."""
    local = half_hour + AHEAD
    kind = DAY_KINDS[weekday(day_of_use(half_hour))]
    shape = SHAPES.ravel()[(customers.use * 3 + kind) * PER_DAY + (local + customers.shift) % PER_DAY]
    hot = np.maximum(climate(customers.region, half_hour) - COMFORT, 0.0)
    flat = np.where(customers.role == VACANT, 1.0, shape * (1.0 + COOLING[customers.category] * hot))
    return customers.size * flat


def pumping(customers: Customers, half_hour: Array) -> Array:
    """The part of its days on which a pump runs; 1 for all others."""
    share = PUMPS * (1.0 - 0.6 * monsoon(half_hour))
    return np.where(customers.category == AGRICULTURAL, share, 1.0)


def noise_bits(world: World, customers: Customers, half_hour: Array) -> Array:
    """64 random bits of a customer's half-hour; the highest twelve make its noise."""
    return world.hashed("half-hour", customers.index, half_hour)


def own_kw(world: World, climate: Climate, customers: Customers, half_hour: Array, bits: Array) -> Array:
    """Mean kW that the customer uses, were the supply never off. Customers and half-hours broadcast."""
    day = day_of_use(half_hour)
    drawn = world.hashed("day", customers.index, day)
    apart = 1.0 + DAY_APART * standard_normal(drawn)
    noise = np.maximum(1.0 + OWN_NOISE[customers.category] * standard_normal(bits), 0.25)
    load = usual_kw(climate, customers, half_hour) * np.maximum(apart, 0.4) * noise
    is_pump = customers.category == AGRICULTURAL
    rests = is_pump & (unit_of(drawn << np.uint64(12)) >= pumping(customers, half_hour))
    away = world.happens("away", customers.index, day // AWAY_DAYS, rate=AWAY)
    load = load * np.where(rests, 0.02, 1.0) * np.where(away & ~is_pump, AWAY_USE, 1.0)
    return np.minimum(load, customers.most)
