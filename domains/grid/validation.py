"""Rules that the reads of meters have to pass, as meter data management knows them, in NumPy.

Each rule takes the series of some meters and returns a mask of the intervals that fail it. The last axis is time, so
one meter's series and that of thousands of meters are the same to a rule. No rule reads what a meter says of itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

Array = np.ndarray

DIFFER_KWH = 0.001  # reads of one interval that differ by no more say the same
ZERO_KWH, ZERO_HOURS, USES_KWH = 0.0, 24, 0.05
TIMES_USUAL, TIMES_SANCTIONED, LEAST_SPIKE_KWH = 4.0, 1.2, 5.0
FEW_READINGS, SPIKE_OF_FEW_KWH = 8, 50.0  # where a day's usual interval is not known
HIGH_TIMES, LOW_SHARE, DIFFER_DAY_KWH, HISTORY_DAYS, FEWEST_DAYS = 3.0, 0.25, 2.0, 14, 4
SAME_HOURS, RUN_LEAST_KWH = 6, 0.05
OFF_GRID_SECONDS = 60
INACTIVE_KWH = 0.1
SUM_SHARE, SUM_KWH, MOSTLY_RIGHT = 0.02, 0.1, 0.8
SIBLING_TIMES, SIBLING_FEWEST = 5.0, 5
PROLONGED_DAYS = 7
REPLACED_SHARE, REPLACED_KWH = 0.2, 0.5
DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class Series:
    """Intervals of some meters; the last axis is time. What is None is not known, and its rule fails nothing."""

    begin: Array
    """Seconds of UTC, evenly spaced, [slots]; so are the next two."""
    day: Array
    """Local days since 1970, ascending."""
    clock: Array
    """Minutes since local midnight by the clock on the wall."""
    kwh: Array
    """NaN where no read came, [..., slots]; so are all that follow, where nothing else is said."""
    minutes: int = 30
    meter: Array | None = None
    """A number of its own for each meter, [..., 1]."""
    reads: Array | None = None
    """How many came of the interval."""
    apart_kwh: Array | None = None
    """The greatest of these less the least."""
    off_seconds: Array | None = None
    """How far the end of the read lies behind that of the interval."""
    sent_minutes: Array | None = None
    is_active: Array | None = None
    """Whether the account is active."""
    is_expected: Array | None = None
    """Whether the meter is in service."""
    register: Array | None = None
    """The reading of the register at the end of the interval; NaN where there is none."""
    peers_kwh: Array | None = None
    """The mean of the other meters of the tariff."""
    peers: Array | None = None
    """How many these are."""
    estimate_before: Array | None = None
    """The estimate that the read takes the place of; NaN where there was none."""
    day_kwh: Array | None = None
    """The total of each day as sent, [..., days]."""
    parent_kwh: Array | None = None
    """The meter above."""
    siblings_kwh: Array | None = None
    """All other meters below that one."""
    may_draw_kwh: Array | None = None
    """Of an interval, by contract."""
    unit: Array | None = None
    """As sent, [..., 1]; so are the next three."""
    right_unit: Array | None = None
    multiplier: Array | None = None
    right_multiplier: Array | None = None

    @property
    def starts(self) -> Array:
        """Where each local day begins."""
        return np.flatnonzero(np.r_[True, self.day[1:] != self.day[:-1]])

    @property
    def sizes(self) -> Array:
        """The intervals of each local day."""
        return np.diff(np.r_[self.starts, len(self.day)])

    @property
    def is_known(self) -> Array:
        return ~np.isnan(self.kwh)

    def by_day(self, values: Array) -> Array:
        """Sums of each local day, [..., days]."""
        return np.add.reduceat(values, self.starts, axis=-1)

    def to_intervals(self, of_days: Array) -> Array:
        """What holds for a day, at each of its intervals."""
        return np.repeat(of_days, self.sizes, axis=-1)

    def in_days(self, values: Array) -> Array:
        """The intervals of each day in a row of their own, [..., days, intervals of the longest day]; NaN behind the
        end of shorter ones."""
        width = int(self.sizes.max())
        if (self.sizes == width).all():
            return values.reshape(*values.shape[:-1], -1, width)
        rows = np.full((*values.shape[:-1], len(self.starts), width), np.nan)
        number = np.repeat(np.arange(len(self.starts)), self.sizes)
        rows[..., number, np.arange(len(self.day)) - self.starts[number]] = values
        return rows

    def nothing(self) -> Array:
        return np.zeros(self.kwh.shape, bool)


def missing(series: Series) -> Array:
    """No read came of an interval in which the meter is in service."""
    return ~series.is_known if series.is_expected is None else ~series.is_known & series.is_expected


def duplicate(series: Series) -> Array:
    """Several reads came of one interval, and they differ."""
    if series.reads is None or series.apart_kwh is None:
        return series.nothing()
    return (series.reads > 1) & (series.apart_kwh > DIFFER_KWH)


def zero(series: Series) -> Array:
    """A meter that used something before shows nothing for a day or longer."""
    is_zero = series.kwh <= ZERO_KWH
    long = run_lengths(is_zero, series) >= ZERO_HOURS * 60 // series.minutes
    return is_zero & long & (usual_day(series) / _a_day(series) > USES_KWH)


def negative(series: Series) -> Array:
    """The read is below zero, which a meter of consumption never is."""
    return series.kwh < 0


def spike(series: Series) -> Array:
    """The read is many times the day's usual one, and more than the connection may draw."""
    rows = series.in_days(np.where(series.kwh < 0, np.nan, series.kwh))
    median, count = medians(rows)
    usual = np.maximum(TIMES_USUAL * median, LEAST_SPIKE_KWH)
    usual = np.where(count < FEW_READINGS, SPIKE_OF_FEW_KWH, usual)
    allowed = 0.0 if series.may_draw_kwh is None else np.nan_to_num(series.may_draw_kwh)
    return (series.kwh > series.to_intervals(usual)) & (series.kwh > TIMES_SANCTIONED * allowed)


