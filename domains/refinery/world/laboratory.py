"""Test results that agree with what was sampled: a crude by its number, or a product by its number.

What a sample cannot have is null. The verdict is drawn first, and what was measured follows from it.
"""

import re

from pyspark.sql import Column
from pyspark.sql import functions as F

from domains.refinery.world.assays import flash_point, pour_point, vapor_pressure, viscosity
from domains.refinery.world.reference import at, listed, rows_of
from simulation.random_draws import World

PRODUCTS = rows_of("products")
LABORATORY = {row["product_category"]: row for row in rows_of("laboratory")}
PETROL_WITHOUT_NUMBER = {"PROD-018": 85.0}
CETANE = {"PROD-020": 52.0, "PROD-023": 54.0}
WATER_DENSITY = 999.016
SOLID = ("Solid", "Byproduct")
WATER_WHEN = {"FAIL": (1.0, 1.0), "MARGINAL": (0.5, 0.4)}  # from, width: volume %


def found_of_crude(world: World, api: Column, sulfur: Column, *who: str) -> dict[str, Column]:
    def near(name: str, value: Column, share: float, spread: float) -> Column:
        return value * world.normal(name, *who, mean=1.0, sd=share) + world.normal(
            f"{name} read", *who, sd=spread
        )

    return {
        "api_gravity": near("lab api", api, 0.0, 0.15),
        "sulfur_content_pct": near("lab sulfur", sulfur, 0.03, 0.0),
        "viscosity_cst": near("lab viscosity", viscosity(api), 0.06, 0.0),
        "pour_point_f": near("lab pour", pour_point(api), 0.0, 7.0),
        "reid_vapor_pressure": near("lab rvp", vapor_pressure(api), 0.04, 0.0),
        "flash_point_f": near("lab flash", flash_point(api), 0.03, 0.0),
    }


def found_of_product(world: World, number: Column, verdict: Column, *who: str) -> dict[str, Column]:
    low, high = (
        _of(number, [float(row[name]) for row in PRODUCTS]) for name in ("density_min", "density_max")
    )
    density = low + (high - low) * world.uniform("lab density", *who, low=0.1, high=0.9)
    is_solid = _of(number, [row["product_category"] in SOLID for row in PRODUCTS])
    limit = _of(number, [float(row["sulfur_max_ppm"]) / 10_000 for row in PRODUCTS])
    part = world.uniform("lab part of limit", *who)
    sulfur = limit * F.when(verdict == "FAIL", 1.05 + 0.5 * part).otherwise(0.2 + 0.65 * part)
    pure = F.when(limit == 0, 99.5 + 0.4 * part).otherwise(sulfur)
    wobble = world.normal("lab product", *who, mean=1.0, sd=0.05)
    measured = {
        name: _of(number, [_number(LABORATORY[row["product_category"]][name]) for row in PRODUCTS]) * wobble
        for name in ("viscosity_cst", "pour_point_f", "reid_vapor_pressure", "flash_point_f")
    }
    return {
        "api_gravity": F.when(~is_solid, 141.5 * WATER_DENSITY / density - 131.5),
        "sulfur_content_pct": pure,
        **measured,
        "octane_number": _of(number, [_octane(row) for row in PRODUCTS])
        + world.normal("lab octane", *who, sd=0.25),
        "cetane_number": _of(number, [_cetane(row) for row in PRODUCTS])
        + world.normal("lab cetane", *who, sd=0.8),
    }


def water_found(world: World, verdict: Column, *who: str) -> Column:
    """A sample fails for its water, or nearly does."""
    draw = world.uniform("lab water", *who)
    water = 0.02 + 0.35 * draw * draw
    for name, (start, width) in WATER_WHEN.items():
        water = F.when(verdict == name, start + width * draw).otherwise(water)
    return water


def _octane(row: dict[str, str]) -> float | None:
    if row["product_category"] != "Gasoline":
        return None
    digits = re.match(r"\d+", row["product_grade"])
    return PETROL_WITHOUT_NUMBER.get(row["product_id"], float(digits[0]) + 0.4 if digits else 85.0)


def _cetane(row: dict[str, str]) -> float | None:
    return CETANE.get(row["product_id"], 46.0) if row["product_category"] == "Diesel" else None


def _number(text: str) -> float | None:
    return float(text) if text else None


def _of(number: Column, values: list[float | None] | list[float] | list[bool]) -> Column:
    return at(listed(values), number)
