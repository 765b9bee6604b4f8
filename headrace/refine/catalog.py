"""Finds a domain's tables and reads off their signatures what each is made from."""

import ast
import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pyspark.sql import DataFrame

from headrace.alarms.events import PARTITION, TABLE
from headrace.alarms.rules import Rules, load_rules
from headrace.contracts.load import load_contracts
from headrace.contracts.model import Contract
from headrace.errors import UnknownName, UsageError
from headrace.tables import Append, History, Replace, Table, Upsert, Whole

AS_OF = "as_of"


@dataclass(frozen=True, order=True)
class Ref:
    layer: str
    name: str

    def __str__(self) -> str:
        return f"{self.layer}.{self.name}"


ALARMS = Ref("silver", TABLE)
ALARMS_SHAPE = Table(
    key="event_id",
    event_time="event_at",
    partition=PARTITION,
    cluster=("event_number",),
    write=Append(),
    description="What happened to alarms: raised, acknowledged, cleared, shelved, suppressed.",
    may_be_empty=True,
)


@dataclass(frozen=True)
class Node:
    """One silver or gold table: its function, its shape and what it is made from."""

    ref: Ref
    table: Table
    function: Callable[..., DataFrame]
    arguments: tuple[str, ...]
    upstream: Mapping[str, Ref]

    @property
    def name(self) -> str:
        return self.ref.name

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the text of its module does, or of those it takes from its own domain: changed code
        is not taken for nothing new."""
        texts = _texts_behind(self.function.__module__, {})
        return hashlib.sha256("".join(texts[name] for name in sorted(texts)).encode()).hexdigest()[:16]

    def call(self, frames: Mapping[str, Any]) -> DataFrame:
        return self.function(**{name: frames[name] for name in self.arguments})


def _texts_behind(module: str, known: dict[str, str]) -> dict[str, str]:
    """The text of a module and of all it imports from the same package, by name."""
    if module in known:
        return known
    known[module] = inspect.getsource(importlib.import_module(module))
    for statement in ast.walk(ast.parse(known[module])):
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("domains."):
            _texts_behind(str(statement.module), known)
    return known


@dataclass(frozen=True)
class Catalog:
    domain: str
    contracts: Mapping[str, Contract]
    nodes: Mapping[Ref, Node]
    alarms: Rules | None = None
    """Of a domain that has any: silver's table of alarms is made from them, not by a module."""

    def tables(self, layer: str) -> list[str]:
        """The names of all its tables."""
        if layer == "bronze":
            return list(self.contracts)
        names = [node.name for node in self.layer(layer)]
        return [*names, TABLE] if layer == "silver" and self.alarms else names

    def shape(self, layer: str, name: str) -> Table:
        return ALARMS_SHAPE if self.is_alarms(layer, name) else self.node(name, layer).table

    def above(self, layer: str, name: str) -> list[Ref]:
        """What a table is made from; the one whose rows become its own comes first."""
        if self.is_alarms(layer, name):
            assert self.alarms is not None
            return [Ref("silver", self.alarms.source), Ref("silver", self.alarms.senders.table)]
        return list(self.node(name, layer).upstream.values())

    def is_alarms(self, layer: str, name: str) -> bool:
        return self.alarms is not None and Ref(layer, name) == ALARMS

    @property
    def by_topic(self) -> list[Contract]:
        """Those whose tables arrive by a topic."""
        return [each for each in self.contracts.values() if each.arrives.topic]

    def alarms_of(self, contract: Contract) -> list[Ref]:
        """The table of alarms, if it follows what is made from a contract."""
        source = self.alarms.source if self.alarms else None
        return [ALARMS for node in self.made_from(contract) if node.name == source]

    def layer(self, layer: str) -> list[Node]:
        """The tables of a layer, each after those it is made from."""
        order = TopologicalSorter({ref: set(node.upstream.values()) for ref, node in self.nodes.items()})
        try:
            return [
                self.nodes[ref] for ref in order.static_order() if ref in self.nodes and ref.layer == layer
            ]
        except CycleError as error:
            raise UsageError(f"tables that need each other: {' -> '.join(map(str, error.args[1]))}") from None

    def node(self, name: str, layer: str | None = None) -> Node:
        for ref, node in self.nodes.items():
            if ref.name == name and layer in (None, ref.layer):
                return node
        raise UnknownName("table", name, [ref.name for ref in self.nodes])

    def source_of(self, node: Node) -> Contract:
        """The contract behind a silver table: that of its first argument."""
        return self.contracts[node.upstream[node.arguments[0]].name]

    def made_from(self, contract: Contract) -> list[Node]:
        """The silver tables that a contract is the source of."""
        return [node for node in self.layer("silver") if self.source_of(node).table == contract.table]


