"""How a unit gives notice of its failure: several sensors of a kind leave their usual level towards the same limits.

One sensor that moves is an instrument or an excursion; a quarter of the sensors of a kind (three at least) that move
the same way within days are the unit. How far they have come is measured on the way from the sensor's usual level to
its critical limit, so that °F, psi and mm/s can be compared. Flow is in proportion to the charge, and so is its usual
level.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Array = np.ndarray

QUARTERS_A_DAY, QUARTER_HOURS = 4, 6
# quarters of a day, the newest: of the level now, of its pace, of its trend; what is usual is older than the last
NOW, PACE, TREND, USUAL_BEFORE = 4, 6, 10, 16
FEWEST_USUAL, FEWEST_NOW, FIRST = 4, 2, 8
PART_OF_KIND, FEWEST_SENSORS = 0.25, 3
FLOW = "Flow Rate"
STRONG, WEAK = 0.25, 0.13  # of the way to the critical limit
GOES_ON = 0.01  # of the way in a day
STANDS_BELOW, UPSET_BELOW = 0.2, 0.6  # of the usual flow
EVEN_CHANCE, CHANCE_RISES = 0.142, 0.025  # of the way; fitted to 2,570 days of units, 66 of them in a run-up
MOST = 0.98  # no chance is called larger: those worlds had 26 units that had come as far as STRONG
LIMITS = ("warning_low", "warning_high", "critical_low", "critical_high")


@dataclass(frozen=True)
class Sensors:
    """The sensors of a unit: `levels` [sensor, quarter of a day] are medians while it ran, NaN where it did not; the
    last quarter is the newest."""

    ids: Array
    kinds: Array
    units: Array
    levels: Array
    limits: dict[str, Array]


@dataclass(frozen=True)
class Moves:
    """Of each sensor: its usual level and that of now, its change in an hour, and as parts of the way to its critical
    limit how far it has come, and how much further it goes in a day."""

    usual: Array
    now: Array
    an_hour: Array
    is_up: Array
    share: Array
    a_day: Array


@dataclass(frozen=True)
class RunUp:
    """How far the kind that has come furthest has come, and its sensors that have, the furthest first."""

    share: float
    a_day: float
    driving: Array

    @property
    def sign(self) -> str:
        return "STRONG" if self.share >= STRONG else "WEAK" if self.share >= WEAK else "NONE"


def warning_of(sensors: Sensors, load: float) -> dict[str, Any]:
    """What a unit's sensors warn of. load: what it charges now over what it usually does."""
    flow = flow_of(sensors)
    if newest(flow[None])[0] < STANDS_BELOW:
        return {"sign": "STANDS"}
    sensors = replace(sensors, levels=np.where(is_upset(flow), np.nan, sensors.levels))
    moves = moves_of(sensors, load)
    if np.isnan(moves.usual).all():
        return {"sign": "RESTARTED"}
    run_up = run_up_of(sensors.kinds, moves)
    chance = 1 / (1 + np.exp(-(run_up.share - EVEN_CHANCE) / CHANCE_RISES))
    found = {"sign": run_up.sign, "confidence": float(min(chance, MOST)), "share_of_way": run_up.share}
    if run_up.sign == "NONE":
        return found
    moved = moves.share >= WEAK
    counts = {
        kind: int((moved & (sensors.kinds == kind)).sum()) for kind in sorted(set(sensors.kinds.tolist()))
    }
    leading = sensors.kinds[run_up.driving[0]]
    kinds = sorted(
        (kind for kind in counts if counts[kind] >= FEWEST_SENSORS), key=lambda kind: -counts[kind]
    )
    kinds = [leading, *(kind for kind in kinds if kind != leading)]
    said = ", ".join(f"{kind} {counts[kind]} of {int((sensors.kinds == kind).sum())}" for kind in kinds)
    return {
        **found,
        "change_a_day": run_up.a_day,
        "driving_sensors": said,
        "driving_sensor_ids": sensors.ids[run_up.driving].tolist(),
        **first_at_its_limit(sensors, moves, run_up.driving),
    }


def flow_of(sensors: Sensors) -> Array:
    """What flows in each quarter over what usually does; NaN where no meter tells."""
    flows = sensors.levels[sensors.kinds == FLOW]
    known = ~np.isnan(flows).all(axis=1)
    parts = flows[known] / np.nanmedian(flows[known], axis=1, keepdims=True)
    found = np.full(sensors.levels.shape[1], np.nan)
    told = ~np.isnan(parts).all(axis=0)
    found[told] = np.nanmedian(parts[:, told], axis=0)
    return found


def is_upset(flow: Array) -> Array:
    """Quarters in which the unit stood that production told nothing of, and those in which it was brought back."""
    stood = flow < UPSET_BELOW
    return np.logical_or.reduce(
        [np.r_[np.zeros(late, bool), stood[: len(stood) - late]] for late in range(3)]
    )


