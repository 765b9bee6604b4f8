"""Plants faults in clean rows, as far as the contract asks for them and its columns can suffer them.

Each row draws once; the draw falls on one strike or, mostly, on none. Episodes, which befall a sender for hours, are
drawn with its blocks of time.

A source may say what its measure would look like in columns of these names: `_wrong_unit`, `_out_of_range`,
`_impossible` (the value if that fault struck; NaN: it cannot), `_typical` and `_spread` (around what and how
far the measure usually moves), `_least` (it never shows less, unless that is the fault), `_steps` (how many
steps of the instrument make one).
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.contracts.model import ColumnSpec, Contract
from simulation.arrays import Array, Columns, Gathered, gathered
from simulation.generate.blocks import Episodes
from simulation.generate.columns import arrow_type, as_arrow, evaluated

SPIKE_SPREADS = (8.0, 20.0)
DRIFT_SPREADS = (4.0, 10.0)
NUMBERS = ("int", "long", "float")
NOISE = "#ERR 0x1F"
OVERTAKEN = (12, 6)
"""A row out of order is delayed by so many intervals of its table, and up to so many more: each sender has sent others
by then."""
Instead = Callable[[Columns, Array], Any]


@dataclass(frozen=True)
class Strike:
    """One way to spoil a row: a kind of fault, the column it hits, and what stands there then, of the rows that are hit
    and of a draw in [0, 1) each (None: nothing). `rate`: its share of the rows."""

    kind: str
    column: str | None = None
    instead: Instead | None = None
    rate: float = 0.0


def chance_of(contract: Contract) -> float:
    """The share of rows that may be struck, at most."""
    return sum(contract.faults.values())


def strikes_of(contract: Contract, columns: Columns) -> list[Strike]:
    """All strikes of a contract, each with its share of its kind's rate. Episodes are not among them."""
    strikes: list[Strike] = []
    for kind, rate in contract.faults.items():
        if rate > 0 and not (kind == "late" and "_second" in columns):
            ways = list(_ways(kind, contract, columns))
            strikes += [replace(way, rate=rate / len(ways)) for way in ways]
    return strikes


def _ways(kind: str, contract: Contract, columns: Columns) -> Iterator[Strike]:
    if kind == "out_of_order":
        if contract.arrives.landed <= contract.arrives.every:  # within a file rows have no order to be out of
            yield Strike(kind)
    elif kind in ("late", "duplicate") or (kind == "malformed" and contract.arrives.files in ("csv", "json")):
        yield Strike(kind)
    elif kind == "missing":
        for name in _needed(contract):
            yield Strike(kind, name)
    elif kind == "orphan":
        for name in _foreign_keys(contract):
            yield Strike(kind, name, _unknown_key(name))
    elif kind == "spike" and contract.measure and "_spread" in columns:
        yield Strike(kind, contract.measure, _spike(contract.measure))
    elif f"_{kind}" in columns and contract.measure:
        yield Strike(kind, contract.measure, _given(f"_{kind}"))
    else:
        yield from _ways_of_numbers(kind, contract)


def _given(name: str) -> Instead:
    return lambda rows, _: rows[name]


def _needed(contract: Contract) -> list[str]:
    """The columns of which a missing value is a fault of its own kind."""
    if contract.measure:
        return [contract.measure]
    needed = (name for name, spec in contract.columns.items() if spec.required and not spec.references)
    return [name for name in needed if name not in (contract.key_column, contract.event_time)]


def _foreign_keys(contract: Contract) -> list[str]:
    keys = [name for name, spec in contract.columns.items() if spec.references]
    return keys[:1] if contract.measure else keys


def _unknown_key(name: str) -> Instead:
    def unknown(rows: Columns, _: Array) -> Any:
        keys = as_arrow(rows[name], pa.string()).to_pylist() if _is_text(rows[name]) else None
        if keys is None:
            return -np.asarray(rows[name])
        return [key and re.sub(r"[0-9]([0-9]*)$", r"X\1", key) for key in keys]

    return unknown


def _is_text(values: Any) -> bool:
    return values.dtype.kind in "OU" if isinstance(values, np.ndarray) else pa.types.is_string(values.type)


