"""Every half-hour that a meter owes, validated, and estimated where no read came or none that can be believed.

A day is made of its own reads and those of the fortnight before, so a read that comes late takes the place of its
estimate when its day is made again. A meter owes its half-hours from its first read until it has been silent for a
fortnight, or until its account is closed. What the meter says of itself is not read.
"""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from domains.grid.estimation import METHODS, Estimates, estimate
from domains.grid.local_intervals import clock_minutes, day_number, local_day_numbers, slots_between
from domains.grid.validation import (
    HISTORY_DAYS,
    NOT_BELIEVED,
    OFF_GRID_SECONDS,
    RULES,
    Array,
    Series,
    cleaned,
    missing,
    unbelieved,
    validate,
)
from headrace.tables import Replace, Table

LOOKS_BACK = (
    HISTORY_DAYS + 1
)  # the day before the fortnight, too: a value that stays the same may have begun in it

TABLE = Table(
    key=("meter_id", "interval_end"),
    partition="reading_date",
    cluster=("meter_id", "interval_end"),
    write=Replace(
        follows={"smart_meter_readings": "reading_date"}, looks_back={"smart_meter_readings": LOOKS_BACK}
    ),
    description="Half-hours of each meter as measured or estimated, with the rules they fail and how sure they are.",
)

MINUTES = 30
CHUNK_DAYS = 28  # that a worker makes at once, of a bucket of meters
BUCKETS = 16
MEASURED, ESTIMATED, MISSING = "MEASURED", "ESTIMATED", "MISSING"
READS = pa.schema(
    [
        *((name, pa.string()) for name in ("meter_id", "customer_id", "tariff_category")),
        ("interval_begin", pa.timestamp("us", "UTC")),
        ("interval_end", pa.timestamp("us", "UTC")),
        ("reading_date", pa.date32()),
        *((name, pa.float64()) for name in ("kwh", "measured_kwh")),
        ("state", pa.string()),
        ("failed_rules", pa.list_(pa.string())),
        *((name, pa.string()) for name in ("method", "reason")),
        ("confidence", pa.float64()),
    ]
)


def validated_reads(smart_meter_readings: DataFrame) -> DataFrame:
    day = F.unix_date("reading_date")
    chunks = [F.floor((day + more) / CHUNK_DAYS).cast("int") for more in (0, LOOKS_BACK)]
    newest = smart_meter_readings.agg(F.max("timestamp").alias("_newest"))
    return (
        smart_meter_readings.crossJoin(F.broadcast(newest))
        .select(
            *("meter_id", "customer_id", "tariff_category", "timestamp", "reading_kwh", "account_status"),
            (F.col("sanctioned_load_kw") * MINUTES / 60).alias("may_draw_kwh"),
            "_newest",
            F.xxhash64("meter_id").alias("_meter"),
            F.explode(F.array_distinct(F.array(*chunks))).alias("_chunk"),
        )
        .withColumn("_bucket", F.pmod("_meter", F.lit(BUCKETS)))
        .groupBy("_chunk", "_bucket")
        .applyInArrow(chunk_of_bucket, from_arrow_schema(READS))
    )


def chunk_of_bucket(readings: pa.Table) -> pa.Table:
    return reads_of(readings, int(readings["_chunk"][0].as_py()))


