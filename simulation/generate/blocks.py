"""Blocks: six hours of one sender as one row, so that what holds for all of them is computed once.

Episodes (a stuck or drifting instrument, a silence, an outage that delays delivery, a process beyond its limits) fall
into slots of time, at most one of a kind in each. So each block finds its episodes without any other block.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from simulation.generate.row_index import BLOCK_SECONDS, Piece, block_index, counted
from simulation.random_draws import ANCHOR, ANCHOR_SECONDS, World, seconds

BLOCKS_PER_SLOT = 40
SLOT_SECONDS = BLOCKS_PER_SLOT * BLOCK_SECONDS
HOUR = 3600
LENGTHS = {
    "stuck": (6, 24),
    "drift": (48, 120),
    "gap": (3, 24),
    "late": (2, 4),
    "excursion": (2, 10),
}  # hours
AROUND = {"excursion": 5400}  # seconds before and after in which the process moves there and back
GIVES_WAY = {
    "excursion": ("stuck", "drift", "gap")
}  # a faulty instrument would show it wrongly or not at all


@dataclass(frozen=True)
class Episode:
    """Whether and when it happens to a sender in a slot, as columns; `strength` is even in [0, 1)."""

    happens: Column
    start: Column
    end: Column
    strength: Column


def episode(kind: str, contract: Contract, world: World, slot: Column) -> Episode:
    """The contract's rate is the share of rows inside such episodes, including those dropped in favour of others."""
    drawn = _drawn(kind, contract, world, slot)
    stronger = [other for other in GIVES_WAY.get(kind, ()) if other in episode_kinds(contract)]
    if not stronger:
        return drawn
    around = AROUND.get(kind, 0)
    others = [_drawn(other, contract, world, slot) for other in stronger]
    in_the_way = [
        other.happens & (other.start < drawn.end + around) & (other.end > drawn.start - around)
        for other in others
    ]
    return replace(drawn, happens=drawn.happens & ~reduce(or_, in_the_way))


def _drawn(kind: str, contract: Contract, world: World, slot: Column) -> Episode:
    shortest, longest = (hours * HOUR for hours in LENGTHS[kind])
    share = contract.faults.get(kind, 0.0)  # type: ignore[call-overload]
    rate = share * SLOT_SECONDS / ((shortest + longest) / 2)
    salt = f"{contract.table} {kind}"
    lasts = world.uniform(f"{salt} length", "_index", slot, low=shortest, high=longest)
    around = AROUND.get(kind, 0)  # lies within the slot as well
    room = F.lit(float(SLOT_SECONDS - 2 * around)) - lasts
    begins = world.uniform(f"{salt} start", "_index", slot) * room
    start = F.lit(ANCHOR_SECONDS + around) + slot * SLOT_SECONDS + begins.cast("long")
    return Episode(
        happens=world.happens(salt, "_index", slot, rate=rate),
        start=start,
        end=start + lasts.cast("long"),
        strength=world.uniform(f"{salt} strength", "_index", slot),
    )


def episode_kinds(contract: Contract) -> tuple[str, ...]:
    return tuple(kind for kind in LENGTHS if contract.faults.get(kind, 0.0) > 0)  # type: ignore[call-overload]


def blocks(
    spark: SparkSession, contract: Contract, piece: Piece, world: World, pace: DataFrame | None, tasks: int
) -> DataFrame:
    """`_index`, `_block`, the ticks of the sender's clock, and the episodes that touch the block (else null)."""
    index = block_index(spark, contract, piece, tasks)
    every = F.lit(_least_interval(contract, world)).cast("long")
    if pace is not None:
        index = index.join(F.broadcast(pace), on="_index", how="inner")
        every = (
            F.greatest(every, F.col("_pace").cast("long")) if world.stride else F.col("_pace").cast("long")
        )
    begins = F.lit(ANCHOR_SECONDS) + F.col("_block") * BLOCK_SECONDS
    opens = F.greatest(begins, F.lit(seconds(piece.start)))
    closes = F.least(begins + BLOCK_SECONDS, F.lit(seconds(piece.end)))
    timed = index.select(
        "_index",
        "_block",
        begins.alias("_begins"),
        every.alias("_every"),
        opens.alias("_opens"),
        closes.alias("_closes"),
    )
    first = F.expr(f"{ANCHOR_SECONDS} + (_opens - {ANCHOR_SECONDS} + _every - 1) div _every * _every")
    with_counts = timed.select("*", first.alias("_first")).select(
        "*", F.expr("greatest(0, (_closes - _first + _every - 1) div _every)").cast("int").alias("_count")
    )
    with_episodes = with_counts.select("*", *_touching(contract, world))
    return with_episodes.select("*", _ticks(contract, world).alias("_ticks")).drop(
        "_opens", "_closes", "_count"
    )