def _ways_of_numbers(kind: str, contract: Contract) -> Iterator[Strike]:
    for name, spec in contract.columns.items():
        low, high = spec.possible or (None, None)
        if kind == "wrong_unit" and spec.mistaken:
            yield Strike(kind, name, _mistaken(spec, contract))
        elif kind == "impossible" and (low is not None or high is not None):
            yield Strike(kind, name, _beyond(low, high))
        elif kind == "out_of_range" and high is not None and _is_numeric_range(spec.range):
            usual = float(spec.range[1])  # type: ignore[index]
            if usual < high:
                yield Strike(kind, name, _unusual(usual, high))


def _mistaken(spec: ColumnSpec, contract: Contract) -> Instead:
    return lambda rows, _: evaluated(str(spec.mistaken), rows, contract)


def _unusual(usual: float, high: float) -> Instead:
    return lambda _, aim: usual + (0.05 + aim * 0.9) * (high - usual)


def _is_numeric_range(bounds: tuple[object, object] | None) -> bool:
    return bounds is not None and isinstance(bounds[1], int | float)


def _beyond(low: float | None, high: float | None) -> Instead:
    def beyond(_: Columns, aim: Array) -> Array:
        is_below = high is None or (low is not None) & (aim < 0.5)
        below = (low or 0.0) - 1.0 - np.floor(aim * 9999)
        above = (high or 0.0) + np.floor((aim + 1) * max(abs(high or 0.0), 1.0)) + 1.0
        return np.where(is_below, below, above)

    return beyond


def _spike(measure: str) -> Instead:
    def spike(rows: Columns, aim: Array) -> Array:
        value = rows[measure] + rows["_spread"] * _either_way(aim, SPIKE_SPREADS)
        return np.maximum(value, rows["_least"]) if "_least" in rows else np.asarray(value)

    return spike


def _either_way(even: Array, sizes: tuple[float, float]) -> Array:
    """A size between the two, up or down, from numbers that are even in [0, 1)."""
    low, high = sizes
    doubled = even * 2
    return np.where(doubled < 1, 1.0, -1.0) * (low + (doubled % 1) * (high - low))


def with_episodes(
    rows: dict[str, Any], contract: Contract, second: Array, episodes: Mapping[str, Episodes]
) -> dict[str, Any]:
    """Lets instruments stick and drift."""
    measure = contract.measure
    if measure is None or "_spread" not in rows:
        return rows
    value = rows[measure].copy()
    drift = episodes.get("drift")
    if drift is not None and len(drift.of):
        at = drift.of
        part = (second[at] - drift.begin) / (drift.end - drift.begin)
        drifted = value[at] + _either_way(drift.strength, DRIFT_SPREADS) * part * rows["_spread"][at]
        value[at] = np.maximum(drifted, rows["_least"][at]) if "_least" in rows else drifted
    stuck = episodes.get("stuck")
    if stuck is not None and len(stuck.of):
        at = stuck.of
        value[at] = rows["_typical"][at] + (stuck.strength * 2 - 1) * rows["_spread"][at]
    return {**rows, measure: value}


@dataclass(frozen=True)
class Struck:
    """Rows with their faults. `strike`: the number of what struck each of them, -1 for none; `was`: the text of what
    stood there before."""

    rows: dict[str, Any]
    strike: Array
    aim: Array
    was: Array


def struck_by(
    strikes: Sequence[Strike], rows: dict[str, Any], contract: Contract, roll: Array, aim: Array
) -> Struck:
    """Rows with the columns that are hit spoiled; `roll` chooses the strike of each, `aim` among what it may do."""
    bounds = np.cumsum([each.rate for each in strikes])
    strike, was = np.full(len(roll), -1, np.int16), np.full(len(roll), None, object)
    likely = np.flatnonzero(roll < bounds[-1]) if len(bounds) else np.empty(0, np.int64)
    strike[likely] = np.searchsorted(bounds, roll[likely], side="right")
    changes: dict[str, list[tuple[Array, pa.Array]]] = {}
    for number, each in enumerate(strikes):
        if each.column is None:
            continue
        at, kind = likely[strike[likely] == number], arrow_type(contract.columns[each.column])
        hit = Gathered(rows, at)
        before = as_arrow(hit[each.column], kind)
        after = (
            pa.nulls(len(at), kind) if each.instead is None else as_arrow(each.instead(hit, aim[at]), kind)
        )
        fits = before.is_valid() if each.instead is None else pc.and_(before.is_valid(), after.is_valid())
        chosen = np.flatnonzero(fits.to_numpy(zero_copy_only=False))
        strike[np.delete(at, chosen)] = -1
        was[at[chosen]] = before.take(pa.array(chosen)).cast(pa.string()).to_numpy(zero_copy_only=False)
        changes.setdefault(each.column, []).append((at[chosen], after.take(pa.array(chosen))))
    spoiled = {
        name: _changed(rows[name], parts, arrow_type(contract.columns[name]))
        for name, parts in changes.items()
    }
    return Struck({**rows, **spoiled}, strike, aim, was)


