"""Tickets of products that leave. What is lifted from a tank is what its level tells: a ticket for each lifting, and
one for each day of it where it goes on over midnight. What does not run into a tank goes by pipeline, a ticket for each
product and day; where tanks take more than is made, the difference is bought in by pipeline.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from domains.refinery.world.dispatch import CUBIC_METRES, Dispatch, dispatch_of
from domains.refinery.world.plant import Tanks, Units, tanks_of, units_of
from domains.refinery.world.product_tanks import cycles_of, products_of
from domains.refinery.world.reference import texts
from simulation.arrays import Array, Arrays, Columns, ids, instants, numbers_joined, repeated
from simulation.random_draws import ANCHOR_SECONDS, World

DAY, HOUR = 86_400, 3600
DAYS_AT_ONCE = 60
METER = 0.002  # how far a meter is off
BY_TANK, BY_PIPELINE = ("Truck Rack", "Barge", "Rail", "Tanker"), "Pipeline"
WEIGHTS = (0.4, 0.25, 0.15, 0.2)


@dataclass(frozen=True)
class Tickets(Arrays):
    """`tank` is -1 for a pipeline, whose barrels are below 0 where they are bought in. Seconds since the anchor;
    `number` counts the liftings of a tank."""

    home: Array
    tank: Array
    product: Array
    number: Array
    begins: Array
    ends: Array
    barrels: Array
    tonnes_per_barrel: Array
    sulfur_pct: Array

    @property
    def day(self) -> Array:
        return self.ends // DAY


def product_liftings(
    spans: Columns, processing_units: Columns, refineries: Columns, storage_tanks: Columns, world: World
) -> dict[str, Any]:
    units, tanks = units_of(processing_units, refineries, world), tanks_of(storage_tanks, world)
    first, last = (int(spans[name][0]) - ANCHOR_SECONDS for name in ("_begin", "_end"))
    days = np.arange(first // DAY, -(-last // DAY))
    found = [
        tickets_of(world, units, tanks, int(home), days[at : at + DAYS_AT_ONCE])
        for home in spans["_index"][units.homes.runs[spans["_index"]]]
        for at in range(0, len(days), DAYS_AT_ONCE)
    ]
    tickets = Tickets.joined(found)
    return as_rows(world, tickets.where(np.flatnonzero((tickets.ends >= first) & (tickets.ends < last))))


def tickets_of(world: World, units: Units, tanks: Tanks, home: int, days: Array) -> Tickets:
    """All that are closed on these days."""
    dispatch = dispatch_of(world, units, home, days)
    mine = np.flatnonzero((tanks.home == home) & tanks.runs)
    products = products_of(world, tanks, units.homes.slate)[mine]
    mine, products = mine[products >= 0], products[products >= 0]
    cycles = cycles_of(units, tanks, mine, products)
    place = np.array([int(np.flatnonzero(dispatch.products == product)[0]) for product in products], np.int64)

    lifted = cycles.liftings(world, int(days[0]) * 24, (int(days[-1]) + 1) * 24)
    begins, ends = (np.floor(hours * HOUR).astype(np.int64) for hours in (lifted.begins, lifted.ends))
    which, nth = repeated((ends - 1) // DAY - begins // DAY + 1)
    day = begins[which] // DAY + nth
    since, until = np.maximum(begins[which], day * DAY), np.minimum(ends[which], (day + 1) * DAY)
    barrels = lifted.barrels[which] * (until - since) / (ends - begins)[which]
    is_here = np.flatnonzero((day >= days[0]) & (day <= days[-1]))
    of, on = lifted.place[which], day - days[0]
    by_tank = _tickets(
        dispatch, home, mine[of], place[of], on.clip(0, len(days) - 1), lifted.number[which],
        since, until - 1, barrels,
    ).where(is_here)  # fmt: skip

    runs_in = np.bincount(place, cycles.rate * 24, len(dispatch.products))
    left = dispatch.tonnes / dispatch.tonnes_per_barrel - runs_in
    on, product = (each.ravel() for each in np.indices(left.shape))
    none, day = np.full(len(on), -1), days[on]
    by_pipeline = _tickets(
        dispatch, home, none, product, on, none, day * DAY, (day + 1) * DAY - 1, left.ravel()
    )
    return Tickets.joined([by_tank, by_pipeline])


def _tickets(
    dispatch: Dispatch, home: int, tank: Array, place: Array, on: Array, number: Array,
    begins: Array, ends: Array, barrels: Array,
) -> Tickets:  # fmt: skip
    return Tickets(
        np.full(len(tank), home), tank, dispatch.products[place], number, begins, ends, barrels,
        dispatch.tonnes_per_barrel[place], dispatch.sulfur_pct[on, place],
    )  # fmt: skip


def as_rows(world: World, tickets: Tickets) -> dict[str, Any]:
    home, tank, product, day = tickets.home, tickets.tank, tickets.product, tickets.day
    is_tank = tank >= 0
    who = (home, tank, product, tickets.number, day)
    read = tickets.barrels * world.normal("lifting meter", *who, mean=1.0, sd=METER)
    barrels = np.round(np.abs(read)).astype(np.int64)
    way = np.where(
        is_tank, world.choice("lifting way", *who[:4], values=BY_TANK, weights=WEIGHTS), BY_PIPELINE
    )
    micros = [(at + ANCHOR_SECONDS) * 1_000_000 for at in (tickets.begins, tickets.ends)]
    sender = np.where(is_tank, tank, product)
    return {
        "_index": home,
        "_n": ((sender * 2 + is_tank) << 32) + (day << 16) + np.where(is_tank, tickets.number & 0xFFFF, 0),
        "_at": micros[1],
        "lifting_id": np.where(
            is_tank,
            numbers_joined("LIFT-T", tank, tickets.number, day),
            numbers_joined("LIFT-P", home, product, day),
        ),
        "refinery_id": ids("REF-", home, 3),
        "tank_id": np.where(
            is_tank, np.array(ids("TANK-", np.maximum(tank, 0), 5).to_pylist(), object), None
        ),
        "product_id": texts("products", "product_id")[product],
        "movement": np.where(read < 0, "PURCHASE", np.where(is_tank, "LIFTING", "PIPELINE")),
        "transport_mode": way,
        "started_at": instants(micros[0]),
        "finished_at": instants(micros[1]),
        "volume_barrels": barrels,
        "density_kg_m3": np.round(tickets.tonnes_per_barrel / CUBIC_METRES * 1000, 1),
        "mass_tonnes": np.round(barrels * tickets.tonnes_per_barrel, 1),
        "sulfur_content_pct": np.round(tickets.sulfur_pct, 4),
    }
