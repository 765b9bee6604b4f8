"""Every half-hour that a meter owes, validated, and estimated where no read came or none that can be believed.

A day is made of its own reads and those of the fortnight before, so a read that comes late takes the place of its
estimate when its day is made again. A meter owes its half-hours from its first read until it has been silent for a
fortnight, or until its account is closed. What the meter says of itself is not read.

Files of the industry say how good their reads are. One that was measured there holds before that of the head-end, one
that was estimated or substituted there holds where the head-end has none, and is not estimated anew.

What a meter's register counted from midnight to midnight is held against the half-hours of the day, and is what
estimates add up to, if the register agreed with the days before.
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from domains.grid.estimation import METHODS, Estimates, estimate
from domains.grid.local_intervals import clock_minutes, date_of, local_day_numbers, slots_between
from domains.grid.local_time import local_day_before
from domains.grid.validation import (
    HISTORY_DAYS,
    NOT_BELIEVED,
    OFF_GRID_SECONDS,
    RULES,
    Array,
    Series,
    believed_totals,
    cleaned,
    missing,
    unbelieved,
    validate,
)
from headrace.tables import Replace, Table

LOOKS_BACK = (
    HISTORY_DAYS + 1
)  # the day before the fortnight, too: a value that stays the same may have begun in it

SOURCES = ("smart_meter_readings", "interval_reads", "register_reads")
TABLE = Table(
    key=("meter_id", "interval_end"),
    partition="reading_date",
    cluster=("meter_id", "interval_end"),
    write=Replace(
        follows=dict.fromkeys(SOURCES, "reading_date"), looks_back=dict.fromkeys(SOURCES, LOOKS_BACK)
    ),
    description="Half-hours of each meter as measured or estimated, with the rules they fail and how sure they are.",
)

MINUTES = 30
CHUNK_DAYS = 28  # that a worker makes at once, of a bucket of meters
BUCKETS = 16
LONGEST_GAP = 1_000_000  # minutes: no gap is as long
MEASURED, ESTIMATED, MISSING = "MEASURED", "ESTIMATED", "MISSING"
FINAL, OF_HEAD_END, OF_ESTIMATE = range(3)
"""Reads of a half-hour, the one that holds before the others first: measured by a file, by the head-end, estimated by a
file."""
USED = ("E", "import")
"""How channels begin that count what is used."""
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


def validated_reads(
    smart_meter_readings: DataFrame, interval_reads: DataFrame, register_reads: DataFrame
) -> DataFrame:
    nothing = F.lit(None).cast("string")
    of_head_end = smart_meter_readings.withColumns(
        {"_rank": F.lit(OF_HEAD_END), "_minutes": F.lit(MINUTES), "_method": nothing, "_reason": nothing}
    ).select(*READ)
    reads = of_head_end.unionByName(half_hours_of(interval_reads))
    newest = reads.agg(F.max("timestamp").alias("_newest"))
    described = reads.crossJoin(F.broadcast(newest)).select(
        *(name for name in READ if name != "sanctioned_load_kw"),
        (F.col("sanctioned_load_kw") * MINUTES / 60).alias("may_draw_kwh"),
        "_newest",
    )
    sides = (in_chunks(described), in_chunks(day_totals(register_reads)))
    of_reads, of_registers = (side.groupBy("_chunk", "_bucket") for side in sides)
    return of_reads.cogroup(of_registers).applyInArrow(chunk_of_bucket, from_arrow_schema(READS))


def in_chunks(rows: DataFrame) -> DataFrame:
    """Each row in the chunk of its day, and in the one after it where its day is looked back at."""
    day = F.unix_date("reading_date")
    chunks = [F.floor((day + more) / CHUNK_DAYS).cast("int") for more in (0, LOOKS_BACK)]
    return rows.select(
        "*",
        F.xxhash64("meter_id").alias("_meter"),
        F.explode(F.array_distinct(F.array(*chunks))).alias("_chunk"),
    ).withColumn("_bucket", F.pmod("_meter", F.lit(BUCKETS)))


def day_totals(register_reads: DataFrame) -> DataFrame:
    """What the register of a meter counted on each day at whose beginning and end it was read."""
    in_order = Window.partitionBy("meter_id").orderBy("read_at")
    before, day_before = (F.lag(name).over(in_order) for name in ("register_kwh", "reading_date"))
    return register_reads.select(
        *("meter_id", "reading_date"),
        (F.col("register_kwh") - before).alias("day_kwh"),
        F.datediff("reading_date", day_before).alias("_days"),
    ).where("_days = 1")


OWNER = ("customer_id", "tariff_category", "sanctioned_load_kw", "account_status")
READ = (
    *("meter_id", *OWNER, "timestamp", "reading_kwh", "reading_date"),
    *("_rank", "_minutes", "_method", "_reason"),
)


def half_hours_of(interval_reads: DataFrame) -> DataFrame:
    """What is used in each half-hour that all its channels know; of a longer interval each has an even part."""
    parts, begin = (
        F.greatest(F.col("minutes") / MINUTES, F.lit(1)).cast("int"),
        F.unix_timestamp("interval_begin"),
    )
    is_used = F.col("channel").startswith(USED[0]) | (F.col("channel") == USED[1])
    is_known = F.col("kwh").isNotNull() & (F.col("quality") != "MISSING")
    code = F.coalesce(F.concat(F.lit(" "), "reason"), F.lit(""))
    said = {
        "method": F.coalesce("method", F.lit("not said")),
        "reason": F.concat(F.lit("file: "), F.lower("quality"), code),
    }
    pieces = (
        interval_reads.where(is_used)
        .select(
            *("meter_id", *OWNER, "channel", "minutes"),
            *(F.when(F.col("quality") != "MEASURED", each).alias(name) for name, each in said.items()),
            F.when(is_known, F.col("kwh") / parts).alias("_kwh"),
            F.when(F.col("quality") == "MEASURED", FINAL).otherwise(OF_ESTIMATE).alias("_quality"),
            F.explode(F.sequence(F.lit(0), parts - 1)).alias("_part"),
            begin.alias("_begin"),
        )
        .withColumn("_end", 60 * MINUTES * (F.floor(F.col("_begin") / (60 * MINUTES)) + F.col("_part") + 1))
    )
    worst = F.max_by(F.struct("method", "reason"), F.col("_quality")).alias("_worst")
    last = [F.max_by(name, "_begin").alias(name) for name in OWNER]
    of_channel = pieces.groupBy("meter_id", "_end", "channel").agg(
        F.sum("_kwh").alias("_kwh"),
        F.sum(F.when(F.col("_kwh").isNotNull(), F.least("minutes", F.lit(MINUTES)))).alias("_known"),
        *(F.max(name).alias(name) for name in ("minutes", "_quality")),
        worst,
        *last,
        F.max("_begin").alias("_begin"),
    )
    whole = of_channel.groupBy("meter_id", "_end").agg(
        F.sum("_kwh").alias("reading_kwh"),
        F.min(F.coalesce("_known", F.lit(0))).alias("_known"),
        F.max("_quality").alias("_rank"),
        F.when(F.max("minutes") > MINUTES, F.max("minutes")).otherwise(MINUTES).alias("_minutes"),
        F.max_by("_worst", "_quality").alias("_worst"),
        *last,
    )
    return (
        whole.where(F.col("_known") == MINUTES)
        .withColumn("timestamp", F.timestamp_seconds("_end"))
        .withColumns({"_method": F.col("_worst.method"), "_reason": F.col("_worst.reason")})
        .withColumn("reading_date", local_day_before("timestamp"))
        .select(*READ)
    )


def chunk_of_bucket(readings: pa.Table, totals: pa.Table) -> pa.Table:
    if not readings.num_rows:
        return READS.empty_table()
    return reads_of(readings, int(readings["_chunk"][0].as_py()), totals)


def reads_of(readings: pa.Table, chunk: int, totals: pa.Table | None = None) -> pa.Table:
    """The half-hours of some meters in one chunk of days, from reads of these and of the days before, and the totals of
    their days by their registers."""
    ends = readings["timestamp"].cast(pa.int64()).to_numpy() / 1e6
    newest = int(readings["_newest"].cast(pa.int64())[0].as_py() // 1_000_000)
    made = chunk * CHUNK_DAYS
    last = min(_local_day(newest - 1), made + CHUNK_DAYS - 1)
    if last < made:  # only days before are there
        return READS.empty_table()
    earliest = _local_day(int(ends.min()) - OFF_GRID_SECONDS - 1)  # days before the first read say nothing
    first = min(max(earliest, made - LOOKS_BACK), made)
    begin, day = slots_between(date_of(first), date_of(last))
    grid = Grid(readings, ends, begin, day)
    series = with_peers(grid.series(newest), grid.tariffs)
    if totals is not None and totals.num_rows:
        series = replace(series, day_kwh=grid.totals(series, totals))
    fails = validate(series)
    left = cleaned(series, fails)
    if left.day_kwh is not None:
        left = replace(left, day_kwh=believed_totals(left))
    wanted = ~left.is_known & ((series.is_known) | missing(series)) & (day >= made)
    return grid.rows(series, left, fails, estimate(left, wanted), day >= made)


def _local_day(instant: int) -> int:
    return int(local_day_numbers(np.array([instant]))[0])


class Grid:
    """Reads laid to the half-hours that they are of, [meters, slots]."""

    def __init__(self, readings: pa.Table, ends: Array, begin: Array, day: Array) -> None:
        self.readings, self.begin, self.day = readings, begin, day
        names = readings["meter_id"].combine_chunks().dictionary_encode()
        self.meters, codes = names.dictionary, names.indices.to_numpy()
        seconds, slots = 60 * MINUTES, len(begin)
        # a clock that is some seconds late belongs to the half-hour that ended, not to the one that began
        slot = np.ceil((ends - OFF_GRID_SECONDS - begin[0]) / seconds).astype(np.int64) - 1
        self.shape = (len(self.meters), slots)
        self.row, place = _that_hold(
            np.flatnonzero((slot >= 0) & (slot < slots)),
            codes.astype(np.int64) * slots + slot,
            readings["_rank"].to_numpy(),
            self.shape[0] * slots,
        )
        self.place = place
        self.off = ends[self.row] - (begin[slot[self.row]] + seconds)
        row_at = np.full(self.shape[0] * slots, -1, np.int64)
        in_time = np.argsort(ends[self.row], kind="stable")
        row_at[place[in_time]] = self.row[in_time]
        row_at = self.row_at = row_at.reshape(self.shape)
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
            sent_minutes=self._at(self.readings["_minutes"].to_numpy(), MINUTES),
        )

    def _at(self, values: Array, otherwise: float) -> Array:
        """What the read of each interval says."""
        return np.where(self.row_at >= 0, values[np.maximum(self.row_at, 0)], otherwise)

    def totals(self, series: Series, totals: pa.Table) -> Array:
        """Of each meter and day, by its register; NaN where it was not read at both ends."""
        found = np.full((self.shape[0], len(series.starts)), np.nan)
        days = series.day[series.starts]
        meter = pc.index_in(totals["meter_id"], self.meters).to_numpy()
        day = totals["reading_date"].cast(pa.int32()).to_numpy() - days[0]
        there = ~np.isnan(meter) & (day >= 0) & (day < len(days))
        found[meter[there].astype(np.int64), day[there]] = totals["day_kwh"].to_numpy()[there]
        return found

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
        holds = left.is_known[at]
        by_file = holds & (self._at(self.readings["_rank"].to_numpy(), OF_HEAD_END)[at] == OF_ESTIMATE)
        is_estimated = ~holds & ~np.isnan(estimated[at])
        state = np.where(holds & ~by_file, 0, np.where(is_estimated | by_file, 1, 2))
        row, own = self.last_row[at], pa.array(np.where(by_file, self.row_at[at], -1), mask=~by_file)
        begin = pa.array(self.begin[slot] * 1_000_000)
        columns = {
            "meter_id": self.meters.take(pa.array(meter)),
            **{name: self.readings[name].combine_chunks().take(pa.array(row)) for name in CUSTOMER},
            "interval_begin": begin,
            "interval_end": pa.array((self.begin[slot] + 60 * MINUTES) * 1_000_000),
            "reading_date": pa.array(self.day[slot].astype(np.int32)),
            "kwh": _numbers(np.where(holds, series.kwh[at], estimated[at])),
            "measured_kwh": _numbers(np.where(by_file, np.nan, series.kwh[at])),
            "state": pa.array([MEASURED, ESTIMATED, MISSING]).take(pa.array(state)),
            "failed_rules": _names_of(np.stack([fails[name][at] for name in RULES], axis=1)),
            "method": pc.coalesce(
                self.readings["_method"].combine_chunks().take(own),
                _text(METHODS, np.where(is_estimated, np.nan_to_num(code[at], nan=-1), -1)),
            ),
            "reason": pc.coalesce(
                self.readings["_reason"].combine_chunks().take(own), _reasons(fails, at, ~holds, gap[at])
            ),
            "confidence": _numbers(np.where(is_estimated, confidence[at], np.nan)),
        }
        return pa.table([columns[field.name].cast(field.type) for field in READS], schema=READS)


CUSTOMER = ("customer_id", "tariff_category")


def _that_hold(row: Array, place: Array, rank: Array, size: int) -> tuple[Array, Array]:
    """Of the reads of one half-hour those of the best rank that there is, and the half-hours that they are of."""
    best = np.full(size, OF_ESTIMATE)
    np.minimum.at(best, place[row], rank[row])
    kept = row[rank[row] == best[place[row]]]
    return kept, place[kept]


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
    kinds, of_row = np.unique(first * LONGEST_GAP + gap, return_inverse=True)
    said = []
    for kind in kinds.tolist():
        rule, minutes = NOT_BELIEVED[kind // LONGEST_GAP], kind % LONGEST_GAP
        said.append(f"{rule}, gap of {minutes / 60:g} h" if minutes else f"{rule}, no method has data")
    return _text(tuple(said), np.where(is_wanted, of_row, -1))
