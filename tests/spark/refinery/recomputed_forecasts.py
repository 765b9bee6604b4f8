"""Levels of tanks ahead, said once more: DuckDB reads, plain Python goes tank by tank, origin by origin and day by day,
and least squares with rows for what is believed beforehand does the fitting (see `recomputed`)."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from math import ceil, exp, nan, pi, sqrt
from statistics import fmean, median, pvariance
from typing import Any

import numpy as np

Rows = list[dict[str, Any]]
Course = list[tuple[float, float]]
"""Hours and levels, oldest first."""
Promise = Callable[[Course, list[float], int], list[float]]
"""The levels that a course up to now promises for so many hours ahead; asked so many days ago."""

TANKS = """
    select tank_id, product_type = 'Crude Oil' as is_crude, capacity_barrels::double as capacity,
        (min_operating_level * capacity_barrels)::double as least, (max_operating_level * capacity_barrels)::double as most
    from silver.storage_tanks
    where is_active and effective_to > $as_of and (version = 1 or effective_from <= $as_of)
"""
LEVELS = """
    with measured as (
        select tank_id, volume_barrels::double as barrels, epoch(measurement_timestamp - $as_of::date::timestamptz) / 3600 as hours
        from silver.tank_inventory
        where measurement_timestamp <= $as_of and measurement_date >= ($as_of - interval 42 day)::date)
    select tank_id, max(hours) as hours, arg_max(barrels, hours) as barrels from measured
    group by tank_id, floor(hours) order by hours
"""
PARCELS = """
    select shipment_id, supplier_id, destination_tank_id as tank_id, volume_barrels::double as barrels,
        least(greatest(days_delayed, 0), 21) as late,
        created_at::date - $as_of::date as scheduled, expected_arrival_date - $as_of::date as due,
        arrival_date - $as_of::date as arrival, status = 'DELAYED' and not has_come as is_delayed, has_come
    from (
        select *, status = 'DELIVERED' or shipment_id in (
            select shipment_id from bronze.crude_shipments where status = 'DELIVERED') as has_come
        from silver.crude_shipments where updated_at <= $as_of)