def _changed(values: Any, parts: list[tuple[Array, pa.Array]], kind: pa.DataType) -> Any:
    at = np.concatenate([places for places, _ in parts])
    new = pa.concat_arrays([part for _, part in parts])
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        changed = values.copy()
        changed[at] = new.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return changed
    mask = np.zeros(len(values), bool)
    mask[at] = True
    return pc.replace_with_mask(as_arrow(values, kind), pa.array(mask), new.take(pa.array(np.argsort(at))))


def with_steps(rows: dict[str, Any], contract: Contract) -> dict[str, Any]:
    """Rounds the measure to steps of its instrument, a wrong value as well."""
    if contract.measure is None or "_steps" not in rows:
        return rows
    return {**rows, contract.measure: np.rint(rows[contract.measure] * rows["_steps"]) / rows["_steps"]}


def delay_of(
    struck: Struck, contract: Contract, kinds: Sequence[str], is_copy: Array, late: Episodes | None
) -> Array:
    """Seconds by which a row is late. A second copy follows up to an interval later, or in the same snapshot: alone it
    would be a snapshot in which all others are missing."""
    landed = contract.arrives.landed.total_seconds()
    latest = contract.late.total_seconds() if contract.late else 2 * landed
    delay = np.where(is_copy, struck.aim * (0.0 if contract.arrives.sends == "snapshot" else landed), 0.0)

    def by(kind: str, seconds: Array) -> Array:
        hit = (struck.strike == kinds.index(kind)) & ~is_copy if kind in kinds else False
        return np.where(hit, seconds, delay)

    every = contract.arrives.every.total_seconds()
    delay = by("out_of_order", every * (OVERTAKEN[0] + struck.aim * OVERTAKEN[1]))
    delay = by("late", landed + struck.aim * max(0.0, latest - landed))
    if late is not None:
        delay[late.of] = landed + late.strength * max(0.0, latest - 2 * landed)
    return delay.astype(np.int64)


def broken_lines(struck: Struck, contract: Contract, kinds: Sequence[str]) -> Array | None:
    """The text of each malformed line, None for all others; nothing at all where there are none."""
    if "malformed" not in kinds:
        return None
    lines = np.full(len(struck.strike), None, object)
    at = np.flatnonzero(struck.strike == kinds.index("malformed"))
    hit = {
        name: as_arrow(gathered(struck.rows[name], at), arrow_type(spec)).to_pylist()
        for name, spec in contract.columns.items()
    }
    for place, (row, aim) in enumerate(zip(zip(*hit.values(), strict=True), struck.aim[at], strict=True)):
        lines[at[place]] = _broken_line(dict(zip(hit, row, strict=True)), contract, aim)
    return lines


def _broken_line(row: dict[str, Any], contract: Contract, aim: float) -> str:
    """The row's line cut short, garbled, or with text where numbers belong, as `aim` (even in [0, 1)) says."""
    is_csv = contract.arrives.files == "csv"
    numbers = [name for name, spec in contract.columns.items() if spec.type in NUMBERS]
    row = {contract.sent_names[name]: value for name, value in row.items()}
    line = _line(row, is_csv)
    if aim < 0.4:
        return line[: int(len(line) * (0.2 + aim))]
    if aim < 0.7:
        return NOISE + line.replace(",", ";") if is_csv else line.translate(str.maketrans(':"', ";'"))
    if is_csv:
        sent = contract.sent_names
        return _line({**row, **{sent[name]: "n/a" for name in numbers}}, is_csv)
    return re.sub(r'":-?[0-9][0-9.eE+-]*', '":"n/a"', line)


def _line(row: dict[str, Any], is_csv: bool) -> str:
    plain = {name: _plain(value) for name, value in row.items()}
    if not is_csv:
        return json.dumps(plain, separators=(",", ":"), ensure_ascii=False)
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(
        [str(value).lower() if isinstance(value, bool) else value for value in plain.values()]
    )
    return text.getvalue()


def _plain(value: Any) -> Any:
    if not hasattr(value, "isoformat"):
        return dict(value) if isinstance(value, list) and value and isinstance(value[0], tuple) else value
    if not hasattr(value, "hour"):
        return value.isoformat()
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
