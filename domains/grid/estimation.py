"""How intervals are estimated whose read is missing or not believed, in NumPy.

Each method takes the series of some meters, with the reads alone that are believed, and returns what each interval
would be by it; NaN where the method cannot say. `estimate` takes at each gap the method that errs least. How far a
method errs is measured on the same meters and days: known intervals are hidden and estimated (`backtest`).

What comes on a later day changes no estimate of a day, so a day that is made again alone becomes what it would become
together with all others.
"""

from dataclasses import dataclass, replace

import numpy as np

from domains.grid.validation import (
    DAY_MINUTES,
    HISTORY_DAYS,
    Array,
    Series,
    between_readings,
    run_lengths,
    usual_day,
)

INTERPOLATION_MINUTES = 120
WEEK = 7
NEAREST_FEWEST = 8  # known intervals that a day has to share with another to be compared
PROFILE_RATIOS = (0.02, 50.0)
UP_TO_MINUTES = (120, 360, 720)  # the classes of gaps; longer ones are the last
HIDDEN_MINUTES = (60, 240, 600, 1440)  # of each class, what the backtest hides
HIDDEN_SHARE = 0.1  # of the days of a meter, for each length
BELIEVED_AS = 50  # hidden intervals that weigh as much as what was measured beforehand

INTERPOLATION, LIKE_DAY, AVERAGING, PROXY_DAY, PROFILE, PRORATION, SUBTRACTIVE, SCALED, PROFILE_SCALED = (
    METHODS
) = (
    *("interpolation", "like_day", "averaging", "proxy_day", "profile", "proration", "subtractive"),
    *("gap_with_scalar", "profile_scaled_to_register"),
)


def interpolation(series: Series) -> Array:
    """Gaps of at most two hours, by the straight line from the read before to the read after on the same day."""
    known, slots = series.is_known, series.kwh.shape[-1]
    place = np.broadcast_to(np.arange(slots), known.shape)
    left = np.maximum.accumulate(np.where(known, place, -1), axis=-1)
    right = np.minimum.accumulate(np.where(known, place, slots)[..., ::-1], axis=-1)[..., ::-1]
    is_short = (left >= 0) & (right < slots) & ((right - left - 1) * series.minutes <= INTERPOLATION_MINUTES)
    left, right = np.maximum(left, 0), np.minimum(right, slots - 1)
    is_short &= series.day[right] == series.day
    begin, end = (np.take_along_axis(series.kwh, each, axis=-1) for each in (left, right))
    share = (place - left) / np.maximum(right - left, 1)
    return np.where(is_short, begin + share * (end - begin), np.nan)


def like_day(series: Series) -> Array:
    """The same time on the same weekday of the week before, else of the week before that."""
    by_clock = on_the_clock(series, series.kwh)
    last, one_before = (earlier(by_clock, each * WEEK) for each in (1, 2))
    return to_slots(series, np.where(np.isnan(last), one_before, last))


def averaging(series: Series) -> Array:
    """The mean of the same time on the days of the same type, workday or weekend, of the fortnight before."""
    by_clock = on_the_clock(series, series.kwh)
    is_known, is_weekend = ~np.isnan(by_clock), weekdays(series) >= 5
    means = np.full(by_clock.shape, np.nan)
    for days in (is_weekend, ~is_weekend):
        taken = is_known & days[:, None]
        total = _sum_before(np.where(taken, by_clock, 0.0))
        count = _sum_before(taken.astype(float))
        of_type = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0.5)
        means[..., days, :] = of_type[..., days, :]
    return to_slots(series, means)


def proxy_day(series: Series) -> Array:
    """The same time on that day of the fortnight before which is nearest to what is known of the day."""
    by_clock = on_the_clock(series, series.kwh)
    nearest = np.full(by_clock.shape[:-1], np.inf)
    taken = np.full(by_clock.shape, np.nan)
    for lag in range(1, HISTORY_DAYS + 1):
        other = earlier(by_clock, lag)
        apart = np.abs(by_clock - other)
        both = ~np.isnan(apart)
        count = both.sum(axis=-1)
        distance = np.where(both, apart, 0.0).sum(axis=-1) / np.maximum(count, 1)
        is_nearer = (count >= NEAREST_FEWEST) & (distance < nearest)
        nearest = np.where(is_nearer, distance, nearest)
        taken = np.where(is_nearer[..., None], other, taken)
    return to_slots(series, taken)