def high(series: Series) -> Array:
    """The day's energy is many times that of the days before."""
    day, usual = day_totals(series), usual_days(series)
    return series.to_intervals((day > HIGH_TIMES * usual) & (day - usual > DIFFER_DAY_KWH)) & series.is_known


def low(series: Series) -> Array:
    """The day's energy is a small part of that of the days before."""
    day, usual = day_totals(series), usual_days(series)
    return series.to_intervals((day < LOW_SHARE * usual) & (usual - day > DIFFER_DAY_KWH)) & series.is_known


def consecutive(series: Series) -> Array:
    """The meter shows one and the same value, not near zero, for hours."""
    same = np.zeros(series.kwh.shape, bool)
    same[..., 1:] = (series.kwh[..., 1:] == series.kwh[..., :-1]) & (series.kwh[..., 1:] > RUN_LEAST_KWH)
    long = same & (run_lengths(same, series) + 1 >= SAME_HOURS * 60 // series.minutes)
    is_first = long[..., 1:] & ~same[..., :-1]
    long[..., :-1] |= is_first & (
        series.day[1:] == series.day[:-1]
    )  # the first of a run equals none before it
    return long


def interval_size(series: Series) -> Array:
    """The read is of a longer or shorter time than an interval, or of one that ends elsewhere."""
    fails = series.nothing()
    if series.sent_minutes is not None:
        fails |= series.is_known & (series.sent_minutes != series.minutes)
    if series.off_seconds is not None:
        fails |= series.is_known & (np.abs(series.off_seconds) > OFF_GRID_SECONDS)
    return fails


def unit(series: Series) -> Array:
    """The reads come in another unit than the one that the meter is known to have."""
    return _unlike(series, series.unit, series.right_unit)


def multiplier(series: Series) -> Array:
    """The reads come with another multiplier than that of the meter's transformers."""
    return _unlike(series, series.multiplier, series.right_multiplier)


def inactive_meter(series: Series) -> Array:
    """Energy is drawn behind a meter whose account is not active."""
    return series.nothing() if series.is_active is None else ~series.is_active & (series.kwh > INACTIVE_KWH)


def sum_check(series: Series) -> Array:
    """All intervals are known between two readings of the register, or of a day whose total was sent, and do not make
    up the total."""
    fails = series.nothing()
    if series.register is not None:
        total, summed, is_whole = between_readings(series, series.kwh)
        fails |= is_whole & _apart(total, summed)
    if series.day_kwh is not None:
        summed = series.by_day(np.nan_to_num(series.kwh))
        is_whole = series.by_day(series.is_known.astype(np.int64)) == series.sizes
        fails |= series.to_intervals(is_whole & _apart(series.day_kwh, summed))
    return fails


def believed_totals(series: Series) -> Array:
    """The totals of days as sent, NaN where the meter's whole days before did not make up theirs, or where a total is
    many times that of the days before: its unit or its multiplier may be wrong, and no gap is to be filled by it."""
    assert series.day_kwh is not None
    is_whole = series.by_day(series.is_known.astype(np.int64)) == series.sizes
    agrees = ~_apart(series.day_kwh, series.by_day(np.nan_to_num(series.kwh)))
    known = np.where(is_whole & ~np.isnan(series.day_kwh), agrees.astype(float), np.nan)
    is_right = before(known, HISTORY_DAYS, FEWEST_DAYS) >= MOSTLY_RIGHT
    is_usual = series.day_kwh <= HIGH_TIMES * usual_days(series) + DIFFER_DAY_KWH
    return np.where(is_right & is_usual, series.day_kwh, np.nan)


def sibling(series: Series) -> Array:
    """The day is far from that of the other meters of the tariff, where it was near to them on the days before."""
    if series.peers_kwh is None or series.peers is None:
        return series.nothing()
    both = series.is_known & ~np.isnan(series.peers_kwh) & (series.peers >= SIBLING_FEWEST)
    own = series.by_day(np.where(both, series.kwh, 0.0))
    others = series.by_day(np.where(both, np.nan_to_num(series.peers_kwh), 0.0))
    ratio = np.divide(own, others, out=np.full(own.shape, np.nan), where=others > 0)
    usual = before(ratio, HISTORY_DAYS, FEWEST_DAYS)
    is_far = (ratio > SIBLING_TIMES * usual) | (ratio < usual / SIBLING_TIMES)
    return series.to_intervals(is_far & (np.abs(ratio - usual) * others > DIFFER_DAY_KWH)) & series.is_known


def prolonged_estimation(series: Series) -> Array:
    """No read has come for so long that somebody has to look at the meter."""
    gone = missing(series)
    return gone & (run_so_far(gone) >= PROLONGED_DAYS * DAY_MINUTES // series.minutes)


def final_replaces_estimate(series: Series) -> Array:
    """A read came in the place of an estimate that was far from it."""
    if series.estimate_before is None:
        return series.nothing()
    difference = np.abs(series.kwh - series.estimate_before)
    return (difference > REPLACED_SHARE * np.abs(series.kwh)) & (difference > REPLACED_KWH)


Rule = Callable[[Series], Array]
RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        *(missing, duplicate, zero, negative, spike, high, low, consecutive, interval_size, unit, multiplier),
        *(inactive_meter, sum_check, sibling, prolonged_estimation, final_replaces_estimate),
    )
}
NOT_BELIEVED = ("missing", "duplicate", "negative", "spike", "consecutive", "unit", "multiplier")
"""Rules whose intervals are estimated. What fails any other is kept, and named."""


