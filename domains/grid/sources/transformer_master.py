"""The master of transformers. A row is one version: it holds from the day of the last thing that changed its health
index, status or last maintenance, and all else in it is as of that day.

Some crews tell that they took a transformer out only after they have brought it back: that version arrives a week after
the one that follows it.
"""

from typing import Any

import numpy as np

from domains.grid.world import network
from domains.grid.world.clock import FIRST_DAY, date_of
from domains.grid.world.transformers import high_side_kv, transformers_at
from domains.grid.world.upkeep import (
    ASSESSED_EVERY,
    MINUTES_A_DAY,
    every_days,
    failure_number,
    failure_of,
    health,
    installed_day,
    job_number,
    job_of,
    life_years,
)
from simulation.arrays import Array, Columns, ids
from simulation.random_draws import World

MAKERS = ("ABB", "BHEL", "Crompton", "Siemens", "Toshiba", "Schneider")
COOLING, COOLING_WEIGHTS = ("ONAN", "ONAF", "OFAF", "OFWF"), (0.6, 0.25, 0.1, 0.05)
STATUSES = np.array(["ACTIVE", "UNDER_MAINTENANCE"])
GO_LIVE = int((np.datetime64("2025-01-01") - FIRST_DAY).astype(int))
FIRST_LOOK = -2  # the Monday before the anchor; masters are looked at weekly
LATE_JOBS, LATE_FAILURES = 0.2, 0.4
LONG_AGO = -(1 << 40)


def transformer_master(rows: Columns, world: World) -> dict[str, Any]:
    index, today = (
        rows["_index"],
        rows["_at"] // 86_400_000_000 - (FIRST_DAY - np.datetime64("1970-01-01")).astype(int),
    )
    version = Versions(world, index, seen_day(world, index, today))
    built, installed = transformers_at(world, index), installed_day(world, index)
    region, substation = network.region_of(index), network.substation_of(index)
    latitude, longitude = network.position_of(world, index)
    place, _ = network.customers_of(world, index)
    commissioned = installed + world.integer("commissioned", index, low=7, high=60)
    more = world.uniform("customers without a meter", index, low=0.5, high=1.6)
    metered = np.bincount(place, minlength=len(index))
    return {
        "transformer_id": network.transformer_ids(index),
        "substation_id": network.substation_ids(index),
        "region": network.region_names(region),
        "state": network.state_names(region, network.state_of(world, region, substation)),
        "district": ids("District-", world.integer("district", region, substation, low=1, high=50)),
        "latitude": latitude,
        "longitude": longitude,
        "manufacturer": world.choice("maker", index, values=MAKERS),
        "model_number": ids("MDL-", world.integer("model", index, low=1000, high=9999)),
        "capacity_kva": built.kva,
        "voltage_class": np.array([f"{kv}kV" for kv in high_side_kv(world, index).tolist()]),
        "cooling_type": world.choice("cooling", index, values=COOLING, weights=COOLING_WEIGHTS),
        "installation_date": date_of(installed),
        "commissioning_date": date_of(commissioned),
        "warranty_expiry": date_of(installed + 5 * 365),
        "age_years": np.round((version.since - installed) / 365.25, 1),
        "expected_life_years": life_years(world, index),
        "health_index_score": health(world, index, version.since.astype(np.float64)),
        "last_maintenance_date": date_of(version.maintained),
        "maintenance_frequency_days": every_days(world, index),
        "total_failures": version.failures,
        "status": STATUSES[version.is_out.astype(np.int64)],
        "criticality_tier": np.where(
            built.kva >= 400, "TIER_1", np.where(built.kva >= 100, "TIER_2", "TIER_3")
        ),
        "connected_feeders": 1 + np.searchsorted([100, 315, 630], built.kva, side="right"),
        "customers_served": np.maximum(metered, np.rint(metered + built.kva * more / 2)).astype(np.int64),
        "record_effective_date": date_of(version.since),
        "record_end_date": np.full(len(index), np.datetime64("9999-12-31")),
        "is_current": np.full(len(index), True),
        "scd_version": version.number,
    }