"""


@dataclass(frozen=True)
class Guess:
    is_crude: bool
    tank: str
    day: date
    ago: int
    ahead: int
    now: float
    mean: float
    deviation: float
    promise: float
    came: float


def levels_ahead(tanks: Rows, levels: Rows, parcels: Rows, today: date) -> Rows:
    """One row per tank and day ahead, in barrels."""
    courses: dict[str, Course] = defaultdict(list)
    sizes = {tank["tank_id"]: tank["capacity"] for tank in tanks}
    for row in levels:
        if row["tank_id"] in sizes:
            courses[row["tank_id"]].append((row["hours"], row["barrels"] / sizes[row["tank_id"]]))
    late = chances_of_lateness(parcels)
    guesses = []
    for tank in tanks:
        if course := courses.get(tank["tank_id"]):
            own = [row for row in parcels if row["tank_id"] == tank["tank_id"]]
            guesses += list(guesses_of(tank, course, own, late, today))
    cases: dict[tuple[bool, int], list[Guess]] = defaultdict(list)
    for guess in guesses:
        cases[guess.is_crude, guess.ahead].append(guess)
    found = [row for (is_crude, ahead), rows in cases.items() for row in forecasts(rows, is_crude, ahead)]
    return [row for tank in tanks for row in in_barrels(tank, found)]


def in_barrels(tank: Mapping[str, Any], forecast: Rows) -> Iterator[dict[str, Any]]:
    rows = [dict(row) for row in forecast if row["tank_id"] == tank["tank_id"]]
    for row in rows:
        for name in ("expected", "low", "high"):
            row[f"{name}_barrels"] = min(1, max(0, row.pop(name))) * tank["capacity"]
    below = [row["forecast_date"] for row in rows if row["expected_barrels"] < tank["least"]]
    above = [row["forecast_date"] for row in rows if row["expected_barrels"] > tank["most"]]
    for row in rows:
        yield row | {"reaches_min_on": min(below, default=None), "reaches_max_on": min(above, default=None)}


def chances_of_lateness(parcels: Rows) -> dict[str, list[float]]:
    """Per supplier the weight of each number of days late: its own deliveries, and twenty of the network."""
    come = [row for row in parcels if row["has_come"]]
    everywhere = Counter(row["late"] for row in come)
    own = Counter((row["supplier_id"], row["late"]) for row in come)
    return {
        supplier: [own[supplier, days] + 20 * everywhere[days] / len(come) for days in range(22)]
        for supplier in {row["supplier_id"] for row in parcels}
    }


def guesses_of(
    tank: Mapping[str, Any], course: Course, parcels: Rows, late: dict[str, list[float]], today: date
) -> Iterator[Guess]:
    end = course[-1][0]
    last_day, hour = int(end // 24), end % 24
    promise: Promise = of_cycle
    if tank["is_crude"]:
        promise = partial(
            of_deliveries, parcels=parcels, late=late, size=tank["capacity"], today=last_day, hour=hour
        )
    history = (end - course[0][0]) / 24
    latest = int(history - min(history, 28) / 2)
    for ago in [0, *range(1, latest + 1, 2)]:
        then = end - 24 * ago
        known = [(at - then, level) for at, level in course if then - 24 * 28 <= at <= then]
        if not known or (ago and known[-1][0] < -3):
            continue
        heights = [level for _, level in known]
        is_long = known[-1][0] - known[0][0] >= 96
        ahead = [24 - hour + 24 * days for days in range(1, 15)]
        for days, hours, promised in zip(range(1, 15), ahead, promise(known, ahead, ago), strict=True):
            later = [(at, level) for at, level in course if then < at <= then + hours + 1e-6]
            is_over = then + hours <= end + 3 and later and later[-1][0] >= then + hours - 3
            yield Guess(
                *(tank["is_crude"], tank["tank_id"], today + timedelta(days=last_day), ago, days),
                *(heights[-1], fmean(heights), sqrt(pvariance(heights)) if is_long else nan),
                *(promised, later[-1][1] if is_over else nan),
            )


def of_deliveries(
    known: Course,
    ahead: list[float],
    ago: int,
    *,
    parcels: Rows,
    late: dict[str, list[float]],
    size: float,
    today: int,
    hour: float,
) -> list[float]:
    """Level, and what comes in, less what was drawn in a fortnight. Each parcel comes by its supplier's lateness."""
    end, now = known[-1]
    back = 24 * min(14, max(1, (end - known[0][0]) / 24))
    begin, before = next((at, level) for at, level in known if at >= end - back)
    day = today - ago
    come = [row for row in parcels if row["has_come"] and row["arrival"] <= day]
    received = sum(row["barrels"] for row in come if row["arrival"] > day - (end - begin) / 24)
    drawn = (received / size - (now - before)) / max(end - begin, 24)
    awaited = [row for row in parcels if row["scheduled"] <= day and row not in come]
    return [
        now
        - drawn * hours
        + sum(
            row["barrels"] / size * share_come(row, day, late[row["supplier_id"]], days, ago, hour)
            for row in awaited
        )
        for days, hours in enumerate(ahead, start=1)
    ]


def share_come(
    row: Mapping[str, Any], day: int, late: list[float], horizon: int, ago: int, hour: float
) -> float:
    """How likely a parcel has come by the end of a day."""
    chances = {row["due"] - day + days: weight for days, weight in enumerate(late)}
    if not ago and row["is_delayed"] and row["arrival"] >= day:
        chances = {row["arrival"] - day: 1.0}
    chances = {at: weight * (1 - hour / 24 if at == 0 else 1) for at, weight in chances.items() if at >= 0}
    total = sum(chances.values())
    return sum(weight for at, weight in chances.items() if at <= horizon) / total if total else 0.0


@dataclass(frozen=True)
class Cycle:
    """From low to low: its hours, the part of them that rises, how far, and the usual low; how far lengths stray, as
    parts of one; and what part of the current one is over."""

    length: float
    rising: float
    rise: float
    low: float
    stray: float
    place: float


def of_cycle(known: Course, ahead: list[float], ago: int) -> list[float]:
    """Along the cycle between liftings while the current one lasts, and after that a shape that fades into the mean."""
    mean, cycle = fmean(level for _, level in known), cycle_of(known)
    return [mean if cycle is None else along(cycle, known[-1][1], mean, hours) for hours in ahead]


