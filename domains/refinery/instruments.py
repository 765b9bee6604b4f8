"""What a day of an instrument's readings says about the instrument, in NumPy.

Runs, gaps and jumps depend on the order of readings. Spark would sort and window every reading for each of
them; here one sorted pass over a bucket of sensors gives all.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

Array = np.ndarray

EXCURSION = pa.struct(
    [
        ("from_at", pa.timestamp("us", "UTC")),
        ("to_at", pa.timestamp("us", "UTC")),
        ("is_high", pa.bool_()),
        ("is_critical", pa.bool_()),
        ("worst_value", pa.float64()),
        ("reading_count", pa.int64()),
        ("critical_count", pa.int64()),
        ("is_from_start", pa.bool_()),
        ("is_to_end", pa.bool_()),
    ]
)
SUSPECT = pa.struct(
    [
        ("reading_id", pa.string()),
        ("kind", pa.string()),
        ("reading_at", pa.timestamp("us", "UTC")),
        ("sent_value", pa.float64()),
        ("converted_value", pa.float64()),
    ]
)
DAY = pa.schema(
    [
        ("reading_date", pa.date32()),
        ("sensor_id", pa.string()),
        *((name, pa.int64()) for name in ("reading_count", "critical_count", "warning_count")),
        *((name, pa.int64()) for name in ("out_of_range_count", "uncertain_count", "bad_count")),
        ("interpolated_count", pa.int64()),
        ("first_reading_at", pa.timestamp("us", "UTC")),
        ("last_reading_at", pa.timestamp("us", "UTC")),
        *((name, pa.float64()) for name in ("min_value", "max_value", "avg_value", "stddev_value")),
        *((name, pa.float64()) for name in ("level", "spread", "longest_stuck_hours", "longest_gap_hours")),
        ("longest_stuck_readings", pa.int64()),
        *((name, pa.int64()) for name in ("running_count", "running_beyond_count")),
        *((name, pa.float64()) for name in ("running_level", "running_stddev")),
        ("quarter_levels", pa.list_(pa.float64())),
        ("suspects", pa.list_(SUSPECT)),
        ("excursions", pa.list_(EXCURSION)),
    ]
)
COUNTED = {
    "critical_count": "is_critical",
    "warning_count": "is_warning",
    "out_of_range_count": "is_out_of_range",
    "uncertain_count": "is_uncertain",
    "bad_count": "is_bad",
    "interpolated_count": "is_interpolated",
}
HOUR = 3_600_000_000
QUARTERS = 4
PERSISTS_READINGS, PERSISTS_TIME = 2, 30_000_000  # and microseconds
NOT_BELIEVED = ("is_uncertain", "is_bad", "is_interpolated")
SPIKE_NOISES = 12.0
OTHER_UNIT_NOISES = 4.0
# what a reading in the unit that its own is mistaken for has to be multiplied with, and what is added then
OTHER_UNITS = {
    "Fahrenheit": (1.8, 32.0),  # °C
    "Celsius": (1 / 1.8, -32 / 1.8),  # °F
    "PSI": (14.5038, 0.0),  # bar
    "Bar": (1 / 14.5038, 0.0),  # psi
    "BPH": (1 / 0.158987, 0.0),  # m³/h
    "GPM": (1 / 3.785412, 0.0),  # l/min
    "Percent": (100.0, 0.0),  # a fraction
    "Feet": (1 / 0.3048, 0.0),  # m
    "mm/s": (25.4, 0.0),  # in/s
    "mils": (1 / 0.0254, 0.0),  # mm
    "cSt": (1 / 4.632, 0.0),  # Saybolt seconds
}
NO_OTHER = (np.nan, 0.0)


@dataclass(frozen=True)
class Groups:
    """Rows sorted so that those of one sensor lie one after the other, in order of time."""

    codes: Array
    starts: Array
    sizes: Array

    @classmethod
    def of(cls, codes: Array) -> "Groups":
        starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
        return cls(codes, starts, np.diff(np.r_[starts, len(codes)]))

    @property
    def ends(self) -> Array:
        return self.starts + self.sizes - 1

    def over(self, reduce: np.ufunc, values: Array) -> Array:
        return reduce.reduceat(values, self.starts)

    def spread_out(self, values: Array) -> Array:
        return np.repeat(values, self.sizes)

    def medians(self, values: Array) -> Array:
        by_value = np.argsort(values)
        ranked = values[by_value[np.argsort(self.codes[by_value], kind="stable")]]
        return (ranked[self.starts + (self.sizes - 1) // 2] + ranked[self.starts + self.sizes // 2]) / 2

    def deviations(self, values: Array) -> Array:
        mean = self.over(np.add, values) / self.sizes
        squares = self.over(np.add, (values - self.spread_out(mean)) ** 2)
        return np.sqrt(squares / np.maximum(self.sizes - 1, 1))


def days_of(readings: pa.Table) -> pa.Table:
    """One row per sensor, of the readings of some sensors on one day."""
    sensors = readings["sensor_id"].combine_chunks().dictionary_encode()
    codes = sensors.indices.to_numpy().astype(np.uint16)  # so small that NumPy sorts them by radix
    times = readings["reading_timestamp"].cast(pa.int64()).to_numpy()
    by_time = np.argsort(times)
    order = by_time[np.argsort(codes[by_time], kind="stable")]
    groups, times = Groups.of(codes[order]), times[order]
    values = readings["reading_value"].to_numpy()[order]
    level, mean = groups.medians(values), groups.over(np.add, values) / groups.sizes
    deviation = groups.deviations(values)
    stands = flag(readings, "is_standing")[order].astype(bool)
    stuck_readings, stuck_time = longest_runs(values, times, groups, stands)
    silence = np.r_[0, np.diff(times)]
    silence[groups.starts] = 0
    jumped, meant = jumps(readings, order, values, groups, level)
    jumped &= ~stands | ~np.isnan(meant)  # what a unit that trips does is no spike
    columns = {
        "reading_date": pa.repeat(readings["reading_date"][0], len(groups.starts)),
        "sensor_id": sensors.dictionary.take(pa.array(groups.codes[groups.starts])),
        "reading_count": groups.sizes,
        **{name: groups.over(np.add, flag(readings, of)[order]) for name, of in COUNTED.items()},
        "first_reading_at": times[groups.starts],
        "last_reading_at": times[groups.ends],
        "min_value": groups.over(np.minimum, values),
        "max_value": groups.over(np.maximum, values),
        "avg_value": mean,
        "stddev_value": deviation,
        "level": level,
        "spread": 1.4826 * groups.medians(np.abs(values - groups.spread_out(level))),
        "longest_stuck_hours": stuck_time / HOUR,
        "longest_gap_hours": groups.over(np.maximum, silence) / HOUR,
        "longest_stuck_readings": stuck_readings,
        **while_running(readings, order, values, groups, level, deviation),
        "quarter_levels": quarter_levels(readings, order, times, values, groups, jumped),
        "suspects": suspects_of(readings, order, times, values, groups, jumped, meant),
        "excursions": excursions_of(readings, order, times, values, groups, jumped),
    }
    arrays = [pa.array(columns[field.name]).cast(field.type) for field in DAY]
    return pa.Table.from_arrays(arrays, schema=DAY)


def flag(readings: pa.Table, name: str) -> Array:
    return readings[name].to_numpy().astype(np.int64)


def while_running(
    readings: pa.Table, order: Array, values: Array, groups: Groups, level: Array, deviation: Array
) -> dict[str, Any]:
    """Figures of the readings taken while the unit of their sensor ran; of all of them where it always did."""
    ran = ~flag(readings, "is_standing")[order].astype(bool)
    beyond = (flag(readings, "is_critical") + flag(readings, "is_warning"))[order] * ran
    count = groups.over(np.add, ran.astype(np.int64))
    levels, deviations = (np.where(count == groups.sizes, of_all, np.nan) for of_all in (level, deviation))
    rows = np.flatnonzero(groups.spread_out(count < groups.sizes) & ran)
    if len(rows):
        some = Groups.of(groups.codes[rows])
        at = np.searchsorted(groups.codes[groups.starts], some.codes[some.starts])
        levels[at], deviations[at] = some.medians(values[rows]), some.deviations(values[rows])
    return {
        "running_count": count,
        "running_beyond_count": groups.over(np.add, beyond),
        "running_level": pa.array(levels, from_pandas=True),
        "running_stddev": pa.array(deviations, from_pandas=True),
    }


def quarter_levels(
    readings: pa.Table, order: Array, times: Array, values: Array, groups: Groups, jumped: Array
) -> pa.Array:
    """Median of each six hours, of readings that are believed and were taken while the unit ran."""
    at = np.flatnonzero(
        believed(readings, order, jumped) & ~flag(readings, "is_standing")[order].astype(bool)
    )
    places = np.repeat(np.arange(len(groups.starts)), groups.sizes)[at] * QUARTERS
    places += times[at] // (24 // QUARTERS * HOUR) % QUARTERS
    levels = np.full(len(groups.starts) * QUARTERS, np.nan)
    if len(at):
        small = np.uint16 if len(levels) < 2**16 else np.uint32  # the smaller ones are sorted by radix
        quarters = Groups.of(places.astype(small))
        levels[places[quarters.starts]] = quarters.medians(values[at])
    borders = np.arange(0, len(levels) + 1, QUARTERS)
    return pa.ListArray.from_arrays(pa.array(borders, pa.int32()), pa.array(levels, from_pandas=True))


def believed(readings: pa.Table, order: Array, jumped: Array) -> Array:
    doubted = sum(flag(readings, name) for name in NOT_BELIEVED)
    return ~jumped & (doubted[order] == 0)


def longest_runs(values: Array, times: Array, groups: Groups, stands: Array) -> tuple[Array, Array]:
    """The longest run of equal values in each group: its readings, and its time from first to last. At rest a unit
    shows the same for hours, and is not stuck."""
    changes = np.r_[True, values[1:] != values[:-1]] | stands
    changes[groups.starts] = True
    begins = np.flatnonzero(changes)
    ends = np.r_[begins[1:], len(values)] - 1
    runs = np.searchsorted(begins, groups.starts)
    lengths, spans = ends - begins + 1, times[ends] - times[begins]
    return np.maximum.reduceat(lengths, runs), np.maximum.reduceat(spans, runs)


def jumps(
    readings: pa.Table, order: Array, values: Array, groups: Groups, level: Array
) -> tuple[Array, Array]:
    """Which readings leave both neighbours for a moment, and what each would be in the sensor's unit if it was sent
    in the one that this is mistaken for; NaN where that explains nothing."""
    before, after = np.roll(values, 1), np.roll(values, -1)
    before[groups.starts] = level
    after[groups.ends] = level
    off = np.minimum(np.abs(values - before), np.abs(values - after))
    usual = groups.spread_out(noise_of(off, groups))
    is_peak = (values - before) * (
        values - after
    ) > 0  # a value on its way from one to the other leaves neither
    jumped = is_peak & (off > SPIKE_NOISES * usual)
    units = readings["measurement_unit"].combine_chunks().dictionary_encode()
    scales = np.array([OTHER_UNITS.get(name, NO_OTHER) for name in units.dictionary.to_pylist()])
    factor, offset = scales[units.indices.to_numpy()[order]].T
    meant = values * factor + offset
    back = np.minimum(np.abs(meant - before), np.abs(meant - after))
    is_wrong = (back < OTHER_UNIT_NOISES * usual) & (back < off / 4)
    return jumped, np.where(is_wrong, meant, np.nan)


def suspects_of(
    readings: pa.Table,
    order: Array,
    times: Array,
    values: Array,
    groups: Groups,
    jumped: Array,
    meant: Array,
) -> pa.Array:
    at = np.flatnonzero(jumped)
    ids = readings["reading_id"].combine_chunks().take(pa.array(order[at]))
    kinds = pa.array(np.where(np.isnan(meant[at]), "spike", "wrong_unit"), pa.string())
    converted = pa.array(meant[at], pa.float64(), from_pandas=True)
    taken = pa.array(times[at]).cast(SUSPECT.field("reading_at").type)
    columns = [ids, kinds, taken, pa.array(values[at], pa.float64()), converted]
    return in_lists(pa.StructArray.from_arrays(columns, fields=list(SUSPECT)), at, groups)


def in_lists(found: pa.Array, at: Array, groups: Groups) -> pa.Array:
    """What was found at places of the sorted rows, as a list for each group."""
    borders = np.searchsorted(at, np.r_[groups.starts, len(groups.codes)])
    return pa.ListArray.from_arrays(pa.array(borders, pa.int32()), found)


def excursions_of(
    readings: pa.Table, order: Array, times: Array, values: Array, groups: Groups, jumped: Array
) -> pa.Array:
    """Runs of readings beyond a limit, as far as they are to be believed: one alone is no excursion, and a unit that
    stands has none."""
    at = np.flatnonzero(believed(readings, order, jumped))
    is_critical, is_high = (flag(readings, name)[order][at] for name in ("is_critical", "is_high"))
    is_beyond = is_critical + flag(readings, "is_warning")[order][at] > 0
    ran = flag(readings, "is_standing")[order][at] == 0
    side = np.where(is_beyond & ran, 2 * is_high - 1, 0)
    codes, times, values = groups.codes[at], times[at], values[at]
    begins = np.flatnonzero(np.r_[True, (codes[1:] != codes[:-1]) | (side[1:] != side[:-1])][: len(at)])
    ends = np.r_[begins[1:], len(at)] - 1
    lasts = (ends - begins + 1 >= PERSISTS_READINGS) & (times[ends] - times[begins] >= PERSISTS_TIME)
    runs = np.flatnonzero((side[begins] != 0) & lasts) if len(at) else np.zeros(0, int)
    first, last = begins[runs], ends[runs]
    critical = np.add.reduceat(is_critical, begins)[runs] if len(at) else runs
    worst = np.maximum.reduceat(side * values, begins)[runs] if len(at) else values
    is_first, is_last = (
        first == np.searchsorted(codes, codes[first]),
        last + 1 == np.searchsorted(codes, codes[first], side="right"),
    )
    found = pa.StructArray.from_arrays(
        [
            pa.array(column).cast(field.type)
            for column, field in zip(
                (
                    *(times[first], times[last], side[first] > 0, critical > 0),
                    *(worst * side[first], last - first + 1, critical),
                    *(is_first, is_last),
                ),
                EXCURSION,
                strict=True,
            )
        ],
        fields=list(EXCURSION),
    )
    return in_lists(found, at[first], groups)


def noise_of(off: Array, groups: Groups) -> Array:
    """How far readings usually are off. The mean without the largest helps where rounding hides most."""
    largest = groups.over(np.maximum, off)
    rest = (groups.over(np.add, off) - largest) / np.maximum(groups.sizes - 1, 1)
    return np.maximum(np.maximum(1.4826 * groups.medians(off), rest / 2), 1e-9)
