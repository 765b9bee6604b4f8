"""What the sensors say: where their unit's load, heat and wear put them, and beside it what is their own: a daily
cycle, a slow wander, a little noise; now and then a process beyond its limits.
"""

from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from domains.refinery.world import operation
from domains.refinery.world.excursions import AROUND, felt, reach
from domains.refinery.world.failures import FELT, NEAR
from domains.refinery.world.operation import HUNTING, RAMP_MINUTES, USUAL_LOAD
from domains.refinery.world.plant import Units, units_of
from domains.refinery.world.reference import numbers
from domains.refinery.world.services import AIR, AT_REST, LIMITS, TEMPERATURE
from simulation.arrays import Array, Columns, ids
from simulation.random_draws import ANCHOR_SECONDS, World, standard_normal

HOUR, BLOCK_SECONDS = 3600, 6 * 3600
CYCLE, WANDER, NOISE = (0.002, 0.005), 0.005, 0.003  # of the band between the warnings
INTERPOLATED, UNCERTAIN, BAD = 0.01, 0.025, 0.005
BEYOND = 0.15 / 1024  # of the instrument's range
SHOWN = {"typical": "_point", "spread": "_spread", "steps": "_steps", "least": "min_value"}


def sensor_readings(
    ticks: Any, sensors: Columns, processing_units: Columns, refineries: Columns, world: World
) -> dict[str, Any]:
    index, second, sensor = ticks.index, ticks.second, sensors.of(ticks.index)
    process = Process(world, units_of(processing_units, refineries, world), sensor, index, second)
    value = process.course() + process.band * NOISE * standard_normal(process.bits)
    value = with_excursions(value, process, ticks.episodes.get("excursion"))
    kind, bits, highest = sensor["_kind"], process.bits, sensor["max_value"]
    return {
        "reading_id": reading_ids(index, second),
        **{name: sensor[name] for name in ("sensor_id", "unit_id", "refinery_id")},
        "reading_timestamp": second.astype("datetime64[s]"),
        "reading_value": np.clip(value, sensor["min_value"], highest),
        "reading_quality": quality(bits),
        "is_interpolated": taken(bits, 16, 12) < round(INTERPOLATED * 4096),
        "event_time": second.astype("datetime64[s]"),
        "processing_time": (second * 1000 + 700 + taken(bits, 28, 9)).astype("datetime64[ms]"),
        **{f"_{name}": sensor[column] for name, column in SHOWN.items()},
        "_wrong_unit": value * numbers("sensor_kinds", "mistaken_factor")[kind]
        + numbers("sensor_kinds", "mistaken_offset")[kind],
        "_out_of_range": highest + (highest - sensor["min_value"]) * BEYOND * (taken(bits, 37, 10) + 40),
    }


def excursions(
    episodes: Any, sensors: Columns, processing_units: Columns, refineries: Columns, world: World
) -> dict[str, Array]:
    """Those of the drawn ones that happen."""
    sensor, units = sensors.of(episodes.of), units_of(processing_units, refineries, world)
    chosen = np.flatnonzero(happens(world, units, sensor["_unit"], episodes.begin, episodes.end))
    found = reach(episodes.strength[chosen], {name: sensor[name][chosen] for name in LIMITS})
    side, severity = (
        np.where(found.is_high, "high", "low"),
        np.where(found.is_critical, "critical", "warning"),
    )
    return {"chosen": chosen, "side": side, "severity": severity}


