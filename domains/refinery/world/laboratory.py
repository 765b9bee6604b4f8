"""Test results that agree with what was sampled: a crude by its number, or a product by its number.

What a sample cannot have is NaN. The verdict comes first, from the grade of the hour where the sample has one, and what
was measured follows from it.
"""

import numpy as np

from domains.refinery.world.plant import crude_numbers
from domains.refinery.world.reference import numbers, texts
from simulation.arrays import Array
from simulation.random_draws import World

WATER_DENSITY = 999.016
SOLID = ("Solid", "Byproduct")
VERDICTS = ("PASS", "MARGINAL", "FAIL", "PENDING")
USUAL, OFF_SPEC, ON_SPEC = (0.88, 0.07, 0.03, 0.02), (0.0, 0.12, 0.86, 0.02), (0.93, 0.045, 0.005, 0.02)
WATER_WHEN = {"FAIL": (1.0, 1.0), "MARGINAL": (0.5, 0.4)}  # from, width: volume %
SOUR_WHEN = {"FAIL": (1.05, 0.5), "MARGINAL": (0.9, 0.15)}  # of the most that the product may have


def verdict_of(world: World, is_graded: Array, is_off: Array, *who: Array) -> Array:
    """What was made in an hour off the specification fails, or nearly so."""
    usual, off, on = (world.pick("verdict", *who, weights=weights) for weights in (USUAL, OFF_SPEC, ON_SPEC))
    return np.array(VERDICTS)[np.where(is_graded, np.where(is_off, off, on), usual)]


def found_of_crude(world: World, api: Array, sulfur: Array, *who: Array) -> dict[str, Array]:
    """A crude of 40 °API has 7 cSt at 40 °C, one of 33 has 16, of 20 100, of 10 650."""

    def near(name: str, value: Array, share: float, spread: float) -> Array:
        read = world.normal(f"{name} read", *who, sd=spread)
        return value * world.normal(name, *who, mean=1.0, sd=share) + read

    return {
        "api_gravity": near("lab api", api, 0.0, 0.15),
        "sulfur_content_pct": near("lab sulfur", sulfur, 0.03, 0.0),
        "viscosity_cst": near("lab viscosity", 10.0 ** (3.7 - 0.095 * api + 0.0006 * api * api), 0.06, 0.0),
        "pour_point_f": near("lab pour", 55 - 1.1 * api, 0.0, 7.0),
        "reid_vapor_pressure": near("lab rvp", 1.5 + 0.17 * api, 0.04, 0.0),
        "flash_point_f": near("lab flash", 190 - 1.7 * api, 0.03, 0.0),
    }


def found_of_product(world: World, product: Array, verdict: Array, *who: Array) -> dict[str, Array]:
    low, high = (numbers("products", name)[product] for name in ("density_min", "density_max"))
    density = low + (high - low) * world.uniform("lab density", *who, low=0.1, high=0.9)
    category = texts("products", "product_category")[product]
    limit = numbers("products", "sulfur_max_ppm")[product] / 10_000
    part, wobble = world.uniform("lab limit", *who), world.normal("lab product", *who, mean=1.0, sd=0.05)
    sulfur = limit * _when(verdict, SOUR_WHEN, part, 0.2 + 0.65 * part)
    place = {name: at for at, name in enumerate(texts("laboratory", "product_category").tolist())}
    listed = np.array([place[name] for name in category.tolist()], np.int64)
    measured = {
        name: numbers("laboratory", name)[listed] * wobble
        for name in ("viscosity_cst", "pour_point_f", "reid_vapor_pressure", "flash_point_f")
    }
    return {
        "api_gravity": np.where(np.isin(category, SOLID), np.nan, 141.5 * WATER_DENSITY / density - 131.5),
        "sulfur_content_pct": np.where(limit == 0, 99.5 + 0.4 * part, sulfur),
        **measured,
        "octane_number": numbers("ratings", "octane_number")[product]
        + world.normal("lab octane", *who, sd=0.25),
        "cetane_number": numbers("ratings", "cetane_number")[product]
        + world.normal("lab cetane", *who, sd=0.8),
    }


def water_found(world: World, verdict: Array, *who: Array) -> Array:
    """A sample fails for its water, or nearly does."""
    draw = world.uniform("lab water", *who)
    return _when(verdict, WATER_WHEN, draw, 0.02 + 0.35 * draw * draw)


def _when(verdict: Array, bounds: dict[str, tuple[float, float]], draw: Array, usual: Array) -> Array:
    for name, (start, width) in bounds.items():
        usual = np.where(verdict == name, start + width * draw, usual)
    return usual


def parcel_api(world: World, home: Array, parcel: Array, crude: Array) -> Array:
    return np.round(
        crude_numbers("api_gravity_typical")[crude] + world.normal("parcel api", home, parcel, sd=0.45), 1
    )


def parcel_sulfur(world: World, home: Array, parcel: Array, crude: Array) -> Array:
    spread = world.normal("parcel sulfur", home, parcel, mean=1.0, sd=0.05)
    return np.round(crude_numbers("sulfur_content_typical")[crude] * spread, 3)


def parcel_water(world: World, home: Array, parcel: Array) -> Array:
    return np.round(0.05 + 0.3 * world.uniform("parcel water", home, parcel) ** 2, 2)
