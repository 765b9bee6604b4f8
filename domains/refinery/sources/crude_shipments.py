"""Crude shipments, sent again at each step of their course: whatever happened to any shipment in a span is told. The
first span also tells of the shipments under way or just delivered.
"""

from typing import Any

import numpy as np

from domains.refinery.world.crude_supply import (
    LATEST_HOURS,
    LONGEST_DAYS,
    Course,
    Parcels,
    course_of,
    supplier_of,
    supply_of,
)
from domains.refinery.world.laboratory import parcel_api, parcel_sulfur, parcel_water
from domains.refinery.world.plant import TANKS_PER_REFINERY, crude_numbers, crude_texts, tanks_of, units_of
from domains.refinery.world.prices import brent
from simulation.arrays import Array, Columns, ids, instants
from simulation.random_draws import ANCHOR_SECONDS, World, seconds

KEPT_DAYS = 4
BACK_HOURS, AHEAD_HOURS, MARGIN_HOURS = LATEST_HOURS + KEPT_DAYS * 24, (LONGEST_DAYS + 1) * 24, 48
VESSELS = (
    *("MT Pacific Star", "MT Atlantic Grace", "MT Gulf Spirit", "MT Ocean Pride"),
    *("MT Coastal Dawn", "MT Marine King", "MT Sea Fortune", "MT Tanker Alpha"),
)
STEPS = np.array(["SCHEDULED", "IN_TRANSIT", "DELAYED", "DELIVERED"])
AT_END, HOUR, NEVER = 59 * 60, 3600, 1 << 40


def crude_shipments(
    spans: Columns, processing_units: Columns, refineries: Columns, storage_tanks: Columns, world: World
) -> dict[str, Any]:
    units, tanks = units_of(processing_units, refineries, world), tanks_of(storage_tanks, world)
    homes, (begin, end) = spans["_index"], (int(spans[name][0]) for name in ("_begin", "_end"))
    first, last = ((at - ANCHOR_SECONDS) // HOUR for at in (begin, end))
    first, last = first - BACK_HOURS - MARGIN_HOURS, last + AHEAD_HOURS + MARGIN_HOURS
    there = homes[units.homes.runs[homes]].tolist()
    parcels = Parcels.joined([supply_of(world, units, tanks, home, first, last).parcels for home in there])
    return as_rows(world, *steps_told(world, parcels, course_of(world, units, parcels), begin, end))


def steps_told(
    world: World, parcels: Parcels, course: Course, begin: int, end: int
) -> tuple[Parcels, Course, Array, Array]:
    """The steps of parcels that fall into the span: each with its parcel, its course and its second."""
    minutes = world.integer("minute", parcels.home, parcels.number, low=0, high=58) * 60
    is_late = parcels.arrived >= parcels.due + 24
    scheduled, left = (hour * HOUR + minutes for hour in (course.scheduled, course.left))
    due, arrived = (hour * HOUR + AT_END for hour in (parcels.due, parcels.arrived))
    starts = ANCHOR_SECONDS + np.stack([scheduled, left, np.where(is_late, due, NEVER), arrived])
    gone = arrived + KEPT_DAYS * 24 * HOUR
    ends = ANCHOR_SECONDS + np.stack([left, np.where(is_late, due, arrived), arrived, gone])
    is_told = (starts >= begin) & (starts < end)
    if begin == seconds(world.start):
        is_told |= (starts < begin) & (ends >= begin)
    step, place = np.nonzero(is_told)
    return parcels.where(place), course.where(place), step, starts[step, place]


def as_rows(world: World, parcels: Parcels, course: Course, step: Array, second: Array) -> dict[str, Any]:
    home, number, crude, mode = parcels.home, parcels.number, course.crude, course.mode
    is_known_late, is_loaded = step >= 2, step > 0
    created = (
        course.scheduled * HOUR + world.integer("minute", home, number, low=0, high=58) * 60 + ANCHOR_SECONDS
    )
    vessel = world.choice("vessel", home, number, values=VESSELS).astype(object)
    haggle = crude_numbers("benchmark_price_differential")[crude] + world.normal(
        "haggle", home, number, sd=0.5
    )
    price = np.round(brent(world, course.left * HOUR + ANCHOR_SECONDS) + haggle, 2)
    assay = {
        "api_gravity_actual": parcel_api(world, home, number, crude),
        "sulfur_content_actual": parcel_sulfur(world, home, number, crude),
        "water_content_pct": parcel_water(world, home, number),
    }
    return {
        "_index": home,
        "_n": number * len(STEPS) + step,
        "_at": second * 1_000_000,
        "_sent": np.maximum(second, seconds(world.start)) * 1_000_000,
        "shipment_id": ids("SHIP-", number * world.counts["refineries"] + home, 7),
        "refinery_id": ids("REF-", home, 3),
        "crude_type_id": crude_texts("crude_type_id")[crude],
        "supplier_id": ids("SUPP-", supplier_of(world, home, number), 3),
        "vessel_name": np.where(np.isin(mode, ("Tanker", "Barge")), vessel, None),
        "transport_mode": mode,
        "origin_port": course.port,
        "shipment_date": _day(course.left),
        "arrival_date": _day(np.where(is_known_late, parcels.arrived, parcels.due)),
        "expected_arrival_date": _day(parcels.due),
        "volume_barrels": parcels.volume,
        **{name: np.where(is_loaded, values, np.nan) for name, values in assay.items()},
        "price_per_barrel": price,
        "total_cost": np.round(price * parcels.volume, 2),
        "destination_tank_id": ids("TANK-", home * TANKS_PER_REFINERY + parcels.place, 5),
        "status": STEPS[step],
        "created_at": instants(created * 1_000_000),
        "updated_at": instants(second * 1_000_000),
    }


def _day(hour: Array) -> Array:
    return np.datetime64("2020-01-01") + np.asarray(hour // 24, np.int64)
