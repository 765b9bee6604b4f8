"""Plants faults in clean rows, as far as the contract asks for them and its columns can suffer them.

Each row draws once; the draw falls on one strike or, mostly, on none. Episodes, which befall a sender for hours, are
drawn with its blocks of time.

A source may say what its measure would look like in columns of these names: `_wrong_unit`, `_out_of_range`,
`_impossible` (the value if that fault struck; null: it cannot), `_typical` and `_spread` (around what and how
far the measure usually moves), `_least` (it never shows less, unless that is the fault), `_steps` (how many
steps of the instrument make one).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.contracts.schema import spark_type
from simulation.generate.writers import csv_of, line_of
from simulation.random_draws import World

AIM = "_aim"
SPIKE_SPREADS = (8.0, 20.0)
DRIFT_SPREADS = (4.0, 10.0)
NUMBERS = ("int", "long", "float")
NOISE = "#ERR 0x1F"
OVERTAKEN = (12, 6)
"""A row out of order is delayed by so many intervals of its table, and up to so many more: each sender has sent others
by then."""


@dataclass(frozen=True)
class Strike:
    """One way to spoil a row: a kind of fault, the column it hits and the value that stands there then.

    `applies`: the rows that it can hit (None: all). `rate`: its share of the rows.
    """

    kind: str
    column: str | None = None
    instead: Column | None = None
    applies: Column | None = None
    rate: float = 0.0


def strikes_of(contract: Contract, columns: Sequence[str]) -> list[Strike]:
    """All strikes of a contract, each with its share of its kind's rate. Episodes are not among them."""
    drawn_with_blocks = ("late", "duplicate") if "_second" in columns else ()
    strikes: list[Strike] = []
    for kind, rate in contract.faults.items():
        if rate > 0 and kind not in drawn_with_blocks:
            ways = list(_ways(kind, contract, columns))
            strikes += [replace(way, rate=rate / len(ways)) for way in ways]
    return strikes


def _ways(kind: str, contract: Contract, columns: Sequence[str]) -> Iterator[Strike]:
    if kind == "out_of_order":
        if contract.arrives.landed <= contract.arrives.every:  # within a file rows have no order to be out of
            yield Strike(kind)
    elif kind in ("late", "duplicate") or (kind == "malformed" and contract.arrives.files in ("csv", "json")):
        yield Strike(kind)
    elif kind == "missing":
        for name in _needed(contract):
            yield Strike(kind, name, F.lit(None), F.col(name).isNotNull())
    elif kind == "orphan":
        for name in _foreign_keys(contract):
            yield Strike(kind, name, _unknown_key(contract, name), F.col(name).isNotNull())
    elif kind == "spike" and contract.measure and "_spread" in columns:
        yield Strike(kind, contract.measure, _spike(contract.measure, "_least" in columns))
    elif f"_{kind}" in columns and contract.measure:
        instead = F.col(f"_{kind}")
        yield Strike(kind, contract.measure, instead, instead.isNotNull())
    else:
        yield from _ways_of_numbers(kind, contract)


def _needed(contract: Contract) -> list[str]:
    """The columns of which a missing value is a fault of its own kind."""
    if contract.measure:
        return [contract.measure]
    needed = (name for name, spec in contract.columns.items() if spec.required and not spec.references)
    return [name for name in needed if name not in (contract.key_column, contract.event_time)]


def _foreign_keys(contract: Contract) -> list[str]:
    keys = [name for name, spec in contract.columns.items() if spec.references]
    return keys[:1] if contract.measure else keys


def _unknown_key(contract: Contract, name: str) -> Column:
    if contract.columns[name].type == "string":
        return F.regexp_replace(F.col(name), "[0-9]([0-9]*)$", "X$1")
    return -F.col(name)


def _ways_of_numbers(kind: str, contract: Contract) -> Iterator[Strike]:
    for name, spec in contract.columns.items():
        low, high = spec.possible or (None, None)
        is_there = F.col(name).isNotNull()
        if kind == "wrong_unit" and spec.mistaken:
            yield Strike(kind, name, F.expr(spec.mistaken), is_there)
        elif kind == "impossible" and (low is not None or high is not None):
            yield Strike(kind, name, _beyond(low, high), is_there)
        elif kind == "out_of_range" and high is not None and _is_numeric_range(spec.range):
            usual = float(spec.range[1])  # type: ignore[index]
            if usual < high:
                yield Strike(
                    kind, name, F.lit(usual) + (F.lit(0.05) + F.col(AIM) * 0.9) * (high - usual), is_there
                )


def _is_numeric_range(bounds: tuple[object, object] | None) -> bool:
    return bounds is not None and isinstance(bounds[1], int | float)