def cycle_of(known: Course) -> Cycle | None:
    turns = zigzag([level for _, level in known])[1:]
    times = {kind: [known[at][0] for at, is_high in turns if is_high == kind] for kind in (False, True)}
    lengths = [after - before for found in times.values() for before, after in pairwise(found)]
    legs = [(is_high, known[after][0] - known[at][0]) for (at, is_high), (after, _) in pairwise(turns)]
    rises = [known[after][1] - known[at][1] for (at, is_high), (after, _) in pairwise(turns) if not is_high]
    if not lengths or not times[False] or len({is_high for is_high, _ in legs}) < 2:
        return None
    most = times[False] if len(times[False]) > len(times[True]) else times[True]
    length = (most[-1] - most[0]) / max(1, round((most[-1] - most[0]) / median(lengths)))
    down, up = (median(hours for is_high, hours in legs if is_high == kind) for kind in (True, False))
    rising = min(0.95, max(0.05, up / (up + down)))
    step = median(after - before for (before, _), (after, _) in pairwise(known))
    stray = sqrt(max(0, pvariance(lengths) - step**2 / 6)) / length if len(lengths) > 2 else 0.05
    last, is_top = turns[-1]
    place = (known[-1][0] - known[last][0]) / length + (rising if is_top else 0)
    low = fmean(known[at][1] for at, is_high in turns if not is_high)
    return Cycle(length, rising, median(rises), low, stray, place)


def along(cycle: Cycle, now: float, mean: float, hours: float) -> float:
    place, rising = cycle.place, cycle.rising
    later = place + hours / cycle.length
    if later >= 1:
        cycles, part = divmod(later, 1)
        shape = part / rising if part < rising else (1 - part) / (1 - rising)
        return mean + (cycle.low + cycle.rise * shape - mean) * exp(
            -2 * (pi * cycle.stray * sqrt(cycles)) ** 2
        )
    if place < rising:
        climb = cycle.rise / (rising * cycle.length)
        if later < rising:
            return now + climb * hours
        now, place = now + climb * (rising - place) * cycle.length, rising
    return now + (cycle.low - now) * min(1, max(0, (later - place) / max(1 - place, 1e-9)))


def zigzag(levels: list[float]) -> list[tuple[int, bool]]:
    """Places of lows (False) and highs (True) in turn, each left by a quarter of the range before the next."""
    least = (max(levels) - min(levels)) / 4
    turns: list[tuple[int, bool]] = []
    if not least:
        return turns
    begin = 0  # the last turn was confirmed here: extremes are looked for from here on
    for at, level in enumerate(levels):
        here = levels[begin : at + 1]
        is_after_low = not turns or not turns[-1][1]
        is_after_high = not turns or turns[-1][1]
        if is_after_high and level - min(here) >= least:
            turns.append((begin + here.index(min(here)), False))
            begin = at
        elif is_after_low and max(here) - level >= least:
            turns.append((at - here[::-1].index(max(here)), True))
            begin = at
    return turns


def forecasts(guesses: list[Guess], is_crude: bool, ahead: int) -> Iterator[dict[str, Any]]:
    """What part of promises comes true and how far levels return to their mean, by least squares in which thirty guesses
    speak for what is believed beforehand; and how far off that was, four times in five."""
    believed = (
        (0.45 * exp(-ahead / 10), 1 - 0.75 * exp(-ahead / 4.5))
        if is_crude
        else (0.6, 0.4 * (1 - exp(-ahead / 3)))
    )
    told = [guess for guess in guesses if guess.came == guess.came and guess.deviation == guess.deviation]
    if len(told) < 8:
        parts, widened, off = believed, 1.25, [each for each in guesses if each.deviation == each.deviation]
        strays = [abs(each.now - each.mean) / max(each.deviation, 1e-6) for each in off]
    else:
        moves = np.array([[each.promise - each.now, each.mean - each.now] for each in told])
        change = np.array([each.came - each.now for each in told])
        weights = np.sqrt(30 * (moves**2).mean(axis=0) + 1e-12)
        rows, came = np.vstack([moves, np.diag(weights)]), np.r_[change, weights * believed]
        fit = np.linalg.lstsq(rows, came, rcond=None)[0]
        parts, widened = tuple(min(1.0, max(0.0, float(part))) for part in fit), 1.0
        strays = [abs(level_of(each, *parts) - each.came) / max(each.deviation, 1e-6) for each in told]
    band = widened * four_in_five(strays)
    for each in guesses:
        if each.ago == 0:
            level, width = level_of(each, *parts), band * each.deviation
            yield {
                "tank_id": each.tank,
                "forecast_date": each.day + timedelta(days=ahead),
                "days_ahead": ahead,
                "expected": level,
                "low": level - width,
                "high": level + width,
            }


def level_of(guess: Guess, promised: float, returns: float) -> float:
    return guess.now + promised * (guess.promise - guess.now) + returns * (guess.mean - guess.now)


def four_in_five(values: list[float]) -> float:
    ranked, place = sorted(values), 0.8 * (len(values) - 1)
    below, above = ranked[int(place)], ranked[ceil(place)]
    return below + (above - below) * (place - int(place))
