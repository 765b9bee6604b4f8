"""Rows as they are sent: the clean ones with their faults, duplicates twice, and when each leaves."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from headrace.contracts.model import Contract
from simulation.arrays import Array, Columns, gathered, instants, repeated
from simulation.generate.blocks import Episodes
from simulation.generate.chunks import Chunk
from simulation.generate.columns import arrow_type, as_arrow
from simulation.generate.fault_injection import (
    Strike,
    Struck,
    broken_lines,
    chance_of,
    delay_of,
    strikes_of,
    struck_by,
    with_episodes,
    with_steps,
)
from simulation.generate.row_maker import Part, RowMaker, drawn_of

PLACED = ("_index", "_n", "_second", "_at", "_sent")


@dataclass(frozen=True)
class Sent:
    """Rows as they are sent, duplicates twice. `raw`: the text of broken lines; `at`: when they leave, in seconds."""

    struck: Struck
    kinds: tuple[str, ...]
    strikes: tuple[Strike, ...]
    is_copy: Array
    raw: Array | None
    at: Array


def sent_rows(maker: RowMaker, chunk: Chunk, part: Part, *, only_likely: bool = False) -> Sent:
    contract = maker.contracts[chunk.table]
    chance = chance_of(contract)
    rows, ticks = maker.clean(chunk, part, chance if only_likely else None)
    when = rows["_second"] if "_second" in rows else rows["_n"] if "_n" in rows else rows["_at"] // 1_000_000
    roll, aim = drawn_of(contract, maker.world, rows["_index"], when)
    if only_likely and ticks is None:
        at = np.flatnonzero(roll < chance)
        rows, roll, aim = {name: gathered(found, at) for name, found in rows.items()}, roll[at], aim[at]
    strikes = tuple(strikes_of(contract, rows))
    kinds = tuple(each.kind for each in strikes)
    if ticks is not None:
        rows = with_episodes(rows, contract, ticks.second, ticks.episodes)
    struck = struck_by(strikes, rows, contract, roll, aim)
    kept = (*contract.columns, *PLACED)
    struck = replace(
        struck,
        rows={name: found for name, found in with_steps(struck.rows, contract).items() if name in kept},
    )
    late = ticks.episodes.get("late") if ticks is not None else None
    is_copy = np.zeros(len(roll), bool)
    if "duplicate" in kinds:
        struck, is_copy, late = _with_copies(struck, kinds.index("duplicate"), late)
    sent = struck.rows["_second"] if ticks is not None else _micros_sent(struck.rows) // 1_000_000
    sent = sent + delay_of(struck, contract, kinds, is_copy, late)
    if contract.type != "dimension":
        landed = int(contract.arrives.landed.total_seconds())
        sent = (sent // landed + 1) * landed
    return Sent(struck, kinds, strikes, is_copy, broken_lines(struck, contract, kinds), sent)


def _micros_sent(rows: Columns) -> Array:
    return np.asarray(rows["_sent"] if "_sent" in rows else rows["_at"])


def _with_copies(
    struck: Struck, duplicate: int, late: Episodes | None
) -> tuple[Struck, Array, Episodes | None]:
    """Each row that is sent twice has its copy behind it."""
    lengths = 1 + (struck.strike == duplicate)
    places, count = repeated(lengths)
    if len(places) == len(lengths):
        return struck, count > 0, late
    rows = {name: gathered(values, places) for name, values in struck.rows.items()}
    if late is not None:
        inside = np.full(len(lengths), -1)
        inside[late.of] = np.arange(len(late.of))
        of = np.flatnonzero(inside[places] >= 0)
        late = replace(late.where(inside[places][of]), of=of)
    return Struck(rows, struck.strike[places], struck.aim[places], struck.was[places]), count > 0, late


def as_batch(sent: Sent, contract: Contract, named: bool) -> pa.RecordBatch:
    rows, size = sent.struck.rows, len(sent.at)
    found = {name: as_arrow(rows[name], arrow_type(spec)) for name, spec in contract.columns.items()}
    found["_raw"] = pa.nulls(size, pa.string()) if sent.raw is None else pa.array(sent.raw, pa.string())
    found["_sent_at"] = as_arrow(instants(sent.at * 1_000_000), pa.timestamp("us", "UTC"))
    if named:
        second = rows["_second"] if "_second" in rows else rows["_at"] // 1_000_000
        kinds = np.array([*sent.kinds, None], object)[sent.struck.strike]
        found |= {
            "_index": pa.array(rows["_index"], pa.int64()),
            "_second": pa.array(second, pa.int64()),
            "_copy": pa.array(sent.is_copy),
            "_kind": pa.array(kinds, pa.string()),
        }
    return pa.RecordBatch.from_pydict(found)
