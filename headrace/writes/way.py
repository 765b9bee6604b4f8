"""What a way of writing says of itself.

All that differs from one way to another is asked of its object here: no other code asks which way it is. A new way is
a declaration in `headrace.tables` and a class of that name, with `Way` behind it, in a module beside this one.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from headrace import writes
from headrace.contracts.model import Contract
from headrace.errors import UsageError
from headrace.lake.log import Commit
from headrace.tables import HistoryNames, Write
from headrace.writes.node import Node

if TYPE_CHECKING:
    from headrace.lake.ledger import Entry
    from headrace.lake.paths import Paths
    from headrace.writes.edge import Edge, Judged
    from headrace.writes.key_cache import RecentKeys
    from headrace.writes.reference import Reference

W = TypeVar("W", bound=Write)


class Way(Generic[W]):
    """One way of writing, as one table declares it."""

    layers: ClassVar[tuple[str, ...]]
    """The layers whose tables may be written so."""
    source_layer: ClassVar[str | None] = None
    """The layer of a table's first argument; None where any will do."""
    terms: ClassVar[tuple[str, ...]] = ()
    """The counts that add up to the rows that came in: `rejected` ones lie in a table beside it, and `duplicates` came
    a second time."""
    stored: ClassVar[tuple[str, ...]] = ()
    """The counts that add up to the rows of the table."""
    named: ClassVar[Mapping[str, str]] = {}
    """What the summary calls the rows of a term, for those that it shows."""
    columns: tuple[T.StructField, ...] = ()
    """The columns that a table gains by being written so; technical ones, which begin with an underscore, apart."""
    versions: HistoryNames | None = None
    """The columns of the versions of a key, of which one may be current; None where a key has one row."""
    restorable: ClassVar[bool] = False
    """Whether its table may be put back to an older version: one that a stream feeds would lose rows."""

    def __init__(self, write: W) -> None:
        self.declared = write

    @property
    def sentence(self) -> str:
        """How a table is written, for the dictionary."""
        raise NotImplementedError

    def gained(self, fields: Sequence[T.StructField]) -> list[T.StructField]:
        """The columns that a table of rows with these fields gains."""
        return list(self.columns)

    @property
    def follows(self) -> Mapping[str, str]:
        """Upstream tables of which only some partitions are read, with the column of these."""
        return {}

    def side_tables(self, name: str) -> tuple[str, ...]:
        """The tables that it keeps beside a table, apart from the rejected rows."""
        return ()

    def made_from(self, domain: str) -> tuple[str, ...] | None:
        """The tables that a table without a function is made from; None where a signature says so."""
        return None

    def check_upstream(self, node: Node, columns: Mapping[str, Sequence[str]]) -> None:
        """Refuses a declaration that names columns of upstream tables which are not there."""

    def check(self, node: Node, contract: Contract | None) -> None:
        """Refuses a declaration that cannot be carried out."""

    def leaves_out(self, contract: Contract) -> tuple[str, ...]:
        """The source's columns that it does not store."""
        return ()

    def shaped(self, node: Node, contract: Contract, rows: DataFrame) -> DataFrame:
        """Good rows as an empty table would hold them, without the technical columns of all tables."""
        return rows

    def rows_let_in(self, commit: Commit) -> int:
        """How many rows the table gained by a commit of which the ledger does not tell yet."""
        counts = commit.note["counts"]
        return sum(counts.get(term, 0) for term in self.stored)


class SilverWay(Way[W]):
    """A way that takes batches of bronze rows, each under the number that it ends at, and each once."""

    layers = ("silver",)
    source_layer = "bronze"
    most_rows: ClassVar[int | None] = None
    """The rows of a batch above which the next one begins, apart from their size."""
    corrects_nothing: ClassVar[str] = ""
    """Why a file's newer delivery would leave the table as it is; empty where it does not."""

    def check(self, node: Node, contract: Contract | None) -> None:
        if self.corrects_nothing and contract is not None and contract.arrives.again == "replace":
            raise UsageError(
                f"{node.ref} is written by {type(self.declared).__name__}, where {self.corrects_nothing}, but the "
                f"contract of {contract.table} says that a later file replaces the earlier one (arrives: {{again: "
                "replace}). Write it by Newest or History, where the later row wins, or say again: add"
            )

    def reference(self, node: Node, contract: Contract) -> "Reference | None":
        """The slow reading of its source that a table of this way can be held against, where there is one."""
        return None

    def judges_by(self, edge: "Edge") -> Mapping[str, str]:
        """The places of its own tables, by name, of which what they hold decides what becomes of a batch."""
        return {}

    def judged(self, edge: "Edge", rows: DataFrame, versions: Mapping[str, int]) -> DataFrame:
        """Rows with further reasons against them that lie in how they are written."""
        return rows

    def judged_again(self, edge: "Edge", rows: DataFrame, versions: Mapping[str, int]) -> DataFrame:
        """Rows that were set aside, with the reasons that speak against them now."""
        return edge.judged(rows, versions)

    def rejected_may_pass(self, edge: "Edge") -> bool:
        """Whether rows were set aside only because what they need had not come, and it has come since."""
        return False

    def write(self, edge: "Edge", rows: DataFrame, number: int) -> "Entry":
        """Writes a batch. One that is stored already, or is half stored by a run that was killed, ends the same."""
        raise NotImplementedError

    def judging(self, edge: "Edge", rows: DataFrame, versions: Mapping[str, int]) -> DataFrame | None:
        """Rows of a batch in memory with the reasons against them and all that silver adds; None where this way takes
        frames only."""
        return None

    def write_from_memory(
        self, edge: "Edge", spark: SparkSession, judged: "Judged", number: int, recent: "RecentKeys"
    ) -> "Entry":
        raise NotImplementedError


class GoldWay(Way[W]):
    """A way that makes a table again from what lies upstream."""

    layers = ("gold",)
    restorable = True

    def touched(
        self, node: Node, paths: "Paths", before: Mapping[str, Any] | None, made_from: Mapping[str, Any]
    ) -> list[str] | None:
        """The values of the partition column to make again; None for the whole table."""
        return None

    def days_needed(self, name: str, touched: Sequence[str]) -> list[str]:
        """The days of a followed table that are read to make some partitions again."""
        return list(touched)

    def remade(self, node: Node, commit: Commit) -> int:
        """How many partitions a commit made again."""
        return 0


def way_of(write: Write) -> Way[Any]:
    """The way that a table declares."""
    name = type(write).__name__
    if name not in _ways():
        raise UsageError(f"{name} is no way of writing: no module of headrace/writes has a class {name}Way")
    return _ways()[name](write)


def ways_for(layer: str) -> Sequence[str]:
    """The names of the ways that may serve a layer."""
    return sorted(name for name, way in _ways().items() if layer in way.layers)


@cache
def _ways() -> Mapping[str, type[Way[Any]]]:
    for module in pkgutil.iter_modules(writes.__path__):
        importlib.import_module(f"{writes.__name__}.{module.name}")
    return {way.__name__.removesuffix("Way"): way for way in _under(Way) if not way.__subclasses__()}


def _under(way: type[Way[Any]]) -> Iterator[type[Way[Any]]]:
    for each in way.__subclasses__():
        yield each
        yield from _under(each)