def happens(world: World, units: Units, unit: Array, begin: Array, end: Array) -> Array:
    """No excursion does while the unit fails, is about to, or stands: it has troubles enough."""
    first, last = ((at - ANCHOR_SECONDS) // HOUR for at in (begin - AROUND, end + AROUND))
    hours = np.minimum(first[:, None] + np.arange(16), last[:, None])
    stand = operation.stand_of(world, units, unit[:, None], hours)
    return ~((stand.minutes > 0) | (hours >= stand.failure.run_up_from)).any(axis=1)


class Process:
    """What is to be read by some sensors at some instants, each row with its sensor and its unit's state."""

    def __init__(self, world: World, units: Units, sensor: Columns, index: Array, second: Array) -> None:
        self.world, self.units, self.sensor, self.index, self.second = world, units, sensor, index, second
        self.unit, self.sort, self.point = (sensor[name] for name in ("_unit", "_type", "_point"))
        self.band = sensor["warning_high"] - sensor["warning_low"]
        self.bits = world.hashed("reading", index, second)
        self.since = second - ANCHOR_SECONDS
        hour = self.since // HOUR
        self.state, self.part = operation.unit_hours(world, units, self.unit, hour), self.since / HOUR - hour
        self.at = self.state.places(self.unit, hour)

    def course(self) -> Array:
        """Where a healthy process would be, its unit loaded, worn, hot or at rest as it is."""
        loaded = self.between(self.state.load, self.at, self.part) + self.hunting()
        value = self.point + self.sensor["_by_load"] * (loaded / USUAL_LOAD - 1) + self.own()
        for change in (self.wear, self.rest, self.cool):
            change(value)
        return value

    @staticmethod
    def between(marks: Array, at: Array, part: Array) -> Array:
        """Between the values at two full hours."""
        flat = marks.ravel()
        return flat[at] + (flat[at + 1] - flat[at]) * part

    def hunting(self) -> Array:
        """How controllers let the load of a unit swing."""
        low, swings = self.state.low, np.zeros(len(self.unit))
        there = np.arange(low, low + len(self.state.load))
        for period, size in HUNTING:
            phase = self.world.uniform(f"hunting {period}", there, high=2 * np.pi)[self.unit - low]
            swings += size * np.sin(self.second % period * (2 * np.pi / period) + phase)
        return swings

    def own(self) -> Array:
        """A daily cycle, and a wander that runs straight between the ends of blocks of six hours."""
        block = self.since // BLOCK_SECONDS
        starts = np.flatnonzero(np.r_[True, (np.diff(self.index) != 0) | (np.diff(block) != 0)][: len(block)])
        who, which, lengths = self.index[starts], block[starts], np.diff(np.r_[starts, len(block)])
        left, right = (self.wander(who, (which + ahead) * BLOCK_SECONDS) for ahead in (0, 1))
        cycle = self.world.uniform("daily cycle", who, low=CYCLE[0], high=CYCLE[1])
        phase = self.world.uniform("daily phase", who, high=2 * np.pi)
        left, slope, cycle, phase = (np.repeat(each, lengths) for each in (left, right - left, cycle, phase))
        daily = np.sin(self.second % 86_400 * (2 * np.pi / 86_400) + phase)
        wander = left + slope * (self.since / BLOCK_SECONDS - block)
        return self.band * (wander * WANDER + cycle * daily)

    def wander(self, who: Array, since: Array) -> Array:
        slow, quick = (
            self.world.smooth(f"{name} wander", who, at=since + ANCHOR_SECONDS, every=timedelta(hours=hours))
            for name, hours in (("slow", 72), ("quick", 9))
        )
        return slow * 0.65 + quick * 0.35

    def wear(self, value: Array) -> None:
        """Sensors near what is about to fail move towards a critical limit, each mode in its own kinds of sensors."""
        wear, failure = self.state.wear.ravel(), self.state.stand.failure
        rows = np.flatnonzero(wear[self.at] + wear[self.at + 1] > 0)
        here, point = self.at[rows], self.point[rows]
        later = np.where(wear[here + 1] > 0, wear[here + 1], wear[here])
        gone = wear[here] + (later - wear[here]) * self.part[rows]
        toward = FELT[failure.mode.ravel()[here], self.sort[rows]]
        number = failure.number.ravel()[here]
        is_near = self.world.happens("near the failure", self.index[rows], number, rate=NEAR)
        high, low = (self.sensor[name][rows] for name in ("critical_high", "critical_low"))
        value[rows] += toward * np.where(toward > 0, high - point, point - low) * gone * is_near

    def rest(self, value: Array) -> None:
        """A unit that stands has no flow and little pressure, and is brought back slowly."""
        stand, minute = self.state.stand, self.since / 60
        is_new = minute - stand.restarted.ravel()[self.at] < RAMP_MINUTES
        rows = np.flatnonzero((stand.minutes.ravel()[self.at] > 0) | is_new)
        here, now, rest = self.at[rows], minute[rows], AT_REST[self.sort[rows]]
        begins, ends, restarted = (of.ravel()[here] for of in (stand.tripped, stand.reset, stand.restarted))
        stands = stand.whole.ravel()[here] | ((now >= begins) & (now < ends))
        restarted = np.where(now >= ends, np.maximum(restarted, ends), restarted)
        value[rows] *= rest + (1 - rest) * np.where(stands, 0.0, operation.ramp_of(now - restarted))

    def cool(self, value: Array) -> None:
        """It cools down as well, and takes hours to be hot again."""
        heat = self.state.heat.ravel()
        is_cool = heat[self.at] + heat[self.at + 1] < 1.9999
        rows = np.flatnonzero((self.sort == TEMPERATURE) & is_cool)
        kind = self.sensor["_kind"][rows]
        air = AIR * numbers("sensor_kinds", "factor")[kind] + numbers("sensor_kinds", "offset")[kind]
        value[rows] = air + (value[rows] - air) * self.between(heat, self.at[rows], self.part[rows])


def with_excursions(value: Array, process: Process, drawn: Any) -> Array:
    if drawn is None:
        return value
    units, sensor, unit = process.units, process.sensor, process.unit[drawn.of]
    drawn = drawn.where(happens(process.world, units, unit, drawn.begin, drawn.end))
    rows, value = drawn.of, value.copy()
    load = operation.load_of(process.world, units, process.unit[rows], (drawn.begin - ANCHOR_SECONDS) // HOUR)
    point = process.point[rows] + sensor["_by_load"][rows] * (load / USUAL_LOAD - 1)
    limits = {name: sensor[name][rows] for name in LIMITS}
    span = drawn.begin, drawn.end, drawn.strength
    value[rows] = felt(value[rows], point, process.second[rows], *span, limits)
    return value


def quality(bits: Array) -> pa.Array:
    """The instrument's own opinion, drawn apart from everything else."""
    bounds = np.round(np.array([BAD, BAD + UNCERTAIN]) * 65_536)
    code = np.searchsorted(bounds, taken(bits, 0, 16), side="right")
    return pa.array(["BAD", "UNCERTAIN", "GOOD"]).take(pa.array(code))


def taken(bits: Array, first: int, count: int) -> Array:
    return ((bits >> np.uint64(first)) & np.uint64((1 << count) - 1)).astype(np.int64)


def reading_ids(index: Array, second: Array) -> pa.Array:
    """Such as R000123-1704067200."""
    return pc.binary_join_element_wise(ids("R", index, 6), pa.array(second).cast(pa.string()), "-")