def _least_interval(contract: Contract, world: World) -> int:
    return int((world.stride or contract.arrives.every).total_seconds())


def _touching(contract: Contract, world: World) -> list[Column]:
    slot = F.expr(f"_block div {BLOCKS_PER_SLOT}")
    columns = []
    for kind in episode_kinds(contract):
        each, around = episode(kind, contract, world, slot), AROUND.get(kind, 0)
        is_near = (each.start - around < F.col("_closes")) & (each.end + around > F.col("_opens"))
        touches = each.happens & is_near
        parts = (("from", each.start), ("to", each.end), ("strength", each.strength))
        columns += [F.when(touches, value).alias(f"_{kind}_{part}") for part, value in parts]
    return columns


def _ticks(contract: Contract, world: World) -> Column:
    """Twice the number of each instant of the block; an odd number is a second copy of the one before it."""
    count = F.col("_count")
    nothing = F.array().cast("array<int>")
    ticks = F.when(count > 0, F.sequence(F.lit(0), count * 2 - 2, F.lit(2))).otherwise(nothing)
    share = contract.faults.get("duplicate", 0.0)
    if share > 0:
        apart = round(1 / share)
        phase = world.integer(f"{contract.table} duplicate", "_index", "_block", low=0, high=apart - 1)
        copies = F.sequence(phase * 2 + 1, count * 2 - 1, F.lit(apart * 2))
        ticks = F.when(phase < count, F.concat(ticks, copies)).otherwise(ticks)
    if "gap" in episode_kinds(contract):
        silent = F.col("_gap_from").isNotNull()
        ticks = F.when(silent, F.filter(ticks, _outside_gap)).otherwise(ticks)
    return ticks


def _outside_gap(tick: Column) -> Column:
    at = F.col("_first") + F.shiftright(tick, 1) * F.col("_every")
    return (at < F.col("_gap_from")) | (at >= F.col("_gap_to"))


def episodes_of(spark: SparkSession, contract: Contract, piece: Piece, world: World) -> DataFrame | None:
    """One row per episode that touches the piece: `_index`, kind, from and to (seconds), strength."""
    kinds = episode_kinds(contract)
    if not kinds:
        return None
    slot = timedelta(seconds=SLOT_SECONDS)
    first = (piece.start - ANCHOR) // slot
    slots = -(-(piece.end - ANCHOR) // slot) - first
    slots_of_senders = counted(
        spark,
        f"{contract.table}_slots",
        piece.senders * slots,
        1,
        _index=f"{piece.low} + id div {slots}",
        _slot=f"{first} + id % {slots}",
    )
    episodes = {kind: episode(kind, contract, world, F.col("_slot")) for kind in kinds}
    columns = [
        F.when(
            each.happens,
            F.struct(
                F.lit(kind).alias("kind"),
                each.start.alias("from"),
                each.end.alias("to"),
                each.strength.alias("strength"),
            ),
        )
        for kind, each in episodes.items()
    ]
    rows = slots_of_senders.select("_index", F.explode(F.array_compact(F.array(*columns))).alias("_episode"))
    within = (F.col("from") < seconds(piece.end)) & (F.col("to") > seconds(piece.start))
    return rows.select("_index", "_episode.*").where(within)
