"""What each unit makes of what it charges, and the energy it burns: of units and hours of one length."""

from dataclasses import dataclass

import numpy as np

from domains.refinery.world.operation import Stand, charge_of, efficiency_of, stand_of
from domains.refinery.world.plant import Units, crude_charged, crude_numbers
from domains.refinery.world.reference import numbers
from domains.refinery.world.slates import AVERAGE_SULFUR, crude_yield, product_of_hour
from simulation.arrays import Array
from simulation.random_draws import World

LOSS = (0.001, 0.006)
MOST = 0.99


@dataclass(frozen=True)
class Output:
    """`crude` is what the refinery charges in the hour, `product` the main one of the hour; `made` are its barrels, and
    `all_made` those of all products. Energy is in MMBtu."""

    charge: Array
    crude: Array
    product: Array
    efficiency: Array
    made: Array
    all_made: Array
    energy: Array


def output_of(world: World, units: Units, unit: Array, hour: Array, stand: Stand) -> Output:
    home, is_crude = units.home[unit], units.is_crude[unit]
    charge = charge_of(world, units, unit, hour, stand)
    crude = crude_charged(world, units.homes, home, hour)
    product = product_of_hour(units.slate[unit], hour, units.homes.crude_tanks[home])
    efficiency = hourly_efficiency(world, units, unit, hour)
    api, sulfur = (crude_numbers(name)[crude] for name in ("api_gravity_typical", "sulfur_content_typical"))
    usual = np.where(is_crude, crude_yield(product, api, sulfur), units.design[unit])
    exact = charge * np.minimum(usual * efficiency, MOST)
    made = np.floor(exact + world.uniform("made", unit, hour) * (charge < 200)).astype(np.int64)
    loss = world.uniform("loss", unit, hour, low=LOSS[0], high=LOSS[1])
    all_made = np.round(charge * (1 - loss)).astype(np.int64)
    energy = _energy(world, units, unit, hour, charge, efficiency)
    return Output(charge, crude, product, efficiency, made, all_made, energy)


def hourly_efficiency(world: World, units: Units, unit: Array, hour: Array) -> Array:
    """How well a unit works with what it charges in the hour."""
    crude = crude_charged(world, units.homes, units.home[unit], hour)
    sulfur = np.where(units.is_crude[unit], crude_numbers("sulfur_content_typical")[crude], AVERAGE_SULFUR)
    return efficiency_of(world, units, unit, hour, stand_of(world, units, unit, hour), sulfur)


def _energy(world: World, units: Units, unit: Array, hour: Array, charge: Array, efficiency: Array) -> Array:
    """A fifth is burnt whether the unit charges or not; a unit that works badly burns more."""
    each = numbers("unit_types", "mmbtu_per_barrel")[units.kind[unit]]
    barrels = 0.8 * charge + 0.2 * units.capacity[unit] / 24
    return np.round(each * barrels / efficiency * world.normal("energy", unit, hour, mean=1.0, sd=0.02), 1)
