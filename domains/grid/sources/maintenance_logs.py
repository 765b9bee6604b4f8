"""Jobs of the field crews: planned ones, repairs of failures, inspections, and visits after a trip. A job is in the
export of the month in which it was reported, as far as it had come; its dates are those of the master of transformers.

A month is exported whole, on the first of the next one. The first span also tells of the exports of four months before.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from domains.grid.world import network
from domains.grid.world.accounts import month_of, month_start
from domains.grid.world.clock import FIRST_DAY, date_of
from domains.grid.world.transformers import transformers_at
from domains.grid.world.upkeep import (
    MINUTES_A_DAY,
    MODES,
    TRIP_DAYS,
    failure_number,
    failure_of,
    job_number,
    job_of,
    trip_of,
)
from simulation.arrays import Array, Arrays, Columns
from simulation.random_draws import ANCHOR_SECONDS, World, seconds

HISTORY_DAYS, AHEAD_DAYS, LONGEST_MONTH = 120, 30, 31
DAY = 86_400
KINDS = np.array(["PREVENTIVE", "EMERGENCY", "CORRECTIVE", "INSPECTION"])
PREVENTIVE, EMERGENCY, CORRECTIVE, INSPECTION = range(4)
INSPECTED_EVERY, VISITED = 400, 0.05  # days; of the trips
SEVERITIES = np.array(["LOW", "MEDIUM", "HIGH", "CRITICAL"])
PARTS = {
    "OIL_LEAK": "GASKET", "INSULATION_BREAKDOWN": "BUSHING", "WINDING_FAILURE": "WINDING_COIL",
    "BUSHING_CRACK": "BUSHING", "COOLING_FAN_FAIL": "COOLING_FAN", "TAP_CHANGER_FAULT": "TAP_CHANGER",
    "MOISTURE_INGRESS": "OIL_FILTER", "LIGHTNING_DAMAGE": "BUSHING",
}  # fmt: skip
PART_OF = np.array([PARTS[mode] for mode in MODES], object)
CAUSES = np.array(
    ["Age deterioration", "Overloading", "Insufficient maintenance", "Manufacturing defect", "Unknown"],
    object,
)
CREWS = (
    "Rajesh Kumar",
    "Amit Patel",
    "Priya Sharma",
    "Deepak Singh",
    "Anil Gupta",
    "Sanjay Verma",
    "Suresh Reddy",
    "Mahesh Joshi",
)
NOTES = (
    "Replaced faulty component", "Performed oil filtration", "Full overhaul completed", "Tightened connections",
    "Temporary fix applied\npermanent one to follow", 'Crew found "hot spot" at the bushing', "Oil tested; sample sent",
)  # fmt: skip


@dataclass(frozen=True)
class Jobs(Arrays):
    """`kind` is a place in KINDS, `mode` one in MODES, -1 for none. Days; minutes off."""

    transformer: Array
    number: Array
    kind: Array
    mode: Array
    reported: Array
    scheduled: Array
    completed: Array
    off: Array
    severity: Array


def maintenance_logs(spans: Columns, world: World) -> dict[str, Any]:
    transformer = spans["_index"]
    begin, end = ((int(spans[name][0]) - ANCHOR_SECONDS) // DAY for name in ("_begin", "_end"))
    start = (seconds(world.start) - ANCHOR_SECONDS) // DAY
    since = begin - HISTORY_DAYS if begin == start else begin
    makers = (planned, repairs, inspections, visits)
    first = since - LONGEST_MONTH - AHEAD_DAYS
    jobs = Jobs.joined([make(world, transformer, first, end + AHEAD_DAYS) for make in makers])
    exported = export_day(jobs)
    jobs = jobs.where(np.flatnonzero((exported >= since) & (exported < end)))
    return as_rows(world, jobs.where(np.lexsort((jobs.kind, jobs.reported, jobs.transformer))))


def _all(first: Array, last: Array, transformer: Array) -> tuple[Array, Array]:
    """All numbers between, for each transformer."""
    counts = (last - first + 1).astype(np.int64)
    place = np.repeat(np.arange(len(counts)), counts)
    nth = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
    return transformer[place], first[place] + nth


def planned(world: World, transformer: Array, first: int, last: int) -> Jobs:
    who, number = _all(*(job_number(world, transformer, np.array(day)) for day in (first, last)), transformer)
    job = job_of(world, who, number)
    reported = job.begins - world.integer("planned ahead", who, number, low=1, high=6)
    nothing = np.full(len(who), -1)
    return Jobs(
        who,
        number,
        nothing * 0 + PREVENTIVE,
        nothing,
        reported,
        job.begins,
        job.done,
        job.on - job.off,
        nothing * 0,
    )


def repairs(world: World, transformer: Array, first: int, last: int) -> Jobs:
    who, number = _all(
        *(failure_number(world, transformer, np.array(day * MINUTES_A_DAY)) for day in (first, last)),
        transformer,
    )
    failure = failure_of(world, who, number)
    day = failure.failed // MINUTES_A_DAY
    severity = np.where(failure.severity > 0.75, 3, 2)
    kind = np.where(severity == 3, EMERGENCY, CORRECTIVE)
    return Jobs(
        who, number, kind, failure.mode, day, day, failure.done, failure.repaired - failure.failed, severity
    )


def inspections(world: World, transformer: Array, first: int, last: int) -> Jobs:
    phase = world.uniform("inspected", transformer)
    who, number = _all(*(np.floor(day / INSPECTED_EVERY + phase) for day in (first, last)), transformer)
    slip = world.uniform("inspection slip", who, number, high=0.5) - world.uniform("inspected", who)
    day = np.floor((number + slip) * INSPECTED_EVERY)
    reported = day - world.integer("inspection ahead", who, number, low=1, high=10)
    severity = world.integer("inspection severity", who, number, low=0, high=1)
    return Jobs(
        who,
        number,
        np.full(len(who), INSPECTION),
        np.full(len(who), -1),
        reported,
        day,
        day,
        severity * 0.0,
        severity,
    )


def visits(world: World, transformer: Array, first: int, last: int) -> Jobs:
    """Some trips are looked after by a crew."""
    slots = (np.full(len(transformer), day // TRIP_DAYS) for day in (first, last))
    who, slot = _all(*slots, transformer)
    trip = trip_of(world, who, slot)
    went = np.flatnonzero(trip.happens & world.happens("visited", who, slot, rate=VISITED))
    who, slot, tripped, reset = (each[went] for each in (who, slot, trip.tripped, trip.reset))
    day = tripped // MINUTES_A_DAY
    nothing = np.full(len(who), -1)
    return Jobs(
        who,
        slot,
        nothing * 0 + CORRECTIVE,
        nothing,
        day,
        day,
        reset // MINUTES_A_DAY,
        reset - tripped,
        nothing * 0 + 1,
    )


def as_rows(world: World, jobs: Jobs) -> dict[str, Any]:
    built = transformers_at(world, jobs.transformer)
    who = (jobs.transformer, jobs.number, jobs.kind)
    region = network.region_of(jobs.transformer)
    state = network.state_of(world, region, network.substation_of(jobs.transformer))
    epoch = (FIRST_DAY - np.datetime64("1970-01-01")).astype(int)
    exported = export_day(jobs)
    is_done, has_failed = jobs.completed < exported, jobs.mode >= 0
    crew = world.integer("crew", *who, low=1001, high=1200)
    hours = np.round(1.0 + jobs.off / 60 * world.uniform("hands", *who, low=0.6, high=1.6), 1)
    cost = (
        (3_000 + 90 * built.kva)
        * world.uniform("cost", *who, low=0.5, high=1.8)
        * np.array([1.0, 6.0, 4.0, 0.3])[jobs.kind]
    )
    note = np.array(NOTES, object)[world.integer("note", *who, low=0, high=len(NOTES) - 1)]
    cause = CAUSES[world.integer("cause", *who, low=0, high=len(CAUSES) - 1)]
    parts = np.where(has_failed, PART_OF[jobs.mode], "NONE")
    none = np.datetime64("NaT")
    return {
        "_index": jobs.transformer,
        "_n": (jobs.number * 4 + jobs.kind).astype(np.int64),
        "_at": (jobs.reported.astype(np.int64) + epoch) * DAY * 1_000_000,
        "_sent": (exported + epoch - 1) * DAY * 1_000_000,
        "log_id": log_ids(jobs),
        "transformer_id": network.transformer_ids(jobs.transformer),
        "substation_id": network.substation_ids(jobs.transformer),
        "region": network.region_names(region),
        "state": network.state_names(region, state),
        "maintenance_type": KINDS[jobs.kind],
        "failure_type": np.where(has_failed, np.array(MODES, object)[jobs.mode], "NONE"),
        "severity": SEVERITIES[jobs.severity],
        "reported_date": date_of(jobs.reported),
        "scheduled_date": date_of(jobs.scheduled),
        "completed_date": np.where(is_done, date_of(jobs.completed), none),
        "technician_id": np.char.add("TECH-", crew.astype(str)),
        "technician_name": np.array(CREWS, object)[crew % len(CREWS)],
        "hours_spent": np.where(is_done, hours, np.nan),
        "parts_replaced": parts,
        "cost_inr": np.where(is_done, np.round(cost, 2), np.nan),
        "downtime_hours": np.where(is_done, np.round(jobs.off / 60, 2), np.nan),
        "root_cause": np.where(has_failed, cause, None),
        "resolution_notes": np.where(is_done, note, "Awaiting parts"),
        "follow_up_required": np.where(world.happens("follow up", *who, rate=0.15), "YES", "NO"),
        "next_inspection_date": date_of(jobs.completed + 90),
    }


def export_day(jobs: Jobs) -> Array:
    """The first of the month after that in which each was reported."""
    return month_start(month_of(jobs.reported) + 1)


def log_ids(jobs: Jobs) -> Array:
    """Such as ML-2025_04-00340P: the month, the transformer, and the letter of the kind of job with its number."""
    months = date_of(jobs.reported).astype("datetime64[M]").astype(str)
    numbers = zip(
        months.tolist(),
        jobs.transformer.tolist(),
        jobs.kind.tolist(),
        jobs.number.astype(np.int64).tolist(),
        strict=True,
    )
    return np.array(
        [
            f"ML-{month.replace('-', '_')}-{who + 1:04d}{'PECI'[kind]}{number}"
            for month, who, kind, number in numbers
        ],
        object,
    )
