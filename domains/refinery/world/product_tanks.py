"""How product tanks fill and are emptied. They fill at half the rate at which their product is usually made (the other
half leaves by pipeline), and once in a cycle they are lifted from, while they go on filling.
"""

from dataclasses import dataclass

import numpy as np

from domains.refinery.world.operation import USUAL_LOAD
from domains.refinery.world.plant import Tanks, Units
from domains.refinery.world.reference import numbers
from domains.refinery.world.slates import tank_products
from simulation.arrays import Array, Arrays, repeated
from simulation.random_draws import World

RISING, LIFTED_HOURS = 0.8, (6.0, 240.0)
LOWEST, ROOM = 0.18, 0.68


def products_of(world: World, tanks: Tanks, slate_of_home: Array) -> Array:
    """What each tank holds, by its number among the products; -1 for crude."""
    draw = world.uniform("tank product of slate", np.arange(len(tanks.holds)))
    return tank_products(slate_of_home[tanks.home], tanks.product_type, draw)


@dataclass(frozen=True)
class Liftings(Arrays):
    """`place`: which of the tanks asked for. Hours since the anchor, broken ones; `number` counts a tank's cycles."""

    place: Array
    number: Array
    begins: Array
    ends: Array
    barrels: Array


@dataclass(frozen=True)
class Cycles:
    """Of some tanks: barrels an hour that run in, hours from lifting to lifting, what the level rises in between."""

    tank: Array
    holds: Array
    rate: Array
    cycle: Array
    room: Array
    rise: Array

    def level(self, world: World, hours: Array) -> Array:
        """Barrels at an instant, given in (broken) hours since the anchor."""
        turn = hours / self.cycle + world.uniform("lifting phase", self.tank)
        number = np.floor(turn)
        part = turn - number
        here, after = self._lowest(world, number), self._lowest(world, number + 1)
        rising = here + self.rise * part / RISING
        falling = here + self.rise - (here + self.rise - after) * (part - RISING) / (1 - RISING)
        return np.where(part < RISING, rising, falling)

    def liftings(self, world: World, first: int, last: int) -> Liftings:
        """All that go on in these hours: what the level falls by, and what runs in meanwhile."""
        phase = world.uniform("lifting phase", self.tank)
        numbers = np.floor(first / self.cycle + phase).astype(np.int64)
        count = np.floor(last / self.cycle + phase).astype(np.int64) - numbers + 1
        place, nth = repeated(count)
        number = numbers[place] + nth
        of = Cycles(*(values[place] for values in vars(self).values()))
        begins, ends = ((number + part - phase[place]) * of.cycle for part in (RISING, 1))
        fell = of._lowest(world, number) + of.rise - of._lowest(world, number + 1)
        found = Liftings(place, number, begins, ends, fell + of.rate * (ends - begins))
        return found.where(np.flatnonzero((ends > first) & (begins < last)))

    def _lowest(self, world: World, number: Array) -> Array:
        usual = LOWEST * self.holds + (self.room - self.rise) * 0.5
        return usual + np.minimum(self.rise, self.room - self.rise) * world.uniform(
            "lifting", self.tank, number, low=-0.5, high=0.5
        )


def cycles_of(units: Units, tanks: Tanks, tank: Array, products: Array) -> Cycles:
    """Of these tanks, which hold these products."""
    holds, appetite = tanks.holds[tank], units.homes.appetite[tanks.home[tank]]
    share = np.where(products >= 0, numbers("products", "typical_yield_pct")[products], 0.01)
    rate = 0.5 * share * appetite * USUAL_LOAD / 24
    room = ROOM * holds
    cycle = np.clip(0.6 * room / (rate * RISING), *LIFTED_HOURS)
    return Cycles(tank, holds, rate, cycle, room, rate * RISING * cycle)
