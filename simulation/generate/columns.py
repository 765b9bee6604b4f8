"""Columns drawn by the contract alone: by format, range, reference, or a name that says what it holds.

Columns are arrays. NaN and NaT are nulls, as is None among texts; instants and days are NumPy's.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from headrace.contracts.model import ColumnSpec, Contract
from simulation.arrays import Array, Columns, ids, instants
from simulation.generate.text_values import text_for
from simulation.random_draws import ANCHOR, World

WHOLE = (1.0, 9999.0)
REAL = (0.0, 1000.0)
DAYS_BEFORE_ANCHOR = 5 * 365
SCALARS = {
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float64(),
    "string": pa.string(),
    "datetime": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "bool": pa.bool_(),
}


def arrow_type(spec: ColumnSpec) -> pa.DataType:
    if spec.type == "array":
        return pa.list_(SCALARS[spec.items or "string"])
    if spec.type == "map":
        return pa.map_(SCALARS[spec.keys or "string"], SCALARS[spec.values or "string"])
    return SCALARS[spec.type]


def as_arrow(values: Any, kind: pa.DataType) -> pa.Array:
    """An array of a column as the contract wants it."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if not isinstance(values, pa.Array):
        if isinstance(values, np.ndarray) and values.dtype.kind == "M" and pa.types.is_timestamp(kind):
            values = values.astype("datetime64[us]")
        values = pa.array(values, from_pandas=True, type=kind if _is_plain(values) else None)
    if values.type == kind:
        return values
    if pa.types.is_timestamp(kind) and pa.types.is_timestamp(values.type):
        return values.cast(pa.timestamp("us")).view(pa.int64()).view(kind)
    return values.cast(kind, safe=not pa.types.is_floating(values.type))


def _is_plain(values: Any) -> bool:
    return not isinstance(values, np.ndarray) or values.dtype.kind == "O"


def with_made_columns(
    rows: Columns,
    contract: Contract,
    contracts: Mapping[str, Contract],
    world: World,
    *,
    only_listed: bool = False,
) -> dict[str, Any]:
    """The rows and their contract columns; `only_listed` limits them to those with a format or a range."""
    who = tuple(rows[name] for name in ("_index", "_n") if name in rows)
    made = dict(rows)
    for name, spec in contract.columns.items():
        if spec.expression is None and name not in rows and (not only_listed or spec.format or spec.range):
            made[name] = _made(name, spec, contract, contracts, world, who, rows)
    for name, spec in contract.columns.items():
        if spec.expression is not None and name not in rows and not only_listed:
            made[name] = evaluated(spec.expression, made, contract)
    return made


def evaluated(expression: str, rows: Columns, contract: Contract) -> pa.Array:
    """An expression of SQL over the columns of the contract."""
    named = {
        name: as_arrow(rows[name], arrow_type(spec))
        for name, spec in contract.columns.items()
        if name in rows
    }
    with duckdb.connect() as db:
        db.register("made", pa.table(named))
        return db.sql(f"SELECT {expression} AS value FROM made").to_arrow_table()["value"].combine_chunks()


def _made(
    name: str, spec: ColumnSpec, contract: Contract, contracts: Mapping[str, Contract], world: World,
    who: tuple[Array, ...], rows: Columns,
) -> Any:  # fmt: skip
    salt = f"{contract.table}.{name}"
    if name == contract.key_column and spec.type in ("int", "long", "string"):
        return key_of(spec, _ordinal(contract, world, rows))
    parent = _parent(name, spec, contracts)
    if parent is not None:
        chosen = world.integer(salt, *who, low=0, high=world.counts[parent.table] - 1)
        return key_of(parent.columns[parent.key_column], chosen)
    if name == contract.event_time or (contract.type != "dimension" and _is_first_instant(name, contract)):
        return instants(rows["_at"])
    return _drawn(name, spec, salt, world, who)