def reads_of(readings: pa.Table, chunk: int) -> pa.Table:
    """The half-hours of some meters in one chunk of days, from reads of these and of the days before."""
    ends = readings["timestamp"].cast(pa.int64()).to_numpy() / 1e6
    newest = int(readings["_newest"].cast(pa.int64())[0].as_py() // 1_000_000)
    begins = date(1970, 1, 1) + timedelta(days=chunk * CHUNK_DAYS)
    last = min(int(local_day_numbers(np.array([newest - 1]))[0]), day_number(begins) + CHUNK_DAYS - 1)
    if last < day_number(begins):  # only days before are there
        return READS.empty_table()
    begin, day = slots_between(begins - timedelta(days=LOOKS_BACK), date(1970, 1, 1) + timedelta(days=last))
    grid = Grid(readings, ends, begin, day)
    series = with_peers(grid.series(newest), grid.tariffs)
    fails = validate(series)
    left = cleaned(series, fails)
    wanted = ~left.is_known & ((series.is_known) | missing(series)) & (day >= day_number(begins))
    return grid.rows(series, left, fails, estimate(left, wanted), day >= day_number(begins))


class Grid:
    """Reads laid to the half-hours that they are of, [meters, slots]."""

    def __init__(self, readings: pa.Table, ends: Array, begin: Array, day: Array) -> None:
        self.readings, self.begin, self.day = readings, begin, day
        names = readings["meter_id"].combine_chunks().dictionary_encode()
        self.meters, codes = names.dictionary, names.indices.to_numpy()
        seconds, slots = 60 * MINUTES, len(begin)
        # a clock that is some seconds late belongs to the half-hour that ended, not to the one that began
        slot = np.ceil((ends - OFF_GRID_SECONDS - begin[0]) / seconds).astype(np.int64) - 1
        self.row = np.flatnonzero((slot >= 0) & (slot < slots))
        place = codes[self.row].astype(np.int64) * slots + slot[self.row]
        self.place, self.shape = place, (len(self.meters), slots)
        self.off = ends[self.row] - (begin[slot[self.row]] + seconds)
        row_at = np.full(self.shape[0] * slots, -1, np.int64)
        in_time = np.argsort(ends[self.row], kind="stable")
        row_at[place[in_time]] = self.row[in_time]
        row_at = row_at.reshape(self.shape)
        heard = np.maximum.accumulate(np.where(row_at >= 0, np.arange(slots), -1), axis=1)
        self.heard = heard
        self.last_row = np.take_along_axis(row_at, np.maximum(heard, 0), axis=1)  # -1 before the first

    @property
    def tariffs(self) -> Array:
        """Of each interval, as a number; -1 where it is not known."""
        codes = self.readings["tariff_category"].combine_chunks().dictionary_encode().indices
        return self._at_last(codes.fill_null(-1).to_numpy(zero_copy_only=False), -1)

    def _at_last(self, values: Array, otherwise: float) -> Array:
        """What the last read before says, at each interval."""
        return np.where(self.last_row >= 0, values[np.maximum(self.last_row, 0)], otherwise)

    def series(self, newest: int) -> Series:
        size = self.shape[0] * self.shape[1]
        values = self.readings["reading_kwh"].to_numpy()[self.row]
        count = np.bincount(self.place, minlength=size)
        kwh, least = np.full(size, np.nan), np.full(size, np.nan)
        kwh[self.place] = least[self.place] = values
        several = count[self.place] > 1
        np.fmax.at(kwh, self.place[several], values[several])
        np.fmin.at(least, self.place[several], values[several])
        off = np.zeros(size)
        off[self.place] = self.off
        status = self.readings["account_status"].combine_chunks()
        is_closed = self._at_last(_equals(status, "CLOSED"), False)
        numbers = np.zeros(self.shape[0], np.int64)
        codes = self.place // self.shape[1]
        numbers[codes] = self.readings["_meter"].to_numpy()[self.row]
        is_recent = (self.heard >= 0) & (self.day - self.day[np.maximum(self.heard, 0)] <= HISTORY_DAYS)
        return Series(
            begin=self.begin,
            day=self.day,
            clock=clock_minutes(self.begin),
            kwh=kwh.reshape(self.shape),
            minutes=MINUTES,
            meter=numbers[:, None],
            reads=count.reshape(self.shape),
            apart_kwh=(kwh - least).reshape(self.shape),
            off_seconds=off.reshape(self.shape),
            is_active=self._at_last(_equals(status, "ACTIVE") | _is_null(status), True),
            is_expected=is_recent & ~is_closed & (self.begin + 60 * MINUTES <= newest),
            may_draw_kwh=self._at_last(self.readings["may_draw_kwh"].to_numpy(), np.nan),
        )

    def rows(
        self, series: Series, left: Series, fails: dict[str, Array], estimates: Estimates, is_stored: Array
    ) -> pa.Table:
        meter, slot = np.nonzero((series.is_known | missing(series)) & is_stored)
        at = (meter, slot)
        estimated, code, confidence = (np.full(self.shape, np.nan) for _ in range(3))
        estimated[estimates.at], code[estimates.at] = estimates.kwh, estimates.method
        confidence[estimates.at] = estimates.confidence
        gap = np.zeros(self.shape, np.int64)
        gap[estimates.at] = estimates.gap_minutes
        is_measured = left.is_known[at]
        is_estimated = ~is_measured & ~np.isnan(estimated[at])
        state = np.where(is_measured, 0, np.where(is_estimated, 1, 2))
        row = self.last_row[at]
        begin = pa.array(self.begin[slot] * 1_000_000)
        columns = {
            "meter_id": self.meters.take(pa.array(meter)),
            **{name: self.readings[name].combine_chunks().take(pa.array(row)) for name in CUSTOMER},
            "interval_begin": begin,
            "interval_end": pa.array((self.begin[slot] + 60 * MINUTES) * 1_000_000),
            "reading_date": pa.array(self.day[slot].astype(np.int32)),
            "kwh": _numbers(np.where(is_measured, series.kwh[at], estimated[at])),
            "measured_kwh": _numbers(series.kwh[at]),
            "state": pa.array([MEASURED, ESTIMATED, MISSING]).take(pa.array(state)),
            "failed_rules": _names_of(np.stack([fails[name][at] for name in RULES], axis=1)),
            "method": _text(METHODS, np.where(is_estimated, np.nan_to_num(code[at], nan=-1), -1)),
            "reason": _reasons(fails, at, ~is_measured, gap[at]),
            "confidence": _numbers(np.where(is_estimated, confidence[at], np.nan)),
        }
        return pa.table([columns[field.name].cast(field.type) for field in READS], schema=READS)


CUSTOMER = ("customer_id", "tariff_category")


def with_peers(series: Series, tariffs: Array) -> Series:
    """With what the other meters of the tariff use at each time on average, as far as it is believed."""
    kwh = cleaned(series, unbelieved(series)).kwh
    known = ~np.isnan(kwh)
    mean, count = np.full(kwh.shape, np.nan), np.zeros(kwh.shape, np.int64)
    for tariff in np.unique(tariffs[tariffs >= 0]):
        of_it = tariffs == tariff
        counted = known & of_it
        others = counted.sum(axis=0) - counted
        total = np.where(counted, kwh, 0.0).sum(axis=0) - np.where(counted, kwh, 0.0)
        means = np.divide(total, others, out=np.full(kwh.shape, np.nan), where=others > 0)
        mean, count = np.where(of_it, means, mean), np.where(of_it, others, count)
    return replace(series, peers_kwh=mean, peers=count)


def _equals(texts: pa.Array, value: str) -> Array:
    codes = texts.dictionary_encode()
    known = codes.dictionary.to_pylist()
    wanted = known.index(value) if value in known else -2
    return codes.indices.fill_null(-1).to_numpy(zero_copy_only=False) == wanted


def _is_null(texts: pa.Array) -> Array:
    return texts.is_null().to_numpy(zero_copy_only=False)


def _numbers(values: Array) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)


def _text(names: tuple[str, ...], places: Array) -> pa.Array:
    return pa.array(names).take(pa.array(places.astype(np.int64), mask=places < 0))


def _names_of(marked: Array) -> pa.ListArray:
    """The rules of each row that it fails."""
    borders = np.r_[0, np.cumsum(marked.sum(axis=1))].astype(np.int32)
    return pa.ListArray.from_arrays(
        pa.array(borders), pa.array(list(RULES)).take(pa.array(np.nonzero(marked)[1]))
    )


def _reasons(fails: dict[str, Array], at: tuple[Array, ...], is_wanted: Array, gap: Array) -> pa.Array:
    """Why a half-hour is estimated, and how long the gap is that it lies in; null where it is measured."""
    first = np.argmax(np.stack([fails[name][at] for name in NOT_BELIEVED]), axis=0)
    kinds, of_row = np.unique(first * 10_000 + gap, return_inverse=True)
    said = []
    for kind in kinds.tolist():
        rule, minutes = NOT_BELIEVED[kind // 10_000], kind % 10_000
        said.append(f"{rule}, gap of {minutes / 60:g} h" if minutes else f"{rule}, no method has data")
    return _text(tuple(said), np.where(is_wanted, of_row, -1))