def _beyond(low: float | None, high: float | None) -> Column:
    below = None if low is None else F.lit(low - 1.0) - F.floor(F.col(AIM) * 9999)
    above = None if high is None else F.lit(high) + F.floor((F.col(AIM) + 1) * max(abs(high), 1.0)) + 1.0
    if below is None or above is None:
        return above if below is None else below  # type: ignore[return-value]
    return F.when(F.col(AIM) < 0.5, below).otherwise(above)


def _spike(measure: str, has_least: bool) -> Column:
    value = F.col(measure) + F.col("_spread") * _either_way(F.col(AIM), SPIKE_SPREADS)
    return F.greatest(value, F.col("_least")) if has_least else value


def _either_way(even: Column, sizes: tuple[float, float]) -> Column:
    """A size between the two, up or down, from a number that is even in [0, 1)."""
    low, high = sizes
    doubled = even * 2
    direction = F.when(doubled < 1, F.lit(1.0)).otherwise(F.lit(-1.0))
    return direction * (F.lit(low) + (doubled % 1) * (high - low))


def with_episodes(rows: DataFrame, contract: Contract) -> DataFrame:
    """Lets instruments stick and drift."""
    measure = contract.measure
    if measure is None or "_spread" not in rows.columns:
        return rows
    value, second = F.col(measure), F.col("_second")
    if "_drift_from" in rows.columns:
        size = _either_way(F.col("_drift_strength"), DRIFT_SPREADS)
        part = (second - F.col("_drift_from")) / (F.col("_drift_to") - F.col("_drift_from"))
        inside = (second >= F.col("_drift_from")) & (second < F.col("_drift_to"))
        drifted = value + size * part * F.col("_spread")
        if "_least" in rows.columns:
            drifted = F.greatest(drifted, F.col("_least"))
        value = F.when(inside, drifted).otherwise(value)
    if "_stuck_from" in rows.columns:
        frozen = F.col("_typical") + (F.col("_stuck_strength") * 2 - 1) * F.col("_spread")
        inside = (second >= F.col("_stuck_from")) & (second < F.col("_stuck_to"))
        value = F.when(inside, frozen).otherwise(value)
    return rows.withColumn(measure, value)


def with_strikes(rows: DataFrame, contract: Contract, strikes: Sequence[Strike], world: World) -> DataFrame:
    """Adds `_strike` (its number, null for none) and `_was`, and spoils the columns that are hit.

    A row draws `_roll`, which chooses the strike, and `_aim`, which chooses among what the strike may do.
    """
    who = ("_index", "_second") if "_second" in rows.columns else (contract.key_column, F.col("_at"))
    salt = f"{contract.table} fault"
    drawn = rows.select(
        "*", world.uniform(salt, *who).alias("_roll"), world.uniform(f"{salt} aim", *who).alias(AIM)
    )
    struck = drawn.select("*", _strike_number(strikes).alias("_strike"))
    hit = {strike.column for strike in strikes if strike.column}
    spoiled = [
        _spoiled(name, contract, strikes).alias(name) if name in hit else F.col(name) for name in rows.columns
    ]
    return struck.select(*spoiled, "_strike", "_roll", AIM, _was(strikes).alias("_was"))


def _was(strikes: Sequence[Strike]) -> Column:
    """The value that was there before, as text."""
    was = F.lit(None).cast("string")
    for number, strike in enumerate(strikes):
        if strike.column:
            was = F.when(F.col("_strike") == number, F.col(strike.column).cast("string")).otherwise(was)
    return was


def _strike_number(strikes: Sequence[Strike]) -> Column:
    roll = F.col("_roll")
    total = sum(strike.rate for strike in strikes)
    number = F.when(roll >= F.lit(total), F.lit(None).cast("int"))
    bound = 0.0
    for place, strike in enumerate(strikes):
        bound += strike.rate
        chosen = F.lit(place) if strike.applies is None else F.when(strike.applies, F.lit(place))
        number = number.when(roll < F.lit(bound), chosen)
    return number


def _spoiled(name: str, contract: Contract, strikes: Sequence[Strike]) -> Column:
    kind = spark_type(contract.columns[name])
    spoiled = F.col(name)
    for number, strike in enumerate(strikes):
        if strike.column == name and strike.instead is not None:
            spoiled = F.when(F.col("_strike") == number, strike.instead.cast(kind)).otherwise(spoiled)
    unharmed = F.col("_strike").isNull()
    return F.when(unharmed, F.col(name)).otherwise(spoiled)


