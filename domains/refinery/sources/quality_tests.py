"""Laboratory tests. A sample comes from a shipment delivered in the last days, a tank in service, or what a unit
makes in that hour; where no shipment has come, a tank is sampled instead.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from domains.refinery.world.crude_supply import PER_DAY, arrived_hour, due_hour, parcel_before
from domains.refinery.world.laboratory import (
    found_of_crude,
    found_of_product,
    parcel_api,
    parcel_sulfur,
    verdict_of,
    water_found,
)
from domains.refinery.world.operation import grade_of, stand_of
from domains.refinery.world.plant import Tanks, Units, crude_numbers, crude_of_tank, tanks_of, units_of
from domains.refinery.world.product_tanks import products_of
from domains.refinery.world.production import hourly_efficiency
from domains.refinery.world.slates import product_of_hour
from simulation.arrays import Array, Columns, as_texts, ids, instants, numbers_joined
from simulation.random_draws import ANCHOR_SECONDS, World

SHIPMENT, TANK, OUTPUT = "Crude Shipment", "Tank Sample", "Product Output"
TECHNICIANS = 100
NOTES = {
    "PASS": ("Within spec", "Approved"),
    "MARGINAL": ("Minor variance", "Requires retest"),
    "FAIL": ("Requires retest", "See lab report"),
    "PENDING": ("See lab report", "See lab report"),
}
PLACES = {"api_gravity": 1, "sulfur_content_pct": 4, "viscosity_cst": 2, "pour_point_f": 0}


def quality_tests(
    rows: Columns, processing_units: Columns, refineries: Columns, storage_tanks: Columns, world: World
) -> dict[str, Any]:
    units, tanks = units_of(processing_units, refineries, world), tanks_of(storage_tanks, world)
    kept = np.flatnonzero(units.homes.runs[rows["_index"]])
    home, number, at = (rows[name][kept] for name in ("_index", "_n", "_at"))
    sample = sampled(world, units, tanks, home, number, at, rows["sample_source_type"][kept])
    verdict, found = findings(world, units, tanks, sample)
    notes = np.array([NOTES[name] for name in verdict.tolist()]).reshape(-1, 2)
    technician = world.integer("technician", home, number, low=1, high=TECHNICIANS)
    return {
        "_index": home, "_n": number, "_at": at,
        "test_id": ids("TEST-", number * world.counts["refineries"] + home, 8),
        "refinery_id": ids("REF-", home, 3),
        "sample_source_type": sample.kind,
        "sample_source_id": source_ids(world, sample),
        "tank_id": np.where(sample.kind == TANK, as_texts(ids("TANK-", sample.tank, 5)), None),
        "test_datetime": instants(at),
        "test_type": rows["test_type"][kept],
        "technician_id": ids("TECH-", technician, 3),
        **{name: np.round(values, PLACES.get(name, 2)) for name, values in found.items()},
        "test_result_status": verdict,
        "notes": notes[np.arange(len(notes)), world.integer("note", home, number, low=0, high=1)],
    }  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """Where each sample was taken: a parcel, a tank and a unit, of which `kind` says which one it is."""

    home: Array
    number: Array
    hour: Array
    kind: Array
    parcel: Array
    tank: Array
    unit: Array


def sampled(
    world: World, units: Units, tanks: Tanks, home: Array, number: Array, at: Array, kind: Array
) -> Sample:
    hour, gauged = (at // 1_000_000 - ANCHOR_SECONDS) // 3600, tanks.runs & units.homes.runs[tanks.home]
    parcel = _parcel(world, home, number, hour)
    kind = np.where((kind == SHIPMENT) & (parcel < 0), TANK, kind)
    tank = _picked(world, "tank", home, number, tanks.home, gauged)
    unit = _picked(world, "unit", home, number, units.home, units.runs)
    return Sample(home, number, hour, kind, parcel, tank, unit)


def findings(world: World, units: Units, tanks: Tanks, sample: Sample) -> tuple[Array, dict[str, Array]]:
    """The verdict, and what was measured."""
    who, homes, hour, unit = (sample.home, sample.number), units.homes, sample.hour, sample.unit
    is_shipment, is_tank = sample.kind == SHIPMENT, sample.kind == TANK
    turns = homes.crude_tanks[sample.home]
    carried = crude_of_tank(world, homes, sample.home, sample.parcel % turns, due_hour(sample.parcel))
    held = crude_of_tank(world, homes, sample.home, tanks.place[sample.tank], hour)
    crude, is_crude = (
        np.where(is_shipment, carried, held),
        is_shipment | (is_tank & tanks.is_crude[sample.tank]),
    )
    made = product_of_hour(units.slate[unit], hour, turns)
    product = np.where(is_tank, products_of(world, tanks, homes.slate)[sample.tank], made)

    stand = stand_of(world, units, unit, hour)
    is_off = grade_of(world, unit, hour, stand, hourly_efficiency(world, units, unit, hour)) == 0
    verdict = verdict_of(world, ~is_shipment & ~is_tank & ~stand.whole, is_off, *who)
    of_parcel = (of(world, sample.home, sample.parcel, crude) for of in (parcel_api, parcel_sulfur))
    typical = (crude_numbers(name)[crude] for name in ("api_gravity_typical", "sulfur_content_typical"))
    assay = (np.where(is_shipment, *pair) for pair in zip(of_parcel, typical, strict=True))
    of_crude, found = found_of_crude(world, *assay, *who), found_of_product(world, product, verdict, *who)
    found = {name: np.where(is_crude, of_crude.get(name, np.nan), values) for name, values in found.items()}
    return verdict, found | {"water_sediment_pct": water_found(world, verdict, *who)}


def source_ids(world: World, sample: Sample) -> Array:
    """The id of the shipment, the tank, the row of production or the unit."""
    shipment = sample.parcel * world.counts["refineries"] + sample.home
    output = as_texts(numbers_joined("OUT", sample.unit, sample.hour))
    return np.select(
        [sample.kind == kind for kind in (SHIPMENT, TANK, OUTPUT)],
        [as_texts(ids("SHIP-", shipment, 7)), as_texts(ids("TANK-", sample.tank, 5)), output],
        as_texts(ids("UNIT-", sample.unit, 5)),
    )


def _picked(world: World, what: str, home: Array, number: Array, homes: Array, runs: Array) -> Array:
    """One of the running tanks or units of each refinery."""
    order = np.flatnonzero(runs)
    starts, counts = (
        np.searchsorted(homes[order], home),
        np.bincount(homes[order], minlength=int(home.max(initial=0)) + 1),
    )
    drawn = world.uniform(f"sampled {what}", home, number) * counts[home]
    return order[np.minimum(starts + drawn.astype(np.int64), len(order) - 1)]


def _parcel(world: World, home: Array, number: Array, hour: Array) -> Array:
    """A parcel that arrived in the last days, -1 where none did."""
    back = world.integer("sampled parcel", home, number, low=0, high=PER_DAY - 1)
    latest, found = parcel_before(hour) - back, np.full(len(home), -1)
    for earlier in (2 * PER_DAY + 2, PER_DAY + 2, 0):
        found = np.where(arrived_hour(world, home, latest - earlier) < hour, latest - earlier, found)
    return found
