"""Plans of each unit and day, published eight days ahead. The first span also tells of those published before it."""

from typing import Any

import numpy as np

from domains.refinery.world.operation import planned_charge_of
from domains.refinery.world.plant import crude_charged, crude_numbers, units_of
from domains.refinery.world.slates import crude_yield, product_of_hour
from simulation.arrays import Columns, ids, instants, numbers_joined
from simulation.random_draws import ANCHOR_SECONDS, World, seconds

DAYS_AHEAD, PUBLISHED_HOUR = 8, 6
DAY, HOUR = 86_400, 3600


def production_plans(
    spans: Columns, processing_units: Columns, refineries: Columns, world: World
) -> dict[str, Any]:
    units = units_of(processing_units, refineries, world)
    running = spans["_index"][units.runs[spans["_index"]]]
    days = _days_told(*(int(spans[name][0]) for name in ("_begin", "_end")), world)
    unit, day = (each.ravel() for each in np.meshgrid(running, days, indexing="ij"))
    hour, who = (day[:, None] * 24 + np.arange(24)).ravel(), np.repeat(unit, 24)
    charge, is_serviced = planned_charge_of(world, units, who, hour)
    crude = crude_charged(world, units.homes, units.home[who], hour)
    product = product_of_hour(units.slate[who], hour, units.homes.crude_tanks[units.home[who]])
    api, sulfur = (crude_numbers(name)[crude] for name in ("api_gravity_typical", "sulfur_content_typical"))
    yields = np.where(units.is_crude[who], crude_yield(product, api, sulfur), units.design[who])
    total, made, hours_standing = (
        each.reshape(-1, 24).sum(axis=1) for each in (charge, charge * yields, is_serviced)
    )
    published = (day - DAYS_AHEAD) * DAY + PUBLISHED_HOUR * HOUR + ANCHOR_SECONDS
    return {
        "_index": unit,
        "_n": day,
        "_at": published * 1_000_000,
        "_sent": np.maximum(published, seconds(world.start)) * 1_000_000,
        "plan_id": numbers_joined("PLAN", unit, day),
        "unit_id": ids("UNIT-", unit, 5),
        "refinery_id": ids("REF-", units.home[unit], 3),
        "plan_date": np.datetime64("2020-01-01") + day,
        "published_at": instants(published * 1_000_000),
        "planned_charge_barrels": np.round(total).astype(np.int64),
        "planned_yield": np.round(made / np.where(total > 0, total, np.nan), 4),
        "planned_stand_minutes": 60 * hours_standing,
    }


def _days_told(begin: int, end: int, world: World) -> np.ndarray:
    """The days whose plans are published within the span, counted from the anchor."""
    published = DAYS_AHEAD * DAY - PUBLISHED_HOUR * HOUR - ANCHOR_SECONDS
    first, last = -(-(begin + published) // DAY), -(-(end + published) // DAY)
    if begin == seconds(world.start):
        first = (begin - ANCHOR_SECONDS) // DAY
    return np.arange(first, last)