def profile(series: Series) -> Array:
    """The mean of the tariff's meters at the time, as large as the meter was beside them in the fortnight before."""
    if series.peers_kwh is None:
        return np.full(series.kwh.shape, np.nan)
    both = series.is_known & ~np.isnan(series.peers_kwh)
    own, others = (series.by_day(np.where(both, each, 0.0)) for each in (series.kwh, series.peers_kwh))
    own, others = (_sum_before(each[..., None])[..., 0] for each in (own, others))
    ratio = np.divide(own, others, out=np.full(own.shape, np.nan), where=others > 0)
    return series.peers_kwh * series.to_intervals(np.clip(ratio, *PROFILE_RATIOS))


def subtractive(series: Series) -> Array:
    """What the meter above measured, less what all others below it did."""
    if series.parent_kwh is None or series.siblings_kwh is None:
        return np.full(series.kwh.shape, np.nan)
    return np.maximum(np.broadcast_to(series.parent_kwh - series.siblings_kwh, series.kwh.shape), 0.0)


def proration(series: Series) -> Array:
    """What the register says of a gap, else the usual day, spread evenly over the time."""
    usual = usual_day(series) / series.to_intervals(series.sizes)
    even = scaled_to_total(series, np.where(series.is_known, series.kwh, 1.0))
    return np.where(np.isnan(even), usual, even)


def gap_with_scalar(series: Series) -> Array:
    """The shape of the days of the same type, as large as the register or the day's total says of the gap."""
    return scaled_to_total(series, averaging(series))


def profile_scaled_to_register(series: Series) -> Array:
    """The shape of the tariff's meters, as large as the register or the day's total says of the gap."""
    return scaled_to_total(series, profile(series))


def scaled_to_total(series: Series, shape: Array) -> Array:
    """A shape whose sum over the unknown intervals is what a total leaves for them; NaN where no total is known, where
    the known intervals exceed it, or where the shape has a hole."""
    scaled = np.full(series.kwh.shape, np.nan)
    if series.day_kwh is not None:
        unknown = np.where(series.is_known, 0.0, shape)
        left = series.day_kwh - series.by_day(np.nan_to_num(series.kwh))
        scaled = unknown * series.to_intervals(_factor(left, series.by_day(unknown)))
    if series.register is not None:
        left, whole, _ = _left_by_register(series, shape)
        by_register = shape * _factor(left, whole)
        scaled = np.where(np.isnan(by_register), scaled, by_register)
    return scaled


FUNCTIONS = {
    function.__name__: function
    for function in (
        *(interpolation, like_day, averaging, proxy_day, profile, proration, subtractive, gap_with_scalar),
        profile_scaled_to_register,
    )
}
BY_TOTAL = (SCALED, PROFILE_SCALED)
BEFOREHAND = {
    INTERPOLATION: (0.29, np.nan, np.nan, np.nan),
    LIKE_DAY: (0.41, 0.43, 0.47, 0.41),
    AVERAGING: (0.33, 0.34, 0.39, 0.34),
    PROXY_DAY: (0.40, 0.42, 0.47, 0.60),
    PROFILE: (0.28, 0.29, 0.33, 0.28),
    PRORATION: (0.65, 0.66, 0.69, 0.65),
    SUBTRACTIVE: (0.05, 0.05, 0.05, 0.05),
    SCALED: (0.18, 0.28, 0.34, 0.32),
    PROFILE_SCALED: (0.14, 0.23, 0.29, 0.26),
}
"""The mean error of each method by the class of the gap, as a share of the meter's mean interval: over a thousand
simulated meters; of the subtractive one, by the classes of accuracy of meters. It holds where a day has too few known
intervals to measure it."""


@dataclass(frozen=True)
class Errors:
    """How far each method errs, as a share of the meter's mean interval: [method, class of gap, day]; and of how many
    hidden intervals that is the mean."""

    share: Array
    hidden: Array


@dataclass(frozen=True)
class Estimates:
    """At each interval that was to be estimated and could be: its place, as indices of the series' axes, the estimate,
    the method as its place in METHODS, the length of the gap in minutes, and the confidence, which is 1 less the error
    that was measured."""

    at: tuple[Array, ...]
    kwh: Array
    method: Array
    gap_minutes: Array
    confidence: Array


