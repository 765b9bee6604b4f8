"""What a refinery's products of a day weigh: mass is neither made nor lost.

What its crude units make of their charge weighs what the charge weighs, less their loss. The units burn a part of
that, sulphur plants take out another, and the rest is products, by their yields and densities. So barrels of products
are more than barrels of crude where crude is heavy, as in any refinery that cracks.
"""

from dataclasses import dataclass

import numpy as np

from domains.refinery.world.operation import stand_of
from domains.refinery.world.plant import (
    FREED,
    SULPHUR_DENSITY,
    Units,
    crude_charged,
    crude_numbers,
    gravity,
)
from domains.refinery.world.production import output_of
from domains.refinery.world.reference import numbers
from domains.refinery.world.slates import crude_yield, products_of_slate
from simulation.arrays import Array
from simulation.random_draws import World

CUBIC_METRES, WATER = 0.158987294928, 0.999016  # of a barrel; tonnes of a cubic metre at 60 °F
MMBTU_PER_TONNE = 39.68  # of oil, by which energy is counted as oil
LEAST_SULPHUR, USUAL_DENSITY = 0.05, (0.3, 0.7)


@dataclass(frozen=True)
class Dispatch:
    """Of each product of the slate, by its number: tonnes a barrel, and [day, product] tonnes and sulphur by weight."""

    products: Array
    tonnes_per_barrel: Array
    tonnes: Array
    sulfur_pct: Array


def dispatch_of(world: World, units: Units, home: int, days: Array) -> Dispatch:
    """Of whole days, counted from the anchor."""
    unit = np.flatnonzero((units.home == home) & units.runs)
    hours = (days[:, None] * 24 + np.arange(24)).ravel()
    who, hour = np.repeat(unit, len(hours)), np.tile(hours, len(unit))
    output = output_of(world, units, who, hour, stand_of(world, units, who, hour))

    def daily(values: Array, chosen: Array) -> Array:
        """Summed over the chosen units and the hours of each day."""
        return (values * chosen[who]).reshape(len(unit), len(days), 24).sum(axis=(0, 2))

    api, sulfur = (crude_numbers(name) for name in ("api_gravity_typical", "sulfur_content_typical"))
    weight = gravity(api)[output.crude] * CUBIC_METRES * WATER
    plants, everywhere = units.is_sulphur, np.ones(len(units.home), bool)
    recovered = daily(output.made, plants) * SULPHUR_DENSITY * CUBIC_METRES
    burnt = daily(output.energy, everywhere) / MMBTU_PER_TONNE
    total = daily(output.all_made * weight, units.is_crude) - burnt - recovered
    remains = daily(output.charge * weight * sulfur[output.crude] / 100, units.is_crude) * (1 - FREED)

    products = products_of_slate(int(units.homes.slate[home]))
    low, high = (numbers("products", name)[products] for name in ("density_min", "density_max"))
    place = world.uniform("density", home, products, low=USUAL_DENSITY[0], high=USUAL_DENSITY[1])
    tonnes_per_barrel = (low + (high - low) * place) / 1000 * CUBIC_METRES
    crude = crude_charged(world, units.homes, np.full(len(hours), home), hours).reshape(len(days), 24)
    diet = (np.repeat(values[crude].mean(axis=1), len(products)) for values in (api, sulfur))
    yields = crude_yield(np.tile(products, len(days)), *diet).reshape(len(days), -1)
    parts = yields * tonnes_per_barrel
    tonnes = total[:, None] * parts / parts.sum(axis=1, keepdims=True)
    limits = numbers("products", "sulfur_max_ppm")[products] / 10_000
    most = np.maximum((tonnes * limits / 100).sum(axis=1), 1e-9)
    sulfur_pct = limits * np.clip(remains / most, LEAST_SULPHUR, 1.0)[:, None]
    return Dispatch(products, tonnes_per_barrel, tonnes, sulfur_pct)
