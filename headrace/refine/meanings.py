"""What tables and columns mean, from contracts and from the words above modules.

The same name means the same: a source column's meaning goes with it through the layers.
"""

import inspect

from headrace.alarms.events import MEANINGS
from headrace.contracts.model import ColumnSpec
from headrace.refine.catalog import ALARMS_SHAPE, Catalog
from headrace.writes.node import Node


def spec_of(column: str, layer: str, table: str, catalog: Catalog) -> ColumnSpec:
    """As the contract has it that the table comes from, else any contract with such a column."""
    if catalog.is_alarms(layer, table):
        return ColumnSpec(meaning=MEANINGS.get(column, ""))
    above = [table] if layer == "bronze" else [ref.name for ref in catalog.above(layer, table)]
    for name in [*above, *catalog.contracts]:
        contract = catalog.contracts.get(name)
        if contract is not None and column in contract.columns:
            return contract.columns[column]
    return ColumnSpec()


def told(spec: ColumnSpec) -> str:
    """In one line, with the unit."""
    unit = f"[{spec.unit}]" if spec.unit else ""
    return " ".join(f"{spec.meaning} {unit}".split())


def said_of(layer: str, table: str, catalog: Catalog) -> str:
    """What a table is."""
    if layer == "bronze":
        return catalog.contracts[table].description.strip()
    if catalog.is_alarms(layer, table):
        return ALARMS_SHAPE.description
    return said_of_node(catalog.node(table, layer))


def said_of_node(node: Node) -> str:
    text = inspect.getdoc(inspect.getmodule(node.function)) or ""
    return text.strip() or node.table.description
