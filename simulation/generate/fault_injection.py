"""The ways a contract's faults can strike a row of it, each with its share of the rate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from headrace.contracts.model import Contract

AIM = "_aim"
SPIKE_SPREADS = (8.0, 20.0)


@dataclass(frozen=True)
class Strike:
    """One way to spoil a row: a kind, the column it hits and what stands there then."""

    kind: str
    rate: float
    column: str | None = None
    instead: Column | None = None
    applies: Column | None = None


def strikes_of(contract: Contract, columns: Sequence[str]) -> list[Strike]:
    """What the contract asks for, as far as its columns can suffer it. Episodes are not among them."""
    in_blocks = "_second" in columns
    found: list[Strike] = []
    for kind, rate in contract.faults.items():
        if rate == 0 or (in_blocks and kind in ("late", "duplicate")):
            continue
        ways = list(_ways(kind, contract, columns))
        found += [Strike(kind, rate / len(ways), way.column, way.instead, way.applies) for way in ways]
    return found


def _ways(kind: str, contract: Contract, columns: Sequence[str]) -> Iterator[Strike]:
    if kind == "out_of_order":
        if contract.arrives.landed <= contract.arrives.every:  # within a file rows have no order to be out of
            yield Strike(kind, 0)
    elif kind in ("late", "duplicate") or (kind == "malformed" and contract.arrives.files in ("csv", "json")):
        yield Strike(kind, 0)
    elif kind == "missing":
        for name in _may_be_missing(contract):
            yield Strike(kind, 0, name, F.lit(None), F.col(name).isNotNull())
    elif kind == "orphan":
        for name in _foreign_keys(contract):
            yield Strike(kind, 0, name, _unknown_key(contract, name), F.col(name).isNotNull())
    elif kind == "spike" and contract.measure and "_spread" in columns:
        yield Strike(kind, 0, contract.measure, _spike(contract.measure, "_least" in columns))
    elif f"_{kind}" in columns and contract.measure:
        instead = F.col(f"_{kind}")
        yield Strike(kind, 0, contract.measure, instead, instead.isNotNull())
    else:
        yield from _ways_of_numbers(kind, contract)


def _may_be_missing(contract: Contract) -> list[str]:
    if contract.measure:
        return [contract.measure]
    kept = {contract.key_column, contract.event_time}
    return [
        name
        for name, spec in contract.columns.items()
        if spec.required and name not in kept and not spec.references
    ]


def _foreign_keys(contract: Contract) -> list[str]:
    named = [name for name, spec in contract.columns.items() if spec.references]
    return named[:1] if contract.measure else named


def _unknown_key(contract: Contract, name: str) -> Column:
    if contract.columns[name].type == "string":
        return F.regexp_replace(F.col(name), "[0-9]([0-9]*)$", "X$1")
    return -F.col(name)


def _ways_of_numbers(kind: str, contract: Contract) -> Iterator[Strike]:
    for name, spec in contract.columns.items():
        low, high = spec.possible or (None, None)
        is_there = F.col(name).isNotNull()
        if kind == "wrong_unit" and spec.mistaken:
            yield Strike(kind, 0, name, F.expr(spec.mistaken), is_there)
        elif kind == "impossible" and (low is not None or high is not None):
            yield Strike(kind, 0, name, _beyond(low, high), is_there)
        elif kind == "out_of_range" and high is not None and _is_numeric_range(spec.range):
            usual = float(spec.range[1])  # type: ignore[index]
            if usual < high:
                yield Strike(
                    kind, 0, name, F.lit(usual) + (F.lit(0.05) + F.col(AIM) * 0.9) * (high - usual), is_there
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
    low, high = SPIKE_SPREADS
    doubled = F.col(AIM) * 2
    up = F.when(doubled < 1, F.lit(1.0)).otherwise(F.lit(-1.0))
    value = F.col(measure) + up * F.col("_spread") * (F.lit(low) + (doubled % 1) * (high - low))
    return F.greatest(value, F.col("_least")) if has_least else value
