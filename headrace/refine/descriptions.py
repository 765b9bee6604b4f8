"""What tables and columns mean, from contracts and from the words above modules.

The same name means the same: a source column's meaning goes with it through the layers.
"""

from headrace.contracts.model import ColumnSpec
from headrace.refine.catalog import Catalog
from headrace.writes.way import way_of


def spec_of(column: str, layer: str, table: str, catalog: Catalog) -> ColumnSpec:
    """As the contract has it that the table comes from, else any contract with such a column."""
    if layer != "bronze":
        added = {field.name: field for field in way_of(catalog.node(table, layer).table.write).columns}
        if column in added and "comment" in added[column].metadata:
            return ColumnSpec(meaning=added[column].metadata["comment"])
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
    return catalog.node(table, layer).description
