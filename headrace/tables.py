"""What a domain declares its tables with, and the steps its tables share.

A silver function takes its bronze table first and returns all of its rows: those that must not pass carry
their reasons in `_reasons`, and the engine sets them aside. It may add columns but keeps the source's own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

REASONS = "_reasons"
# What a reason says after the name of its column, where others decide by it.
IS_NULL, IS_IMPOSSIBLE, REFERS_TO_NOTHING = "is null", "is impossible", "refers to nothing"
IS_IMPOSSIBLE_FOR_UNIT = "is impossible for its unit of measure"
EVER = "9999-12-31 00:00:00"


@dataclass(frozen=True)
class FileRow:
    """A row of a file in a format of its own, as the reader that a contract names returns it. line: its number, from 1.
    text: the line as it came. values: by the contract's names of columns; numbers, texts, dates and instants, these in
    UTC. wrong: what is wrong with the line, in words; then it has no values, and the row is set aside for it.

    A reader raises ValueError for a file that it cannot read at all; its words are why the file is set aside.
    """

    line: int
    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    wrong: str = ""


class Write:
    """A way of writing a table. What each does is said by the module of its name in `headrace/writes`."""


@dataclass(frozen=True)
class Append(Write):
    """Rows arrive once; a row whose key is already there is a duplicate."""


@dataclass(frozen=True)
class Upsert(Write):
    """The latest row of each key wins, by the order column."""

    order: str


@dataclass(frozen=True)
class HistoryNames:
    """What a history calls its own columns. Where the source sends columns of these names, the history has its own
    values in them, in their types; what was sent stays in bronze. Ends are dates where `since` is sent as one."""

    since: str = "effective_from"
    until: str = "effective_to"
    current: str = "is_current"
    number: str = "version"

    def __iter__(self) -> Iterator[str]:
        return iter((self.since, self.until, self.current, self.number))


OF_HISTORY = HistoryNames()


@dataclass(frozen=True)
class History(Write):
    """Slowly changing dimension, type 2: a version per change, over the columns that came with the source.

    A version holds from the instant in the column `effective`, by default from when it was sent. Where the contract
    says `sends: snapshot`, a key that a snapshot leaves out is closed by it. tracked: the columns whose change opens a
    version, by default all; the others are as the newest row says that came into effect while the version held.
    """

    effective: str | None = None
    tracked: tuple[str, ...] = ()
    names: HistoryNames = OF_HISTORY


@dataclass(frozen=True)
class Changes(Write):
    """A change feed: inserts, updates and deletes are applied in the order of the source's log, over these columns.

    operation, order, before: as the contract's `changes` says where they are left out. unknown: whether a change to a
    key that was never inserted is kept as if it were an insert, or set aside with the rejected rows.
    """

    operation: str | None = None
    order: tuple[str, ...] = ()
    before: str | None = None
    unknown: Literal["keep", "set aside"] = "keep"


@dataclass(frozen=True)
class Newest(Write):
    """Deliveries of a period, such as a month's file: the newest one of each value of a column replaces the others."""

    period: str


@dataclass(frozen=True)
class Alarms(Write):
    """The states of alarms, folded from the rows of the silver table that the rules follow. Its module has no
    function: the rules name what it is made from, and the library knows how.

    rules: a file in the domain's folder.
    """

    rules: str = "alarms.yml"


@dataclass(frozen=True)
class Replace(Write):
    """Recompute only those partitions in which the followed tables changed.

    follows: upstream table -> its partition column, whose values are those of this table's partition.
    looks_back: upstream table -> how many of its days before a day are needed to make that day, too. The function may
    return these days as well; they are not stored.
    since: upstream table -> its partition column, dates: a change there makes the days of the followed tables again
    from that date on, and no day before it.
    """

    follows: dict[str, str]
    looks_back: dict[str, int] = field(default_factory=dict)
    since: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Whole(Write):
    """Small enough to recompute when anything upstream changed."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table's shape. `partition` is a date column; `cluster` orders rows within files; `may_be_empty` is for
    tables of what is wrong, or may never arrive: there may be nothing."""

    write: Write
    key: str | tuple[str, ...]
    event_time: str | None = None
    partition: str | None = None
    cluster: tuple[str, ...] = ()
    description: str = ""
    may_be_empty: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key,) if isinstance(self.key, str) else self.key


def rejected_when(reason: str, condition: Column) -> Callable[[DataFrame], DataFrame]:
    """Marks rows that must not pass; a row may collect several reasons."""

    def step(rows: DataFrame) -> DataFrame:
        none = F.array().cast("array<string>")
        known = F.coalesce(F.col(REASONS), none) if REASONS in rows.columns else none
        marked = F.when(condition, F.concat(known, F.array(F.lit(reason)))).otherwise(known)
        return rows.withColumn(REASONS, marked)

    return step


def with_parent(
    rows: DataFrame,
    parent: DataFrame,
    *,
    on: str,
    take: Sequence[str | Column] = (),
    parent_key: str | None = None,
    required: bool = True,
) -> DataFrame:
    """Adds a parent's columns. A row that names no such parent is rejected as an orphan;
    with required=False that goes only for rows whose reference is not null."""
    key = parent_key or on
    small = F.broadcast(parent.select(F.col(key).alias("_parent"), *take))
    joined = rows.join(small, on=rows[on] == F.col("_parent"), how="left")
    orphan = F.col("_parent").isNull() & F.col(on).isNotNull() if not required else F.col("_parent").isNull()
    return joined.transform(rejected_when(f"{on} {REFERS_TO_NOTHING}", orphan)).drop("_parent")


def with_version_at(
    rows: DataFrame,
    history: DataFrame,
    *,
    on: str,
    at: str,
    take: Sequence[str | Column] = (),
    names: HistoryNames = OF_HISTORY,
) -> DataFrame:
    """Adds columns of the version that held at an instant. The first version holds for all time before it. names: as
    the history declares them."""
    from_ever = F.when(F.col(names.number) == 1, F.lit("0001-01-01").cast("timestamp")).otherwise(
        F.col(names.since)
    )
    small = F.broadcast(
        history.select(
            F.col(on).alias("_parent"), from_ever.alias("_from"), F.col(names.until).alias("_to"), *take
        )
    )
    holds = (F.col(on) == F.col("_parent")) & (F.col(at) >= F.col("_from")) & (F.col(at) < F.col("_to"))
    joined = rows.join(small, on=holds, how="left")
    return joined.transform(
        rejected_when(f"{on} {REFERS_TO_NOTHING}", F.col("_parent").isNull() & F.col(at).isNotNull())
    ).drop("_parent", "_from", "_to")


def only_current(history: DataFrame, names: HistoryNames = OF_HISTORY) -> DataFrame:
    return history.where(F.col(names.current))


def only_at(history: DataFrame, at: datetime, names: HistoryNames = OF_HISTORY) -> DataFrame:
    """The version of each entity that held at an instant; before its first, the first."""
    begun = (F.col(names.since) <= instant(at)) | (F.col(names.number) == 1)
    return history.where(begun & (F.col(names.until) > instant(at)))


def instant(at: datetime) -> Column:
    """A literal in UTC, whatever the time zone of this process; a naive datetime is UTC already."""
    return F.lit(at.replace(tzinfo=UTC) if at.tzinfo is None else at)


def share(part: Column, whole: Column) -> Column:
    """A quotient that is null where there is nothing to divide by."""
    return part / F.nullif(whole, F.lit(0))


def count_of(condition: Column) -> Column:
    """The rows for which it holds."""
    return F.count(F.when(condition, 1))
