"""Row indexes: who sends each row, and when. dbldatagen makes them; everything else is drawn at random from them.

A fact's rows are numbered from one fixed instant, so any piece of time can be made by itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from threading import Lock

import dbldatagen as dg
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from simulation.random_draws import ANCHOR, ANCHOR_SECONDS, seconds

SNAPSHOTS_FROM = datetime(2019, 12, 30)  # a Monday, so weekly snapshots come on Mondays
BLOCK = timedelta(hours=6)
BLOCK_SECONDS = int(BLOCK.total_seconds())
ROWS_PER_TASK = 500_000
MICROSECOND = timedelta(microseconds=1)
_ONE_AT_A_TIME = Lock()  # dbldatagen's parser of types is shared and not safe for threads


@dataclass(frozen=True)
class Piece:
    """A span of time of the senders (or entities) from `low` up to, not including, `high`.

    `times` is how many rows each of them sends per interval of the contract.
    """

    start: datetime
    end: datetime
    low: int
    high: int
    times: float = 1.0

    @property
    def senders(self) -> int:
        return self.high - self.low


def counted(spark: SparkSession, name: str, rows: int, tasks: int, **columns: str) -> DataFrame:
    """A frame of `rows` rows whose columns are computed from the row number `id`."""
    with _ONE_AT_A_TIME:
        spec = dg.DataGenerator(spark, name=name, rows=rows, partitions=tasks)
        for column, expression in columns.items():
            spec = spec.withColumn(column, "long", expr=expression)
        rows_made: DataFrame = spec.build()
    return rows_made


def dimension_index(spark: SparkSession, name: str, count: int, instants: list[datetime]) -> DataFrame:
    """`_index` for each entity, `_at` for each snapshot of it."""
    made = counted(
        spark,
        name,
        count * len(instants),
        tasks_for(count * len(instants)),
        _index=f"id % {count}",
        _snapshot=f"id div {count}",
    )
    taken = F.array(*(F.lit(seconds(instant)) for instant in instants))
    at = F.timestamp_seconds(F.get(taken, F.col("_snapshot").cast("int")))
    return made.select("_index", at.alias("_at"))


def snapshots(contract: Contract, start: datetime, end: datetime) -> list[datetime]:
    """The instants of a dimension's snapshots within the span."""
    every = contract.arrives.every
    at = SNAPSHOTS_FROM + -(-(start - SNAPSHOTS_FROM) // every) * every
    instants = []
    while at < end:
        instants.append(at)
        at += every
    return instants


def fact_index(spark: SparkSession, contract: Contract, piece: Piece) -> DataFrame:
    """`_index` of the sender, `_n` of its row, `_at` its instant; ordered by time."""
    first, last = ordinals(contract, piece)
    rows = (last - first) * piece.senders
    made = counted(
        spark,
        contract.table,
        rows,
        tasks_for(rows),
        _index=f"{piece.low} + id % {piece.senders}",
        _n=f"{first} + id div {piece.senders}",
    )
    step = _step(contract, piece)
    since = F.expr(f"_n * {step.numerator}L div {step.denominator}L")
    return made.select("_index", "_n", F.timestamp_micros(F.lit(ANCHOR_SECONDS * 10**6) + since).alias("_at"))


def ordinals(contract: Contract, piece: Piece) -> tuple[int, int]:
    """The numbers of a sender's first row in the piece, and of the first one after it."""
    step = _step(contract, piece)
    first, last = ((at - ANCHOR) // MICROSECOND / step for at in (piece.start, piece.end))
    return -(-first // 1), -(-last // 1)


def _step(contract: Contract, piece: Piece) -> Fraction:
    """Microseconds between two rows of a sender."""
    return Fraction(contract.arrives.every // MICROSECOND) / Fraction(piece.times).limit_denominator(1000)


def block_index(spark: SparkSession, contract: Contract, piece: Piece, tasks: int) -> DataFrame:
    """`_index` and `_block` (numbered from the anchor), ordered by sender, then time."""
    first = (piece.start - ANCHOR) // BLOCK
    blocks = -(-(piece.end - ANCHOR) // BLOCK) - first
    return counted(
        spark,
        contract.table,
        piece.senders * blocks,
        tasks,
        _index=f"{piece.low} + id div {blocks}",
        _block=f"{first} + id % {blocks}",
    )


def tasks_for(rows: int) -> int:
    return max(1, -(-rows // ROWS_PER_TASK))