class Versions:
    """The version of each transformer that holds at the end of a day."""

    def __init__(self, world: World, transformer: Array, day: Array) -> None:
        count, since = self._count(world, transformer, day)
        before, _ = self._count(world, transformer, np.where(day >= GO_LIVE, GO_LIVE - 1, 0))
        self.number = (1 + count - before).astype(np.int64)
        self.since = np.maximum(since, np.where(day >= GO_LIVE, GO_LIVE, LONG_AGO)).astype(np.int64)
        job, failure = last_job(world, transformer, day), last_failure(world, transformer, day)
        done = [
            np.where(each.done <= day, each.done, LONG_AGO)
            for each in (job, job_of(world, transformer, job.number - 1))
        ]
        failed_day, later = (
            failure.failed // MINUTES_A_DAY,
            failure_of(world, transformer, failure.number - 1),
        )
        done += [np.where(each.done <= day, each.done, LONG_AGO) for each in (failure, later)]
        self.maintained = np.max(done, axis=0).astype(np.int64)
        is_at_work = (job.begins <= day) & (day < job.done)
        self.is_out = is_at_work | ((failed_day <= day) & (day < failure.done))
        first = world.integer("failures before", transformer, low=0, high=5)
        self.failures = np.maximum(first + failure.number, 0).astype(np.int64)

    @staticmethod
    def _count(world: World, transformer: Array, day: Array) -> tuple[Array, Array]:
        """How many events there were up to the day, from some number on, and the day of the last one."""
        phase = world.uniform("assessed", transformer)
        assessed = np.floor(day / ASSESSED_EVERY + phase)
        on = np.ceil((assessed - phase) * ASSESSED_EVERY)
        job, failure = last_job(world, transformer, day), last_failure(world, transformer, day)
        failed_day = failure.failed // MINUTES_A_DAY
        days = [on, job.begins, np.where(job.done <= day, job.done, LONG_AGO)]
        days += [failed_day, np.where(failure.done <= day, failure.done, LONG_AGO)]
        count = assessed + 2 * job.number + (job.done <= day) + 2 * failure.number + (failure.done <= day)
        return count, np.max(days, axis=0)


def last_job(world: World, transformer: Array, day: Array) -> Any:
    """The last planned job that had begun."""
    number = job_number(world, transformer, day)
    return job_of(world, transformer, number - (job_of(world, transformer, number).begins > day))


def last_failure(world: World, transformer: Array, day: Array) -> Any:
    number = failure_number(world, transformer, day * MINUTES_A_DAY)
    is_ahead = failure_of(world, transformer, number).failed // MINUTES_A_DAY > day
    return failure_of(world, transformer, number - is_ahead)


def seen_day(world: World, transformer: Array, today: Array) -> Array:
    """The day as of the end of which the master is told at the beginning of `today`: mostly the day before. Of a job or
    a failure that is told late, its beginning is left out until it is over, and told a week after its end."""
    seen = today - 1
    job, failure = last_job(world, transformer, seen), last_failure(world, transformer, seen)
    late = (
        (job.begins, job.done, world.happens("job told late", transformer, job.number, rate=LATE_JOBS)),
        (
            failure.failed // MINUTES_A_DAY,
            failure.done,
            world.happens("failure told late", transformer, failure.number, rate=LATE_FAILURES),
        ),
    )
    found = seen
    for begins, done, is_late in late:
        look = FIRST_LOOK + 7 * -(-(done + 1 - FIRST_LOOK) // 7)  # the first one that sees the end
        found = np.where(is_late & (begins <= seen) & (seen < done), np.minimum(found, begins - 1), found)
        found = np.where(is_late & (today == look + 7), begins, found)
    return found.astype(np.int64)
