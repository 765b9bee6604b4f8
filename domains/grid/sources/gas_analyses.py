"""What laboratories find in the oil of transformers. A transformer is sampled every some weeks, and once more where its
gas rises before a failure. A report comes days after the sample; one in some is sent again, corrected.

The first span also tells of the reports of a year before.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from domains.grid.world import network
from domains.grid.world.clock import date_of
from domains.grid.world.oil import oil_of
from domains.grid.world.upkeep import LIGHTNING, MINUTES_A_DAY, failure_number, failure_of
from simulation.arrays import Array, Arrays, Columns, numbers_joined
from simulation.random_draws import ANCHOR_SECONDS, World, instant_of_minute, seconds

DAY, HISTORY_DAYS = 86_400, 365
EVERY_DAYS, EVERY_WEIGHTS = (42, 63, 91, 182), (0.25, 0.35, 0.25, 0.15)
SLIP = 0.25
FOLLOWED, FOLLOWED_AT = 0.6, (0.45, 0.9)  # of the failures with a run-up; how far that has come
OPENED = (240, 660)  # minutes of the day in UTC: 09:30 to 16:30 in India
LABORATORY_DAYS, CORRECTED, CORRECTED_DAYS = (3, 12), 0.02, (5, 14)
LABORATORIES = ("OilLab North", "OilLab South", "Transil", "State Testing Centre")
WITHOUT_ETHANE, ETHANE_IS_LOST = 3, 0.25  # a laboratory whose ethane peak is sometimes not told apart
NOISE = 0.04


@dataclass(frozen=True)
class Samples(Arrays):
    """`is_extra`: taken because gas rises. Minutes since the anchor, and the day of the report. `is_wrong`: the report
    will be corrected."""

    transformer: Array
    is_extra: Array
    taken: Array
    reported: Array
    is_wrong: Array


def gas_analyses(spans: Columns, world: World) -> dict[str, Any]:
    transformer = spans["_index"]
    begin, end = ((int(spans[name][0]) - ANCHOR_SECONDS) // DAY for name in ("_begin", "_end"))
    start = (seconds(world.start) - ANCHOR_SECONDS) // DAY
    since = begin - HISTORY_DAYS if begin == start else begin
    first = since - LABORATORY_DAYS[1] - CORRECTED_DAYS[1]
    taken = Samples.joined([sample(world, transformer, first, end) for sample in (usual, extra)])
    sent = with_corrections(world, taken)
    sent = sent.where(np.flatnonzero((sent.reported >= since) & (sent.reported < end)))
    return as_rows(world, sent.where(np.lexsort((sent.reported, sent.taken, sent.transformer))))


def usual(world: World, transformer: Array, first: int, last: int) -> Samples:
    """Those by the calendar of each transformer."""
    every = world.choice("sampled every", transformer, values=EVERY_DAYS, weights=EVERY_WEIGHTS)
    phase = world.uniform("sampled", transformer)
    low = np.floor(first / every + phase) - 1
    numbers = low[:, None] + np.arange(int((last - first) // min(EVERY_DAYS)) + 3)
    slip = world.uniform("sampling slip", transformer[:, None], numbers, high=SLIP)
    day = np.floor((numbers - phase[:, None] + slip) * every[:, None])
    place, _ = np.nonzero((day >= first) & (day < last))
    return _samples(world, transformer[place], day[(day >= first) & (day < last)], is_extra=False)


def extra(world: World, transformer: Array, first: int, last: int) -> Samples:
    """Those of transformers whose gas rises before they fail."""
    low, high = (failure_number(world, transformer, np.array(day * MINUTES_A_DAY)) for day in (first, last))
    numbers = low[:, None] + np.arange(int((high - low).max(initial=0)) + 2)
    failure = failure_of(world, transformer[:, None], numbers)
    part = world.uniform(
        "followed at", transformer[:, None], numbers, low=FOLLOWED_AT[0], high=FOLLOWED_AT[1]
    )
    minute = failure.run_up_from + part * (failure.failed - failure.run_up_from)
    day = np.floor(minute / MINUTES_A_DAY)
    is_followed = world.happens("followed", transformer[:, None], numbers, rate=FOLLOWED)
    there = is_followed & (failure.mode != LIGHTNING) & (day >= first) & (day < last)
    place, _ = np.nonzero(there)
    return _samples(world, transformer[place], day[there], is_extra=True)


def _samples(world: World, transformer: Array, day: Array, *, is_extra: bool) -> Samples:
    who = (transformer, day, int(is_extra))
    minute = day * MINUTES_A_DAY + world.integer("sampling moment", *who, low=OPENED[0], high=OPENED[1])
    reported = day + world.integer("laboratory days", *who, low=LABORATORY_DAYS[0], high=LABORATORY_DAYS[1])
    return Samples(
        transformer, np.full(len(day), is_extra), minute, reported, np.full(len(day), fill_value=False)
    )


def with_corrections(world: World, taken: Samples) -> Samples:
    who = (taken.transformer, taken.taken)
    is_wrong = world.happens("corrected", *who, rate=CORRECTED)
    later = world.integer("corrected after", *who, low=CORRECTED_DAYS[0], high=CORRECTED_DAYS[1])
    corrected = replace(taken, reported=taken.reported + later).where(np.flatnonzero(is_wrong))
    return Samples.joined([replace(taken, is_wrong=is_wrong), corrected])


def as_rows(world: World, samples: Samples) -> dict[str, Any]:
    who = (samples.transformer, samples.taken)
    lab = world.integer("laboratory", samples.transformer, low=0, high=len(LABORATORIES) - 1)
    number = (samples.taken // MINUTES_A_DAY * 2 + samples.is_extra).astype(np.int64)
    return {
        "_index": samples.transformer,
        "_n": number * 2 + samples.is_wrong,
        "_at": (samples.taken.astype(np.int64) * 60 + ANCHOR_SECONDS) * 1_000_000,
        "_sent": (samples.reported.astype(np.int64) * DAY + ANCHOR_SECONDS) * 1_000_000,
        "sample_id": numbers_joined("GA", samples.transformer + 1, number),
        "transformer_id": network.transformer_ids(samples.transformer),
        "sampled_at": instant_of_minute(samples.taken),
        "reported_date": date_of(samples.reported),
        "reason": pa.array(["ROUTINE", "GAS_RISES"]).take(pa.array(samples.is_extra.astype(np.int64))),
        "laboratory": pa.array(LABORATORIES).take(pa.array(lab)),
        **{f"{gas}_ppm": np.round(ppm, 1) for gas, ppm in measured(world, samples, lab, *who).items()},
    }


def measured(world: World, samples: Samples, lab: Array, *who: Array) -> dict[str, Array]:
    """A report that will be corrected has methane in the place of hydrogen; one laboratory loses some ethane."""
    found = oil_of(world, samples.transformer, (samples.taken * 60).astype(np.int64))
    ppm = {
        gas: each * (1.0 + world.normal(f"laboratory {gas}", *who, sd=NOISE)) for gas, each in found.items()
    }
    lost = (lab == WITHOUT_ETHANE) & world.happens("ethane is lost", *who, rate=ETHANE_IS_LOST)
    return ppm | {
        "hydrogen": np.where(samples.is_wrong, ppm["methane"], ppm["hydrogen"]),
        "methane": np.where(samples.is_wrong, ppm["hydrogen"], ppm["methane"]),
        "ethane": np.where(lost, np.nan, ppm["ethane"]),
    }