def key_of(spec: ColumnSpec, number: Array) -> Any:
    """The key with this number (from 0): whole numbers count from 1, a pattern's digits from 0."""
    if spec.type in ("int", "long"):
        return number + 1
    pattern = spec.format or "#"
    digits = pattern.count("#")
    if "|" in pattern or not digits:
        return number.astype(str)
    return ids(pattern[: pattern.index("#")], number, digits, pattern[pattern.rindex("#") + 1 :])


def _ordinal(contract: Contract, world: World, rows: Columns) -> Array:
    if contract.type == "dimension":
        return np.asarray(rows["_index"])
    senders = world.counts[contract.arrives.per] if contract.arrives.per else 1
    return np.asarray(rows["_n"] * senders + rows["_index"])


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
    found = [other for other, spec in contract.columns.items() if spec.type == "datetime"]
    return contract.event_time is None and found[:1] == [name]


def _drawn(name: str, spec: ColumnSpec, salt: str, world: World, who: tuple[Array, ...]) -> Any:
    if spec.choices:
        values = spec.allowed or spec.choices
        return world.choice(salt, *who, values=values, weights=spec.weights)
    if spec.type in ("int", "long", "float"):
        return _number(spec, salt, world, who)
    if spec.type in ("datetime", "date"):
        return _instant(spec, salt, world, who)
    if spec.type == "bool":
        return world.happens(salt, *who, rate=0.5)
    if spec.type == "array":
        item = spec.model_copy(update={"type": spec.items or "string"})
        places = [_drawn(name, item, f"{salt} {place}", world, who) for place in range(3)]
        return pa.array(list(zip(*(each.tolist() for each in places), strict=True)), arrow_type(spec))
    if spec.type == "map":
        value = ColumnSpec(type=spec.values or "string")
        places = [_drawn(name, value, f"{salt} {place}", world, who).tolist() for place in (1, 2)]
        keys = [f"{name}_{place}" for place in (1, 2)]
        return pa.array(
            [list(zip(keys, row, strict=True)) for row in zip(*places, strict=True)], arrow_type(spec)
        )
    return _patterned(spec.format, salt, world, who) if spec.format else text_for(name, salt, world, who)


def _number(spec: ColumnSpec, salt: str, world: World, who: tuple[Array, ...]) -> Array:
    low, high = _bounds(spec)
    if spec.distribution == "normal":
        value = world.normal(salt, *who, mean=(low + high) / 2, sd=(high - low) / 6).clip(low, high)
    elif spec.distribution == "exponential":
        waited = -np.log(1.0 - world.uniform(salt, *who)) / 5
        value = np.minimum(high, low + waited * (high - low))
    else:
        value = world.uniform(salt, *who, low=low, high=high)
    if spec.type != "float":
        step = int(spec.step or 1)
        return np.minimum(low + np.floor((value - low) / step + 0.5) * step, high).astype(np.int64)
    return np.round(value / spec.step) * spec.step if spec.step else np.round(value, 2)


def _bounds(spec: ColumnSpec) -> tuple[float, float]:
    if spec.range is None:
        return REAL if spec.type == "float" else WHOLE
    return float(spec.range[0]), float(spec.range[1])


def _instant(spec: ColumnSpec, salt: str, world: World, who: tuple[Array, ...]) -> Array:
    first, last = ANCHOR - timedelta(days=DAYS_BEFORE_ANCHOR), ANCHOR
    if spec.range is not None:
        first, last = (datetime.fromisoformat(str(bound)) for bound in spec.range)
    since = world.uniform(salt, *who, low=0, high=(last - first).total_seconds())
    at = np.datetime64(first, "s") + since.astype("timedelta64[s]")
    return at.astype("datetime64[D]") if spec.type == "date" else at


def _patterned(pattern: str | None, salt: str, world: World, who: tuple[Array, ...]) -> Array:
    """Random digits in place of each #."""
    text = np.full(len(who[0]), "")
    for place, letter in enumerate(pattern or ""):
        is_digit = letter == "#"
        more = world.integer(f"{salt} {place}", *who, low=0, high=9).astype(str) if is_digit else letter
        text = np.char.add(text, more)
    return text
