"""Tank levels each quarter of an hour. Between two full hours a crude tank's level is a straight line: parcels
are pumped in, and the charge drawn, evenly over their hour.
"""

from typing import Any

import numpy as np

from domains.refinery.world.crude_supply import supply_of
from domains.refinery.world.plant import Tanks, Units, crude_of_tank, crude_texts, tanks_of, units_of
from domains.refinery.world.product_tanks import cycles_of, products_of
from domains.refinery.world.reference import texts
from simulation.arrays import Array, Columns, ids, instants, numbers_joined
from simulation.random_draws import ANCHOR_SECONDS, World

VERIFIED = 0.05
DRAINED_EVERY_HOURS = 9 * 24


def tank_inventory(
    rows: Columns, processing_units: Columns, refineries: Columns, storage_tanks: Columns, world: World
) -> dict[str, Any]:
    units, tanks = units_of(processing_units, refineries, world), tanks_of(storage_tanks, world)
    is_gauged = tanks.runs & units.homes.runs[tanks.home]
    kept = np.flatnonzero(is_gauged[rows["_index"]])
    tank, number, at = (rows[name][kept] for name in ("_index", "_n", "_at"))
    since = at / 3_600_000_000 - ANCHOR_SECONDS / 3600
    hour = np.floor(since).astype(np.int64)
    products = products_of(world, tanks, units.homes.slate)[tank]
    volume = _volumes(world, units, tanks, tank, hour, since - hour, products)
    crude = crude_of_tank(world, units.homes, tanks.home[tank], tanks.place[tank], hour)
    is_crude = tanks.is_crude[tank]
    return {
        "_index": tank, "_n": number, "_at": at,
        "inventory_id": numbers_joined("INV", tank, number),
        "tank_id": ids("TANK-", tank, 5),
        "refinery_id": ids("REF-", tanks.home[tank], 3),
        "measurement_timestamp": instants(at),
        "volume_barrels": volume,
        "fill_percentage": np.round(volume / tanks.holds[tank], 4),
        "temperature_f": _temperature(world, tanks, tank, number, since),
        "water_bottom_inches": _water(world, is_crude, tank, number, hour),
        "product_type": tanks.product_type[tank],
        "crude_type_id": np.where(is_crude, crude_texts("crude_type_id")[crude].astype(object), None),
        "product_id": np.where(products >= 0, texts("products", "product_id")[products].astype(object), None),
        "measurement_method": rows["measurement_method"][kept],
        "is_verified": world.happens("verified", tank, number, rate=VERIFIED),
    }  # fmt: skip


def _volumes(
    world: World, units: Units, tanks: Tanks, tank: Array, hour: Array, part: Array, products: Array
) -> Array:
    home = tanks.home[tank]
    level = cycles_of(units, tanks, tank, products).level(world, hour + part)
    is_crude = tanks.is_crude[tank]
    for each in np.unique(home[is_crude]):
        mine = np.flatnonzero(is_crude & (home == each))
        first, last = int(hour[mine].min()), int(hour[mine].max()) + 1
        levels = supply_of(world, units, tanks, int(each), first, last).levels
        now, then = (levels[tanks.place[tank[mine]], hour[mine] - first + ahead] for ahead in (0, 1))
        level[mine] = now + (then - now) * part[mine]
    return np.clip(np.round(level).astype(np.int64), 0, tanks.holds[tank])


def _temperature(world: World, tanks: Tanks, tank: Array, number: Array, since: Array) -> Array:
    """Follows the season and the day; residual is kept hot enough to pump."""
    season, day = np.cos((since / 8766 - 0.55) * 2 * np.pi), np.cos((since % 24 - 15) / 24 * 2 * np.pi)
    usual = np.where(tanks.product_type[tank] == "Residual", 150.0, 78.0)
    own = world.uniform("tank warmth", tank, low=-4, high=4)
    return np.round(
        usual + own + 10 * season + 2.5 * day + world.normal("tank read", tank, number, sd=0.3), 1
    )


def _water(world: World, is_crude: Array, tank: Array, number: Array, hour: Array) -> Array:
    """Settles slowly and is drained about every nine days."""
    since = (hour / DRAINED_EVERY_HOURS + world.uniform("drained", tank)) % 1
    return np.round(
        0.5 + np.where(is_crude, 5.0, 2.0) * since + 0.1 * world.uniform("water", tank, number), 1
    )
