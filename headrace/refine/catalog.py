"""Finds a domain's tables and reads off their signatures what each is made from."""

import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import Any

from headrace.alarms.events import PARTITION, TABLE
from headrace.alarms.rules import Rules, load_rules
from headrace.contracts.load import load_contracts
from headrace.contracts.model import Contract
from headrace.errors import UnknownName, UsageError
from headrace.tables import Append, Table
from headrace.writes.node import AS_OF, Node, Ref
from headrace.writes.way import way_of, ways_for

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
    node = Node(ref, module.TABLE, function, arguments, upstream)
    _check_shape(node, contracts)
    return node


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


def _check_shape(node: Node, contracts: Mapping[str, Contract]) -> None:
    ref, way = node.ref, way_of(node.table.write)
    if ref.layer not in way.layers:
        *others, last = ways_for(ref.layer)
        raise UsageError(f"{ref}: a {ref.layer} table is written by {', '.join(others)} or {last}")
    first = node.upstream.get(node.arguments[0]) if node.arguments else None
    if way.source_layer and (first is None or first.layer != way.source_layer):
        named = "its bronze_<table>" if way.source_layer == "bronze" else f"a {way.source_layer} table"
        raise UsageError(f"{ref}: the first argument of a {ref.layer} table is {named}")
    way.check(node, contracts[first.name] if first and first.layer == "bronze" else None)