def moves_of(sensors: Sensors, load: float) -> Moves:
    usual, now = usual_levels(sensors.levels), known_median(sensors.levels[:, -NOW:], FEWEST_NOW)
    usual = np.where(sensors.kinds == FLOW, usual * load, usual)
    up = now > usual
    limit = np.where(up, sensors.limits["critical_high"], sensors.limits["critical_low"])
    way = np.abs(limit - usual)
    signed = np.where(up, 1, -1) / np.where(way > 0, way, np.nan)
    an_hour, a_quarter = slopes(sensors.levels[:, -PACE:]) / QUARTER_HOURS, slopes(sensors.levels[:, -TREND:])
    share, a_day = (now - usual) * signed, a_quarter * signed * QUARTERS_A_DAY
    return Moves(usual, now, an_hour, up, np.nan_to_num(share), np.nan_to_num(a_day))


def usual_levels(levels: Array) -> Array:
    """Before the last days; of a unit that was restarted since, the first days."""
    usual, known = known_median(levels[:, :-USUAL_BEFORE], FEWEST_USUAL), ~np.isnan(levels)
    begins = (np.cumsum(known, axis=1) <= FIRST) & (known.sum(axis=1, keepdims=True) >= FIRST + NOW)
    return np.where(np.isnan(usual), known_median(np.where(begins, levels, np.nan), FIRST), usual)


def known_median(levels: Array, fewest: int) -> Array:
    enough = (~np.isnan(levels)).sum(axis=1) >= fewest
    found = np.full(len(levels), np.nan)
    found[enough] = np.nanmedian(levels[enough], axis=1)
    return found


def newest(levels: Array) -> Array:
    """The last level of each sensor that is known; NaN where none of the last day is."""
    last = np.full(len(levels), np.nan)
    for column in levels[:, -NOW:].T:
        last = np.where(np.isnan(column), last, column)
    return last


def slopes(levels: Array) -> Array:
    """Least squares, per quarter; NaN where less than half is known."""
    known = ~np.isnan(levels)
    count = known.sum(axis=1)
    at = np.where(known, np.arange(levels.shape[1]), 0.0)
    apart = np.where(known, at - (at.sum(axis=1) / np.maximum(count, 1))[:, None], 0.0)
    squares = (apart**2).sum(axis=1)
    found = (apart * np.nan_to_num(levels)).sum(axis=1) / np.where(squares > 0, squares, 1)
    return np.where(count >= levels.shape[1] / 2, found, np.nan)


def run_up_of(kinds: Array, moves: Moves) -> RunUp:
    """By the kind of sensor, and the direction, in which the unit has come furthest, and goes on."""
    found = RunUp(0.0, 0.0, np.zeros(0, int))
    for kind in np.unique(kinds):
        own = np.flatnonzero(kinds == kind)
        needed = max(FEWEST_SENSORS, int(np.ceil(PART_OF_KIND * len(own))))
        for is_up in (True, False):
            share = np.where(moves.is_up[own] == is_up, moves.share[own], 0.0)
            furthest = np.argsort(-share, kind="stable")
            if len(own) < needed or share[furthest[needed - 1]] <= found.share:
                continue
            reached = float(share[furthest[needed - 1]])
            goes = float(np.median(moves.a_day[own[furthest[:needed]]]))
            if goes >= GOES_ON:
                driving = furthest[: max(needed, int((share >= WEAK).sum()))]
                found = RunUp(reached, goes, own[driving])
    return found


def first_at_its_limit(sensors: Sensors, moves: Moves, driving: Array) -> dict[str, Any]:
    """Of the driving sensors the one that is at its critical limit first, at the pace of now, and when."""
    side = np.where(moves.is_up[driving[0]], "high", "low")
    critical, warning = (sensors.limits[f"{kind}_{side}"][driving] for kind in ("critical", "warning"))
    value, pace = newest(sensors.levels)[driving], moves.an_hour[driving]
    way = 1 if side == "high" else -1
    with np.errstate(divide="ignore", invalid="ignore"):
        hours, to_warning = (
            np.where(pace * way > 0, np.maximum((limit - value) / pace, 0), np.inf)
            for limit in (critical, warning)
        )
    first = int(np.argmin(np.where(np.isnan(hours), np.inf, hours)))
    place = driving[first]
    return {
        "hours_to_critical": float(hours[first]) if np.isfinite(hours[first]) else None,
        "hours_to_warning": float(to_warning.min()) if np.isfinite(to_warning.min()) else None,
        "sensor_id": str(sensors.ids[place]),
        "sensor_type": str(sensors.kinds[place]),
        "limit_kind": f"critical_{side}",
        "limit_value": float(critical[first]),
        "current_value": float(value[first]),
        "usual_value": float(moves.usual[place]),
        "measurement_unit": str(sensors.units[place]),
    }