@cache
def load_tables(domain: str) -> Catalog:
    contracts, rules = load_contracts(domain), load_rules(domain)
    found = {
        Ref(layer, name): module
        for layer in ("silver", "gold")
        for name, module in _modules(f"domains.{domain}.{layer}")
    }
    known = {*found, ALARMS} if rules else set(found)
    nodes = {ref: _node(ref, module, known, contracts) for ref, module in found.items()}
    _check_alarms(domain, rules, nodes, contracts)
    return Catalog(domain, contracts, nodes, rules)


def _modules(package: str) -> Iterable[tuple[str, Any]]:
    if importlib.util.find_spec(package) is None:  # a domain need not have every layer
        return
    home = importlib.import_module(package)
    for info in pkgutil.iter_modules(home.__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package}.{info.name}")
        if hasattr(module, "TABLE"):
            yield info.name, module


def _node(ref: Ref, module: Any, found: Iterable[Ref], contracts: Mapping[str, Contract]) -> Node:
    function = getattr(module, ref.name, None)
    if function is None:
        raise UsageError(f"{module.__name__} declares TABLE but has no function named {ref.name}")
    arguments = tuple(inspect.signature(function).parameters)
    upstream = {name: _upstream(ref, name, set(found), contracts) for name in arguments if name != AS_OF}
    _check_shape(ref, module.TABLE, arguments, upstream)
    return Node(ref, module.TABLE, function, arguments, upstream)


def _check_alarms(
    domain: str, rules: Rules | None, nodes: Mapping[Ref, Node], contracts: Mapping[str, Contract]
) -> None:
    """The tables and columns that the rules name are there."""
    if rules is None:
        return
    if ALARMS in nodes:
        raise UsageError(f"{domain} has a silver table named {TABLE} and an alarms.yml that makes one")
    for table, columns in rules.columns_named().items():
        node = nodes.get(Ref("silver", table))
        if node is None:
            silver = [ref.name for ref in nodes if ref.layer == "silver"]
            raise UnknownName(f"silver table (in the alarms.yml of {domain})", table, silver)
        known = contracts[node.upstream[node.arguments[0]].name].columns
        for column in columns:
            if column not in known:
                raise UnknownName(f"column of {table} (in the alarms.yml of {domain})", column, known)


def _upstream(ref: Ref, argument: str, found: set[Ref], contracts: Mapping[str, Contract]) -> Ref:
    if argument.startswith("bronze_") and argument.removeprefix("bronze_") in contracts:
        return Ref("bronze", argument.removeprefix("bronze_"))
    for layer in ("silver", "gold"):
        if Ref(layer, argument) in found and Ref(layer, argument) != ref:
            return Ref(layer, argument)
    known = [*(f"bronze_{name}" for name in contracts), *(each.name for each in found)]
    raise UnknownName(f"table (an argument of {ref})", argument, known)


def _check_shape(ref: Ref, table: Table, arguments: tuple[str, ...], upstream: Mapping[str, Ref]) -> None:
    if ref.layer == "silver":
        if not isinstance(table.write, Append | Upsert | History):
            raise UsageError(f"{ref}: a silver table is written by Append, Upsert or History")
        if not arguments or upstream.get(arguments[0], ref).layer != "bronze":
            raise UsageError(f"{ref}: the first argument of a silver table is its bronze_<table>")
        return
    if not isinstance(table.write, Replace | Whole):
        raise UsageError(f"{ref}: a gold table is written by Replace or Whole")
    if isinstance(table.write, Replace):
        if table.partition is None:
            raise UsageError(f"{ref}: Replace needs the partition it replaces")
        strangers = set(table.write.follows) - set(upstream)
        if strangers:
            raise UsageError(f"{ref}: follows {sorted(strangers)}, not among its arguments")
