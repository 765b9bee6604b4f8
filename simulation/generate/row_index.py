"""Who sends rows, and when. dbldatagen makes the skeleton: a part of one sender's time in each row; the rows in a part
are numbered from one fixed instant, so any piece of time can be made by itself.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from threading import Lock

import dbldatagen as dg
import numpy as np
from pyspark.sql import DataFrame, SparkSession

from headrace.contracts.model import Contract
from simulation.arrays import Array
from simulation.random_draws import ANCHOR, ANCHOR_SECONDS

SNAPSHOTS_FROM = datetime(2019, 12, 30)  # a Monday, so weekly snapshots come on Mondays
BLOCK = timedelta(hours=6)
BLOCK_SECONDS = int(BLOCK.total_seconds())
ROWS_PER_TASK = 500_000
ROWS_PER_PART = 200_000
MICROSECOND = timedelta(microseconds=1)
ANCHOR_MICROS = ANCHOR_SECONDS * 1_000_000
_ONE_AT_A_TIME = Lock()  # dbldatagen's parser of types is shared and not safe for threads


@dataclass(frozen=True)
class Piece:
    """A span of time of the senders (or entities) from `low` up to, not including, `high`.

    `times` is how many rows each of them sends per interval of the contract. `parts`: into how many its time is cut, so
    that no worker has to hold too many rows at once.
    """

    start: datetime
    end: datetime
    low: int
    high: int
    times: float = 1.0
    parts: int = 1

    @property
    def senders(self) -> int:
        return self.high - self.low


def skeleton(spark: SparkSession, name: str, piece: Piece, tasks: int) -> DataFrame:
    """`_index` of each sender, and `_part` of its time, ordered by both."""
    columns = {"_index": f"{piece.low} + id div {piece.parts}", "_part": f"id % {piece.parts}"}
    with _ONE_AT_A_TIME:
        spec = dg.DataGenerator(spark, name=name, rows=piece.senders * piece.parts, partitions=tasks)
        for column, expression in columns.items():
            spec = spec.withColumn(column, "long", expr=expression)
        rows: DataFrame = spec.build()
    return rows.select(*columns)


def snapshots(contract: Contract, start: datetime, end: datetime) -> list[datetime]:
    """The instants of a dimension's snapshots within the span."""
    every = contract.arrives.every
    at = SNAPSHOTS_FROM + -(-(start - SNAPSHOTS_FROM) // every) * every
    instants = []
    while at < end:
        instants.append(at)
        at += every
    return instants


def ordinals(contract: Contract, piece: Piece) -> tuple[int, int]:
    """The numbers of a sender's first row in the piece, and of the first one after it."""
    step = _step(contract, piece)
    first, last = ((at - ANCHOR) // MICROSECOND / step for at in (piece.start, piece.end))
    return -(-first // 1), -(-last // 1)


def micros_of(numbers: Array, contract: Contract, piece: Piece) -> Array:
    """The instants of rows with these numbers, in microseconds since 1970."""
    step = _step(contract, piece)
    return ANCHOR_MICROS + numbers * step.numerator // step.denominator


def _step(contract: Contract, piece: Piece) -> Fraction:
    """Microseconds between two rows of a sender."""
    return Fraction(contract.arrives.every // MICROSECOND) / Fraction(piece.times).limit_denominator(1000)


def in_parts(contract: Contract, piece: Piece) -> Piece:
    first, last = ordinals(contract, piece)
    return replace(piece, parts=max(1, -(-(last - first) // ROWS_PER_PART)))


def bounds_of_parts(contract: Contract, piece: Piece) -> Array:
    """Bounds of the numbers of the rows in each part of a sender's time."""
    first, last = ordinals(contract, piece)
    return first + (last - first) * np.arange(piece.parts + 1) // piece.parts


def blocks_of(piece: Piece) -> tuple[int, int]:
    """The numbers of the first block of six hours in the piece, and of the first one after it."""
    return (piece.start - ANCHOR) // BLOCK, -(-(piece.end - ANCHOR) // BLOCK)


def tasks_for(rows: int) -> int:
    return max(1, -(-rows // ROWS_PER_TASK))