def with_steps(rows: DataFrame, contract: Contract) -> DataFrame:
    """Rounds the measure to steps of its instrument, a wrong value as well."""
    if contract.measure is None or "_steps" not in rows.columns:
        return rows
    shown = F.rint(F.col(contract.measure) * F.col("_steps")) / F.col("_steps")
    return rows.withColumn(contract.measure, shown)


def with_broken_lines(rows: DataFrame, contract: Contract, strikes: list[Strike]) -> DataFrame:
    """Adds `_raw`: the text of a malformed line, null for all others."""
    kinds = [strike.kind for strike in strikes]
    if contract.arrives.files not in ("csv", "json") or "malformed" not in kinds:
        return rows.withColumn("_raw", F.lit(None).cast("string"))
    is_broken = F.col("_strike") == kinds.index("malformed")
    return rows.withColumn("_raw", F.when(is_broken, _broken_line(contract, F.col(AIM))))


def _broken_line(contract: Contract, aim: Column) -> Column:
    """The row's line cut short, garbled, or with text where numbers belong, as `aim` (even in [0, 1)) says."""
    line = line_of(contract)
    cut = F.left(line, F.floor(F.length(line) * (F.lit(0.2) + aim)).cast("int"))
    return F.when(aim < 0.4, cut).when(aim < 0.7, _garbled(contract, line)).otherwise(_mistyped(contract))


def _garbled(contract: Contract, line: Column) -> Column:
    if contract.arrives.files == "csv":
        return F.concat(F.lit(NOISE), F.translate(line, ",", ";"))
    return F.translate(line, ':"', ";'")


def _mistyped(contract: Contract) -> Column:
    """A word in every number's place."""
    if contract.arrives.files == "csv":
        columns = (
            F.lit("n/a").alias(name) if spec.type in NUMBERS else F.col(name)
            for name, spec in contract.columns.items()
        )
        return csv_of(F.struct(*columns))
    return F.regexp_replace(line_of(contract), '":-?[0-9][0-9.eE+-]*', '":"n/a"')


def with_sending(rows: DataFrame, contract: Contract, strikes: Sequence[Strike]) -> DataFrame:
    """Adds `_sent_at`, the instant of the file that carries the row, and second copies of duplicates."""
    kinds = [strike.kind for strike in strikes]
    if "_copy" not in rows.columns:
        rows = _with_copies(rows, kinds.index("duplicate") if "duplicate" in kinds else None)
    at = (
        F.col("_second")
        if "_second" in rows.columns
        else F.col("_sent" if "_sent" in rows.columns else "_at").cast("long")
    )
    delay = _delay(rows.columns, contract, kinds)
    sent = at if delay is None else at + F.coalesce(delay, F.lit(0)).cast("long")
    if contract.type != "dimension":
        landed = int(contract.arrives.landed.total_seconds())
        sent = (F.floor(sent / landed) + 1) * landed
    return rows.withColumn("_sent_at", F.timestamp_seconds(sent))


def _with_copies(rows: DataFrame, duplicate: int | None) -> DataFrame:
    if duplicate is None:
        return rows.withColumn("_copy", F.lit(False))
    twice = F.when(F.col("_strike") == duplicate, F.array(F.lit(False), F.lit(True))).otherwise(
        F.array(F.lit(False))
    )
    return rows.select("*", F.explode(twice).alias("_copy"))


def _delay(columns: Sequence[str], contract: Contract, kinds: Sequence[str]) -> Column | None:
    """Seconds by which a row is late. A second copy follows up to an interval later, or in the same snapshot: alone it
    would be a snapshot in which all others are missing."""
    landed = contract.arrives.landed.total_seconds()
    latest = contract.late.total_seconds() if contract.late else 2 * landed
    follows = 0.0 if contract.arrives.sends == "snapshot" else landed
    delay = F.when(F.col("_copy"), F.col(AIM) * follows)
    if "out_of_order" in kinds:
        overtaken = contract.arrives.every.total_seconds() * (F.lit(OVERTAKEN[0]) + F.col(AIM) * OVERTAKEN[1])
        is_struck = F.col("_strike") == kinds.index("out_of_order")
        delay = F.when(is_struck & ~F.col("_copy"), overtaken).otherwise(delay)
    if "_late_from" in columns:
        inside = (F.col("_second") >= F.col("_late_from")) & (F.col("_second") < F.col("_late_to"))
        return F.when(
            inside, F.lit(landed) + F.col("_late_strength") * max(0.0, latest - 2 * landed)
        ).otherwise(delay)
    if "late" in kinds:
        return F.when(
            F.col("_strike") == kinds.index("late"), F.lit(landed) + F.col(AIM) * max(0.0, latest - landed)
        ).otherwise(delay)
    return delay