def estimate(series: Series, wanted: Array, errors: Errors | None = None) -> Estimates:
    """The best estimate of each interval that is wanted. A total that is known goes before everything else, since the
    bill is then right whatever the shape is, and all that a day misses is of one shape then; after it goes the method
    that errs least."""
    errors = errors or backtest(series)
    at = np.nonzero(wanted)
    gap = gap_minutes(series)[at]
    expected = _trusted(errors)[:, class_of(gap), _day_numbers(series)[at[-1]]]
    best = np.full(len(gap), np.inf)
    value, method = np.full(len(gap), np.nan), np.full(len(gap), -1)
    has_total = ~np.isnan(scaled_to_total(series, np.ones(series.kwh.shape)))[at]
    expected = np.where(has_total, _mean_of_days(series, at, expected), expected)
    for number, name in enumerate(METHODS):
        said = FUNCTIONS[name](series)[at]
        keeps_total = has_total if name in (*BY_TOTAL, PRORATION) else False
        cost = np.where(np.isnan(said), np.inf, expected[number] - np.where(keeps_total, 10.0, 0.0))
        is_better = cost < best
        best, value = np.where(is_better, cost, best), np.where(is_better, said, value)
        method = np.where(is_better, number, method)
    found = method >= 0
    error = expected[np.maximum(method, 0), np.arange(len(gap))]
    confidence = np.clip(1 - error, 0.0, 1.0)
    return Estimates(
        tuple(each[found] for each in at), *(each[found] for each in (value, method, gap, confidence))
    )


def _mean_of_days(series: Series, at: tuple[Array, ...], errors: Array) -> Array:
    """[method, interval]: the mean over the wanted intervals of a meter's day."""
    meter = np.ravel_multi_index(at[:-1], series.kwh.shape[:-1]) if len(at) > 1 else np.zeros(len(at[0]), int)
    _, of_day = np.unique(meter * len(series.starts) + _day_numbers(series)[at[-1]], return_inverse=True)
    count = np.bincount(of_day)
    return (
        np.stack([(np.bincount(of_day, each) / count)[of_day] for each in errors]) if len(of_day) else errors
    )


def backtest(series: Series, seed: int = 0) -> Errors:
    """Hides gaps of known intervals, of each length on other days, and estimates them by each method."""
    classes, days = len(HIDDEN_MINUTES), len(series.starts)
    hidden, size = hide(series, seed), series.to_intervals(_mean_of_day(series))
    is_whole = series.by_day(series.is_known.astype(np.int64)) == series.sizes
    totals = np.where(is_whole, series.by_day(np.nan_to_num(series.kwh)), np.nan)
    with_total = replace(series, kwh=np.where(hidden >= 0, np.nan, series.kwh), day_kwh=totals, register=None)
    blind = replace(with_total, day_kwh=None)
    at = np.nonzero((hidden >= 0) & (size > 0))
    of_class_and_day = hidden[at] * days + _day_numbers(series)[at[-1]]
    total, count = np.zeros((2, len(METHODS), classes * days))
    for place, name in enumerate(METHODS if len(at[0]) else ()):
        said = FUNCTIONS[name](with_total if name in BY_TOTAL else blind)[at]
        off = np.abs(said - series.kwh[at]) / size[at]
        is_said = ~np.isnan(off)
        total[place] = np.bincount(of_class_and_day[is_said], off[is_said], classes * days)
        count[place] = np.bincount(of_class_and_day[is_said], minlength=classes * days)
    share = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return Errors(*(each.reshape(len(METHODS), classes, days) for each in (share, count)))


def hide(series: Series, seed: int) -> Array:
    """Of known intervals the length of the gap in which they are hidden, by its place in HIDDEN_MINUTES; -1 of others.
    A day of a meter has at most one gap, the same one on each call, whatever other days there are."""
    width = int(series.sizes.max())
    days = series.day[series.starts]
    count = int(np.prod(series.kwh.shape[:-1], dtype=int))
    meters = np.arange(count) if series.meter is None else series.meter.reshape(-1)
    drawn = _drawn(meters[:, None], days[None, :], seed)
    kind = (drawn & 1023) // int(1024 * HIDDEN_SHARE)
    kind = np.where(kind < len(HIDDEN_MINUTES), kind, -1)
    length = np.array([*HIDDEN_MINUTES, 0])[kind] // series.minutes
    first = (drawn >> 10) % np.maximum(1, width - length + 1)
    number = _day_numbers(series)
    within = np.arange(len(series.day)) - series.starts[number]
    inside = (within >= first[:, number]) & (within < (first + length)[:, number])
    return np.where(
        inside.reshape(series.kwh.shape) & series.is_known, kind[:, number].reshape(series.kwh.shape), -1
    )


