"""Customers as they are: what they use energy for, how much, and what is wrong with some of them.

A customer has one role, drawn evenly over all numbers so that its share holds for few customers as for many.
"""

from dataclasses import dataclass

import numpy as np

from domains.grid.world.network import region_of, transformer_of
from simulation.arrays import Array, Arrays
from simulation.random_draws import World

CATEGORIES = ("DOMESTIC", "COMMERCIAL", "INDUSTRIAL", "AGRICULTURAL", "INSTITUTIONAL")
CATEGORY_WEIGHTS = (0.60, 0.18, 0.09, 0.08, 0.05)
DOMESTIC, COMMERCIAL, INDUSTRIAL, AGRICULTURAL, INSTITUTIONAL = range(5)
SANCTIONED = np.array([(2, 12), (5, 45), (50, 500), (4, 20), (15, 90)], float)  # kW by category
USED_AT_PEAK = (0.14, 0.5)  # of the sanctioned load
USED_BEYOND = (1.15, 1.6)
KINDS_OF_USE = np.array([1, 1, 3, 2, 1])  # by category, see demand.SHAPES
FIRST_USE = np.cumsum(KINDS_OF_USE) - KINDS_OF_USE
LARGE_KW = 40.0  # 50 kWh in half an hour would be nothing odd

ROLES = ("honest", "thief", "bypass", "vacant", "closed", "debtor", "beyond", "faulty")
ROLE_WEIGHTS = (0.54, 0.165, 0.05, 0.03, 0.01, 0.06, 0.035, 0.11)
HONEST, THIEF, BYPASS, VACANT, CLOSED, DEBTOR, BEYOND, FAULTY = range(8)
SMALL_ROLES = (THIEF, VACANT, CLOSED, DEBTOR, FAULTY)
GOLDEN = 0.6180339887498949
STANDBY_KW = (0.004, 0.06)  # of premises in which nobody is


@dataclass(frozen=True)
class Customers(Arrays):
    """`size`: kW at the peak of a usual day that is not hot. `most`: kW beyond which they never go. `shift`: half-hours
    by which their day is later than that of others."""

    index: Array
    region: Array
    transformer: Array
    category: Array
    use: Array
    sanctioned: Array
    size: Array
    most: Array
    shift: Array
    role: Array
    factor: Array

    @property
    def is_large(self) -> Array:
        return self.size > LARGE_KW

    def upright(self) -> "Customers":
        """As columns, to broadcast against half-hours."""
        return Customers(*(values[:, None] for values in vars(self).values()))


def customers_at(world: World, index: Array) -> Customers:
    category = world.pick("category", index, weights=CATEGORY_WEIGHTS)
    low, high = SANCTIONED[category].T
    sanctioned = np.rint(low * (high / low) ** world.uniform("sanctioned load", index))
    even = (world.uniform("first role") + index * GOLDEN) % 1.0
    role = np.searchsorted(np.cumsum(ROLE_WEIGHTS)[:-1], even, side="right")
    role = np.where((category == INDUSTRIAL) & np.isin(role, SMALL_ROLES), HONEST, role)
    drawn = world.uniform("used at peak", index)
    used = np.where(
        role == BEYOND, *(low + drawn * (high - low) for low, high in (USED_BEYOND, USED_AT_PEAK))
    )
    standby = world.uniform("standby", index, low=STANDBY_KW[0], high=STANDBY_KW[1])
    size = np.where(role == VACANT, standby, np.where(role == CLOSED, 0.0, sanctioned * used))
    kind = np.floor(world.uniform("use", index) * KINDS_OF_USE[category]).astype(np.int64)
    return Customers(
        index=index,
        region=region_of(index),
        transformer=transformer_of(world, index),
        category=category,
        use=FIRST_USE[category] + kind,
        sanctioned=sanctioned,
        size=size,
        most=np.where(role == BEYOND, np.inf, 0.97 * sanctioned),
        shift=world.integer("shift", index, low=-1, high=1),
        role=role,
        factor=world.uniform("power factor", index, low=0.86, high=0.985),
    )


def with_role(world: World, role: int) -> Customers:
    """All customers of one role."""
    customers = customers_at(world, np.arange(world.counts["customer_master"]))
    return customers.where(np.flatnonzero(customers.role == role))
