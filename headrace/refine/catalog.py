"""Finds a domain's tables and reads off their signatures what each is made from."""

import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import Any

from headrace.contracts.load import load_contracts, load_meanings
from headrace.contracts.model import ColumnSpec, Contract
from headrace.contracts.schema import TECHNICAL_MEANINGS
from headrace.errors import UnknownName, UsageError
from headrace.lake.paths import LAYERS, is_beside
from headrace.writes.node import AS_OF, Node, Ref
from headrace.writes.way import way_of, ways_for


@dataclass(frozen=True)
class Catalog:
    domain: str
    contracts: Mapping[str, Contract]
    nodes: Mapping[Ref, Node]

    def tables(self, layer: str) -> list[str]:
        """The names of all its tables."""
        return list(self.contracts) if layer == "bronze" else [node.name for node in self.layer(layer)]

    def chosen(self, layers: Collection[str], tables: Collection[str] | None) -> dict[str, list[str]]:
        """The names of the tables of some layers, those of `tables` alone where it is given: `tank_days` in whichever
        layers have it, `gold.tank_days` in that one. Names must exist."""
        for layer in layers:
            if layer not in LAYERS:
                raise UnknownName("layer", layer, LAYERS)
        known = {name for layer in LAYERS for name in self.tables(layer)}
        wanted = known if tables is None else set(tables)
        for name in sorted(
            wanted - known - {f"{layer}.{name}" for layer in LAYERS for name in self.tables(layer)}
        ):
            raise UnknownName("table", name, known)
        return {
            layer: [name for name in self.tables(layer) if {name, f"{layer}.{name}"} & wanted]
            for layer in LAYERS
            if layer in layers
        }

    def above(self, layer: str, name: str) -> list[Ref]:
        """What a table is made from; the one whose rows become its own comes first."""
        return [] if layer == "bronze" else list(self.node(name, layer).upstream.values())

    @property
    def by_topic(self) -> list[Contract]:
        """Those whose tables arrive by a topic."""
        return [each for each in self.contracts.values() if each.arrives.topic]

    @property
    def from_bronze(self) -> list[Node]:
        """The silver tables that are made from bronze, each after those it is made from."""
        return [node for node in self.layer("silver") if node.first.layer == "bronze"]

    def followers(self, contract: Contract) -> list[Node]:
        """The silver tables that follow one that is made from a contract."""
        sources = {node.ref for node in self.made_from(contract)}
        return [node for node in self.layer("silver") if node.first in sources]

    def layer(self, layer: str) -> list[Node]:
        """The tables of a layer, each after those it is made from."""
        order = TopologicalSorter({ref: set(node.upstream.values()) for ref, node in self.nodes.items()})
        try:
            refs = [ref for ref in order.static_order() if ref in self.nodes and ref.layer == layer]
            return [self.nodes[ref] for ref in refs]
        except CycleError as error:
            raise UsageError(f"tables that need each other: {' -> '.join(map(str, error.args[1]))}") from None

    def cluster_of(self, layer: str, name: str) -> tuple[str, ...]:
        """The order of rows within files: as declared; in bronze by sender and time."""
        if layer != "bronze":
            return () if is_beside(name) else self.node(name, layer).table.cluster
        contract = self.contracts[name]
        sender = contract.sender_column
        return (sender, contract.event_time) if sender and contract.event_time else ()

    def node(self, name: str, layer: str | None = None) -> Node:
        for ref, node in self.nodes.items():
            if ref.name == name and layer in (None, ref.layer):
                return node
        raise UnknownName("table", name, [ref.name for ref in self.nodes])

    def source_of(self, node: Node) -> Contract:
        """The contract behind a silver table that is made from bronze: that of its first argument."""
        return self.contracts[node.first.name]

    def made_from(self, contract: Contract) -> list[Node]:
        """The silver tables that a contract is the source of."""
        return [node for node in self.from_bronze if node.first.name == contract.table]

    def description_of(self, layer: str, table: str) -> str:
        """What a table is."""
        if layer == "bronze":
            return self.contracts[table].description.strip()
        return self.node(table, layer).description

    def spec_of(self, column: str, layer: str, table: str) -> ColumnSpec:
        """What a column means: as is said of its table, then by the contract that its table comes from, then as is said
        of every table, else by any contract with such a column, since the same name means the same."""
        above = [ref.name for ref in self.above(layer, table)] or [table]
        own, others = self._sent_as(column, above), self._sent_as(column, self.contracts)
        if layer == "bronze":
            return own or others or _technical(column)
        meanings = load_meanings(self.domain)
        general = None if own else meanings.get(("", column))
        found = meanings.get((table, column)) or general or own or others
        return self._added_by_way(column, layer, table) or found or _technical(column)

    def _sent_as(self, column: str, tables: Iterable[str]) -> ColumnSpec | None:
        """As the first of these tables that has a contract with such a column says."""
        contracts = (self.contracts[name] for name in tables if name in self.contracts)
        return next((each.columns[column] for each in contracts if column in each.columns), None)

    def _added_by_way(self, column: str, layer: str, table: str) -> ColumnSpec | None:
        fields = way_of(self.node(table, layer).table.write).columns
        comments = {field.name: field.metadata.get("comment") for field in fields}
        return ColumnSpec(meaning=comments[column]) if comments.get(column) else None


def _technical(column: str) -> ColumnSpec:
    return ColumnSpec(meaning=TECHNICAL_MEANINGS.get(column, ""))


def _described(domain: str, table: str) -> list[str]:
    """The columns that may be in a table and that no source has."""
    return [column for of, column in load_meanings(domain) if of in ("", table)]


@cache
def load_tables(domain: str) -> Catalog:
    contracts = load_contracts(domain)
    modules = {
        Ref(layer, name): module
        for layer in ("silver", "gold")
        for name, module in _modules(f"domains.{domain}.{layer}")
    }
    nodes = {ref: _node(ref, module, domain, modules, contracts) for ref, module in modules.items()}
    for node in nodes.values():
        above = [nodes[ref] for ref in node.upstream.values() if ref in nodes]
        sources = {each.name: each.first for each in above if each.first.layer == "bronze"}
        columns = {
            name: [*contracts[source.name].columns, *_described(domain, name)]
            for name, source in sources.items()
        }
        way_of(node.table.write).check_upstream(node, columns)
    return Catalog(domain, contracts, nodes)


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


def _node(ref: Ref, module: Any, domain: str, refs: Iterable[Ref], contracts: Mapping[str, Contract]) -> Node:
    function = getattr(module, ref.name, None)
    arguments = way_of(module.TABLE.write).made_from(domain)
    if arguments is None:
        if function is None:
            raise UsageError(f"{module.__name__} declares TABLE but has no function named {ref.name}")
        arguments = tuple(inspect.signature(function).parameters)
    upstream = {name: _upstream(ref, name, set(refs), contracts) for name in arguments if name != AS_OF}
    node = Node(ref, module.TABLE, module.__name__, function, arguments, upstream)
    _check_shape(node, contracts)
    return node


def _upstream(ref: Ref, argument: str, refs: set[Ref], contracts: Mapping[str, Contract]) -> Ref:
    if argument.startswith("bronze_") and argument.removeprefix("bronze_") in contracts:
        return Ref("bronze", argument.removeprefix("bronze_"))
    for layer in ("silver", "gold"):
        if Ref(layer, argument) in refs and Ref(layer, argument) != ref:
            return Ref(layer, argument)
    known = [*(f"bronze_{name}" for name in contracts), *(each.name for each in refs)]
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
