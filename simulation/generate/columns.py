"""Columns drawn by the contract alone: by format, range, reference, or a name that says what it holds."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from headrace.contracts.model import ColumnSpec, Contract
from headrace.contracts.schema import spark_type
from simulation.generate.text_values import text_for
from simulation.random_draws import ANCHOR, World

WHOLE = (1.0, 9999.0)
REAL = (0.0, 1000.0)
DAYS_BEFORE_ANCHOR = 5 * 365


def with_made_columns(
    row_index: DataFrame,
    contract: Contract,
    contracts: Mapping[str, Contract],
    world: World,
    *,
    only_listed: bool = False,
) -> DataFrame:
    """The row index and its contract columns; `only_listed` limits them to those with a format or a range."""
    who = tuple(name for name in ("_index", "_n") if name in row_index.columns)
    made = {
        name: _made(name, spec, contract, contracts, world, who).cast(spark_type(spec)).alias(name)
        for name, spec in contract.columns.items()
        if spec.expression is None and (not only_listed or _is_listed(spec))
    }
    rows = row_index.select("*", *(column for name, column in made.items() if name not in row_index.columns))
    for name, spec in contract.columns.items():
        if spec.expression is not None and name not in row_index.columns and not only_listed:
            rows = rows.withColumn(name, F.expr(spec.expression).cast(spark_type(spec)))
    return rows


def _is_listed(spec: ColumnSpec) -> bool:
    return bool(spec.format or spec.range)


def _made(
    name: str,
    spec: ColumnSpec,
    contract: Contract,
    contracts: Mapping[str, Contract],
    world: World,
    who: tuple[str, ...],
) -> Column:
    salt = f"{contract.table}.{name}"
    if name == contract.key_column and spec.type in ("int", "long", "string"):
        return key_of(spec, _ordinal(contract, world))
    parent = _parent(name, spec, contracts)
    if parent is not None:
        chosen = world.integer(salt, *who, low=0, high=world.counts[parent.table] - 1)
        return key_of(parent.columns[parent.key_column], chosen)
    if name == contract.event_time or (contract.type != "dimension" and _is_first_instant(name, contract)):
        return F.col("_at")
    return _drawn(name, spec, salt, world, who)


def key_of(spec: ColumnSpec, number: Column) -> Column:
    """The key with this number (from 0): whole numbers count from 1, a pattern's digits from 0."""
    if spec.type in ("int", "long"):
        return number + 1
    pattern = spec.format or "#"
    digits = pattern.count("#")
    if "|" in pattern or not digits:
        return number.cast("string")
    before, after = pattern[: pattern.index("#")], pattern[pattern.rindex("#") + 1 :]
    figures = number.cast("string")
    padded = F.when(F.length(figures) < digits, F.lpad(figures, digits, "0")).otherwise(figures)
    return F.concat(F.lit(before), padded, F.lit(after))


def _ordinal(contract: Contract, world: World) -> Column:
    if contract.type == "dimension":
        return F.col("_index")
    senders = world.counts[contract.arrives.per] if contract.arrives.per else 1
    return F.col("_n") * senders + F.col("_index")


def _parent(name: str, spec: ColumnSpec, contracts: Mapping[str, Contract]) -> Contract | None:
    """The dimension that a column refers to, by what it says or by the name of its key."""
    if spec.references:
        found = contracts[spec.references.partition(".")[0]]
        return found if found.type == "dimension" else None
    if not name.endswith("_id") or spec.format:
        return None
    owners = [found for found in contracts.values() if found.type == "dimension" and found.key_column == name]
    return owners[0] if owners else None


def _is_first_instant(name: str, contract: Contract) -> bool:
    instants = [other for other, spec in contract.columns.items() if spec.type == "datetime"]
    return contract.event_time is None and instants[:1] == [name]


def _drawn(name: str, spec: ColumnSpec, salt: str, world: World, who: tuple[str, ...]) -> Column:
    if spec.choices:
        return world.choice(salt, *who, values=spec.choices, weights=spec.weights)
    if spec.type in ("int", "long", "float"):
        return _number(spec, salt, world, who)
    if spec.type in ("datetime", "date"):
        return _instant(spec, salt, world, who)
    if spec.type == "bool":
        return world.happens(salt, *who, rate=0.5)
    if spec.type == "array":
        return F.array(*(_drawn(name, _item(spec), f"{salt} {place}", world, who) for place in range(3)))
    if spec.type == "map":
        keys = F.array(*(F.lit(f"{name}_{place}") for place in (1, 2)))
        value = ColumnSpec(type=spec.values or "string")
        values = F.array(*(_drawn(name, value, f"{salt} {place}", world, who) for place in (1, 2)))
        return F.map_from_arrays(keys, values)
    return _patterned(spec.format, salt, world, who) if spec.format else text_for(name, salt, world, who)


def _item(spec: ColumnSpec) -> ColumnSpec:
    return spec.model_copy(update={"type": spec.items or "string"})


def _number(spec: ColumnSpec, salt: str, world: World, who: tuple[str, ...]) -> Column:
    low, high = _bounds(spec)
    if spec.distribution == "normal":
        middle, sd = (low + high) / 2, (high - low) / 6
        value = F.greatest(F.lit(low), F.least(F.lit(high), world.normal(salt, *who, mean=middle, sd=sd)))
    elif spec.distribution == "exponential":
        waited = -F.log(F.lit(1.0) - world.uniform(salt, *who)) / 5
        value = F.least(F.lit(high), F.lit(low) + waited * F.lit(high - low))
    else:
        value = world.uniform(salt, *who, low=low, high=high)
    if spec.type != "float":
        step = int(spec.step or 1)
        return F.least(F.lit(low) + F.floor((value - low) / step + 0.5) * step, F.lit(high))
    return F.round(value / spec.step) * spec.step if spec.step else F.round(value, 2)


def _bounds(spec: ColumnSpec) -> tuple[float, float]:
    if spec.range is None:
        return REAL if spec.type == "float" else WHOLE
    return float(spec.range[0]), float(spec.range[1])


def _instant(spec: ColumnSpec, salt: str, world: World, who: tuple[str, ...]) -> Column:
    first, last = ANCHOR - timedelta(days=DAYS_BEFORE_ANCHOR), ANCHOR
    if spec.range is not None:
        first, last = (datetime.fromisoformat(str(bound)) for bound in spec.range)
    span = world.uniform(salt, *who, low=0, high=(last - first).total_seconds())
    start = (first - datetime(1970, 1, 1)).total_seconds()
    return F.timestamp_seconds(F.floor(span + start))


def _patterned(pattern: str | None, salt: str, world: World, who: tuple[str, ...]) -> Column:
    """Random digits in place of each #."""
    parts: list[Column] = []
    for place, letter in enumerate(pattern or ""):
        is_digit = letter == "#"
        parts.append(world.integer(f"{salt} {place}", *who, low=0, high=9) if is_digit else F.lit(letter))
    return F.concat(*parts) if parts else F.lit("")
