"""Tanks of each refinery: the first ones hold crude, as many as keep what it is to have in stock, the rest products."""

from typing import Any

import numpy as np

from domains.refinery.world.plant import (
    DAYS_HELD,
    LARGEST_TANK,
    TANKS_PER_REFINERY,
    USUAL_LEVEL,
    home_of,
    homes_of,
)
from simulation.arrays import Array, Columns, ids
from simulation.random_draws import World

CAPACITIES = np.array([100_000, 250_000, 500_000, 750_000, LARGEST_TANK])
HIGH_FROM = 750_000
PRODUCTS, PRODUCT_WEIGHTS = ("Gasoline", "Diesel", "Jet Fuel", "Residual"), (0.25, 0.2, 0.15, 0.1)
ROUND = ("Spherical", "Horizontal")
RUNNING = 0.95
CUBIC_FEET_PER_BARREL = 5.6146
INSPECTED_EVERY_DAYS = 720


def storage_tanks(rows: Columns, refineries: Columns, world: World) -> dict[str, Any]:
    number, homes = rows["_index"], homes_of(refineries, world)
    home = home_of(number, TANKS_PER_REFINERY, world)
    crude_tanks = homes.crude_tanks[home]
    is_crude = number - home * TANKS_PER_REFINERY < crude_tanks
    needed = np.where(is_crude, DAYS_HELD / USUAL_LEVEL * homes.appetite[home] / crude_tanks, 0)
    enough = CAPACITIES[np.searchsorted(CAPACITIES[:-1], needed)]
    holds = np.maximum(rows["capacity_barrels"], enough)
    height = _height(world, number, holds)
    area = holds * CUBIC_FEET_PER_BARREL / height
    product = world.choice("tank product", number, values=PRODUCTS, weights=PRODUCT_WEIGHTS)
    roof = world.choice("roof", number, values=("Floating Roof", "Fixed Roof"), weights=(0.4, 0.3))
    return {
        "tank_id": ids("TANK-", number, 5),
        "refinery_id": ids("REF-", home, 3),
        "tank_name": ids("TK-", number % 500 + 100),
        "tank_type": np.where(is_crude & np.isin(rows["tank_type"], ROUND), roof, rows["tank_type"]),
        "product_type": np.where(is_crude, "Crude Oil", product),
        "capacity_barrels": holds,
        "min_operating_level": np.round(rows["min_operating_level"], 3),
        "max_operating_level": np.round(rows["max_operating_level"], 3),
        "height_feet": height,
        "diameter_feet": np.round(np.sqrt(area * 4 / np.pi), 1),
        "has_heating": world.happens("heated", number, rate=0.4) | (product == "Residual") & ~is_crude,
        "has_mixer": world.happens("mixed", number, rate=0.5),
        "last_inspection_date": _last_inspection(rows, world),
        "is_active": homes.runs[home] & (is_crude | world.happens("tank runs", number, rate=RUNNING)),
    }


def _height(world: World, number: Array, holds: Array) -> Array:
    """A large tank is a high one, else it would be wider than any that is built."""
    lowest = np.where(holds >= HIGH_FROM, 60.0, 40.0)
    return np.round(lowest + world.uniform("tank height", number) * (65.0 - lowest), 1)


def _last_inspection(rows: Columns, world: World) -> Array:
    day = (rows["_at"] // 1_000_000).astype("datetime64[s]").astype("datetime64[D]")
    phase = world.integer("inspection", rows["_index"], low=0, high=INSPECTED_EVERY_DAYS - 1)
    return day - ((day - np.datetime64("2018-01-01")).astype(np.int64) + phase) % INSPECTED_EVERY_DAYS