def gap_minutes(series: Series) -> Array:
    """How long the gap is that each unknown interval lies in, as far as its day; 0 at known ones."""
    return run_lengths(~series.is_known, series) * series.minutes


def class_of(minutes: Array) -> Array:
    return np.searchsorted(UP_TO_MINUTES, minutes, side="left")


def weekdays(series: Series) -> Array:
    """Of each local day, from Monday on; the first of January 1970 was a Thursday."""
    return (series.day[series.starts] + 3) % WEEK


def on_the_clock(series: Series, values: Array) -> Array:
    """[..., days, times of the clock on the wall]. A time that a day has twice is the mean of both, one that it leaves
    out is NaN."""
    width = DAY_MINUTES // series.minutes
    if (series.sizes == width).all() and (series.clock[series.starts] // series.minutes == 0).all():
        return values.reshape(*values.shape[:-1], -1, width)
    number, time = _day_numbers(series), series.clock // series.minutes
    first, last = (np.full((*values.shape[:-1], len(series.starts), width), np.nan) for _ in range(2))
    last[..., number, time] = values
    first[..., number[::-1], time[::-1]] = values[..., ::-1]
    mean = (first + last) / 2
    return np.where(np.isnan(mean), np.where(np.isnan(first), last, first), mean)


def to_slots(series: Series, by_clock: Array) -> Array:
    """The intervals of what `on_the_clock` has."""
    return by_clock[..., _day_numbers(series), series.clock // series.minutes]


def earlier(by_clock: Array, days: int) -> Array:
    """So many days before, at each day."""
    moved = np.full(by_clock.shape, np.nan)
    if days < by_clock.shape[-2]:
        moved[..., days:, :] = by_clock[..., :-days, :]
    return moved


def _sum_before(by_clock: Array) -> Array:
    """Over the fortnight before each day."""
    sums = np.zeros((*by_clock.shape[:-2], by_clock.shape[-2] + 1, by_clock.shape[-1]))
    np.cumsum(by_clock, axis=-2, out=sums[..., 1:, :])
    days = np.arange(by_clock.shape[-2])
    return sums[..., days, :] - sums[..., np.maximum(days - HISTORY_DAYS, 0), :]


def _left_by_register(series: Series, shape: Array) -> tuple[Array, Array, Array]:
    """Between two readings of the register: what the known intervals leave of the total, the sum of the shape over the
    others, and whether all is known."""
    total, known, is_whole = between_readings(series, series.kwh)
    _, whole, has_no_hole = between_readings(series, np.where(series.is_known, 0.0, shape))
    return total - known, np.where(has_no_hole, whole, np.nan), is_whole


def _factor(left: Array, whole: Array) -> Array:
    is_sound = (left >= 0) & (whole > 0)
    return np.divide(left, whole, out=np.full(np.shape(left), np.nan), where=is_sound)


def _trusted(errors: Errors) -> Array:
    """What was measured, drawn towards what was measured beforehand where few intervals could be hidden."""
    beforehand = np.array([BEFOREHAND[name] for name in METHODS])[:, :, None]
    measured = np.where(errors.hidden > 0, errors.share, 0.0)
    return (errors.hidden * measured + BELIEVED_AS * beforehand) / (errors.hidden + BELIEVED_AS)


def _mean_of_day(series: Series) -> Array:
    count = series.by_day(series.is_known.astype(float))
    return series.by_day(np.nan_to_num(series.kwh)) / np.maximum(count, 1)


def _day_numbers(series: Series) -> Array:
    return np.repeat(np.arange(len(series.starts)), series.sizes)


def _drawn(meters: Array, days: Array, seed: int) -> Array:
    """Numbers that look random, of each meter and day."""
    with np.errstate(over="ignore"):
        mixed = (
            meters.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
            ^ days.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
        ) + np.uint64(seed + 1) * np.uint64(0xD6E8FEB86659FD93)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(32)
    return (mixed >> np.uint64(2)).astype(np.int64)