def validate(series: Series) -> dict[str, Array]:
    """Each rule with the intervals that fail it. Rules that look at totals and histories are given the reads that the
    others leave."""
    fails = unbelieved(series)
    left = cleaned(series, fails)
    others = {name: rule(left) for name, rule in RULES.items() if name not in NOT_BELIEVED}
    by_reads = {rule.__name__: rule(series) for rule in (interval_size, prolonged_estimation)}
    return fails | others | by_reads


def unbelieved(series: Series) -> dict[str, Array]:
    """The rules whose intervals are estimated, each with the intervals that fail it."""
    return {name: RULES[name](series) for name in NOT_BELIEVED}


def cleaned(series: Series, fails: dict[str, Array]) -> Series:
    """With the reads alone that are believed."""
    gone = np.logical_or.reduce([fails[name] for name in NOT_BELIEVED])
    return replace(series, kwh=np.where(gone, np.nan, series.kwh))


def run_so_far(mask: Array) -> Array:
    """How many intervals in a row, up to this one, are marked."""
    place = np.arange(1, mask.shape[-1] + 1)
    return place * mask - np.maximum.accumulate(np.where(mask, 0, place), axis=-1) * mask


def run_lengths(mask: Array, series: Series) -> Array:
    """How many intervals the run has that each marked one is in, as far as it is known when its day ends: what comes
    on the next day changes nothing of a day. 0 at others."""
    so_far = run_so_far(mask)
    still = run_so_far(mask[..., ::-1])[..., ::-1]
    to_end = series.to_intervals(series.starts + series.sizes) - np.arange(len(series.day))
    return np.where(mask, so_far + np.minimum(still, to_end) - 1, 0)


