"""Work orders of maintenance, sent again at each step: opened, started, finished. A failure opens one when the unit
stands, a planned service two weeks before it. What caused a failure is told when the repair is finished.

The first span also tells of the orders of half a year before it, as far as they had come.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from domains.refinery.world.failures import MODES, failure_of, failure_slot
from domains.refinery.world.operation import SERVICE_HOURS, service_of, service_slot
from domains.refinery.world.plant import Units, units_of
from domains.refinery.world.reference import rows_of
from simulation.arrays import Array, Arrays, Columns, ids, instants, numbers_joined, repeated
from simulation.random_draws import ANCHOR_SECONDS, World, seconds

HOUR, DAY = 3600, 86_400
HISTORY_DAYS, AHEAD_DAYS = 180, 14
LONGEST_HOURS = (AHEAD_DAYS + 1) * 24
WAITING = (0.1, 0.35)  # of a repair, for parts and permits
STATUSES = np.array(["OPEN", "IN_PROGRESS", "FINISHED"])
KINDS, LETTERS = np.array(["PREVENTIVE", "CORRECTIVE"]), ("P", "C")
CAUSES = np.array(
    [{row["mode"]: row["cause"] for row in rows_of("causes_found")}[mode] for mode in MODES], object
)
NOT_FOUND = 0.1  # of the repairs
SERVICE_DOLLARS, REPAIR_DOLLARS, AN_HOUR = (
    (15_000, 0.4),
    (40_000, 1.0),
    900,
)  # in all, a barrel a day; of a repair


@dataclass(frozen=True)
class Orders(Arrays):
    """`number` is that of the failure or the service; seconds since the anchor."""

    unit: Array
    number: Array
    is_repair: Array
    opened: Array
    started: Array
    finished: Array


def work_orders(
    spans: Columns, processing_units: Columns, refineries: Columns, world: World
) -> dict[str, Any]:
    units = units_of(processing_units, refineries, world)
    running = spans["_index"][units.runs[spans["_index"]]]
    begin, end = (int(spans[name][0]) - ANCHOR_SECONDS for name in ("_begin", "_end"))
    start = seconds(world.start) - ANCHOR_SECONDS
    since = begin - HISTORY_DAYS * DAY if begin == start else begin
    first, last = since // HOUR - LONGEST_HOURS, end // HOUR + LONGEST_HOURS
    parts = [repairs(world, running, first, last), services(world, units, running, first, last)]
    orders = Orders.joined(parts)
    steps = np.stack([orders.opened, orders.started, orders.finished])
    told = (steps >= begin) & (steps < end)
    if begin == start:
        is_latest = (steps < begin) & np.vstack([steps[1:] >= begin, np.full(len(orders.unit), True)])
        told |= is_latest & (steps >= since)
    step, place = np.nonzero(told)
    return as_rows(world, units, orders.where(place), step, steps[step, place], start)


def repairs(world: World, unit: Array, first: int, last: int) -> Orders:
    numbers, latest = (failure_slot(world, unit, np.array(hour)).astype(np.int64) for hour in (first, last))
    place, nth = repeated(latest - numbers + 1)
    unit, number = unit[place], numbers[place] + nth
    failure = failure_of(world, unit, number)
    lasts = (failure.repaired - failure.failed) * HOUR
    opened = failure.failed * HOUR + world.integer("order opened", unit, number, low=2, high=45) * 60
    waits = world.uniform("order waits", unit, number, low=WAITING[0], high=WAITING[1]) * lasts
    return _orders(unit, number, True, opened, opened + waits, failure.repaired * HOUR)


def services(world: World, units: Units, unit: Array, first: int, last: int) -> Orders:
    every = units.interval[unit]
    numbers, latest = (
        service_slot(world, unit, every, np.array(hour)).astype(np.int64) for hour in (first, last)
    )
    place, nth = repeated(latest - numbers + 1)
    unit, number = unit[place], numbers[place] + nth
    begins = service_of(world, unit, every[place], number) * HOUR
    return _orders(unit, number, False, begins - AHEAD_DAYS * DAY, begins, begins + SERVICE_HOURS * HOUR)


def _orders(unit: Array, number: Array, is_repair: bool, *steps: Array) -> Orders:
    return Orders(
        unit, number, np.full(len(unit), is_repair), *(np.floor(at).astype(np.int64) for at in steps)
    )


def as_rows(world: World, units: Units, orders: Orders, step: Array, at: Array, start: int) -> dict[str, Any]:
    unit, number, is_repair = orders.unit, orders.number, orders.is_repair
    who = (unit, number, is_repair)
    is_finished, is_started = step == 2, step > 0
    cause = CAUSES[failure_of(world, unit, number).mode]
    cause = np.where(world.happens("cause not found", *who, rate=NOT_FOUND), "Not found", cause)
    hours, size = (orders.finished - orders.opened) / HOUR, units.capacity[unit]
    repair = REPAIR_DOLLARS[0] + REPAIR_DOLLARS[1] * size + AN_HOUR * hours
    dollars = np.where(is_repair, repair, SERVICE_DOLLARS[0] + SERVICE_DOLLARS[1] * size)
    cost = np.round(dollars * world.uniform("order cost", *who, low=0.7, high=1.4), -2)
    never = np.datetime64("NaT")
    return {
        "_index": unit,
        "_n": (number * 2 + is_repair) * len(STATUSES) + step,
        "_at": (at + ANCHOR_SECONDS) * 1_000_000,
        "_sent": (np.maximum(at, start) + ANCHOR_SECONDS) * 1_000_000,
        "work_order_id": np.where(
            is_repair,
            numbers_joined(f"WO-{LETTERS[1]}", unit, number),
            numbers_joined(f"WO-{LETTERS[0]}", unit, number),
        ),
        "unit_id": ids("UNIT-", unit, 5),
        "refinery_id": ids("REF-", units.home[unit], 3),
        "kind": KINDS[is_repair.astype(int)],
        "status": STATUSES[step],
        "opened_at": _instant(orders.opened),
        "started_at": np.where(is_started, _instant(orders.started), never),
        "finished_at": np.where(is_finished, _instant(orders.finished), never),
        "cause_found": np.where(is_repair & is_finished, cause, None),
        "cost_usd": np.where(is_finished, cost, np.nan),
        "updated_at": _instant(at),
    }


def _instant(second: Array) -> Array:
    return instants((second + ANCHOR_SECONDS) * 1_000_000)