def medians(rows: Array) -> tuple[Array, Array]:
    """Of the known values along the last axis, and how many these are."""
    ranked = np.sort(rows, axis=-1)  # NaN last
    count = (~np.isnan(rows)).sum(axis=-1)
    low, high = np.maximum(count - 1, 0) // 2, np.maximum(count, 1) // 2
    high = np.minimum(high, np.maximum(count - 1, 0))
    middle = [np.take_along_axis(ranked, at[..., None], axis=-1)[..., 0] for at in (low, high)]
    return (middle[0] + middle[1]) / 2, count


def day_totals(series: Series) -> Array:
    """Energy of each local day, gaps filled by the mean of the rest; NaN where less than half of it is known."""
    count = series.by_day(series.is_known.astype(np.int64))
    total = series.by_day(np.nan_to_num(series.kwh))
    whole = np.divide(total * series.sizes, count, out=np.full(total.shape, np.nan), where=count > 0)
    return np.where(2 * count >= series.sizes, whole, np.nan)


def usual_days(series: Series) -> Array:
    """The mean day of the fortnight before each."""
    return before(day_totals(series), HISTORY_DAYS, FEWEST_DAYS)


def usual_day(series: Series) -> Array:
    """At each interval, the mean day of the fortnight before."""
    return series.to_intervals(usual_days(series))


def before(of_days: Array, days: int, fewest: int) -> Array:
    """The mean over some days before each day; NaN where fewer are known."""
    known = ~np.isnan(of_days)
    gathered = [_window(each, days) for each in (np.where(known, of_days, 0.0), known.astype(float))]
    return np.divide(
        gathered[0], gathered[1], out=np.full(of_days.shape, np.nan), where=gathered[1] >= fewest
    )


def _window(values: Array, length: int) -> Array:
    """The sum over so many places before each."""
    sums = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
    np.cumsum(values, axis=-1, out=sums[..., 1:])
    places = np.arange(values.shape[-1])
    return sums[..., places] - sums[..., np.maximum(places - length, 0)]


def between_readings(series: Series, kwh: Array) -> tuple[Array, Array, Array]:
    """At each interval between two readings of the register: the energy between these, the known part of it, and
    whether all of it is known. Elsewhere NaN, NaN and False."""
    register = series.register
    assert register is not None
    shape, slots = kwh.shape, kwh.shape[-1]
    flat, of_register = kwh.reshape(-1, slots), np.broadcast_to(register, shape).reshape(-1, slots)
    total, summed, is_whole = (np.full(flat.shape, np.nan) for _ in range(3))
    for meter in range(len(flat)):
        ends = np.flatnonzero(~np.isnan(of_register[meter]))
        for first, last in pairwise(ends):
            inside = slice(first + 1, last + 1)
            total[meter, inside] = of_register[meter, last] - of_register[meter, first]
            summed[meter, inside] = np.nansum(flat[meter, inside])
            is_whole[meter, inside] = not np.isnan(flat[meter, inside]).any()
    return total.reshape(shape), summed.reshape(shape), (is_whole == 1).reshape(shape)


def _apart(total: Array, summed: Array) -> Array:
    return np.abs(total - summed) > np.maximum(SUM_SHARE * np.abs(total), SUM_KWH)


def _unlike(series: Series, sent: Array | None, right: Array | None) -> Array:
    if sent is None or right is None:
        return series.nothing()
    return series.is_known & np.broadcast_to(sent != right, series.kwh.shape)


def _a_day(series: Series) -> Array:
    return series.to_intervals(series.sizes)
