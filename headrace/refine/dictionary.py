"""The data dictionary as Markdown: every table and column, from contracts, declarations and signatures."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import types as T

from headrace.contracts.model import ColumnSpec, Contract
from headrace.contracts.rules import with_reasons
from headrace.contracts.schema import bronze_schema, source_schema
from headrace.refine.catalog import Catalog
from headrace.refine.descriptions import spec_of
from headrace.tables import Table
from headrace.writes.node import AS_OF, Node, Ref
from headrace.writes.way import way_of

ANY_INSTANT = datetime(2024, 1, 1)


def shapes(catalog: Catalog, spark: SparkSession) -> dict[Ref, T.StructType]:
    """Every table's own columns; those of the engine begin with an underscore and are left out."""
    found = {Ref("bronze", name): source_schema(contract) for name, contract in catalog.contracts.items()}
    for layer in ("silver", "gold"):
        for node in catalog.layer(layer):
            found[node.ref] = _columns(node, catalog, found, spark)
    return found


def _columns(
    node: Node, catalog: Catalog, found: dict[Ref, T.StructType], spark: SparkSession
) -> T.StructType:
    added = way_of(node.table.write).columns
    if node.function is None:
        return T.StructType([*added])
    frames: dict[str, Any] = {AS_OF: ANY_INSTANT}
    left_out: tuple[str, ...] = ()
    for argument, ref in node.upstream.items():
        if ref.layer == "bronze":
            contract = catalog.contracts[ref.name]
            left_out += way_of(node.table.write).leaves_out(contract)
            frames[argument] = with_reasons(spark.createDataFrame([], bronze_schema(contract)), contract)
        else:
            stored = T.StructType([*found[ref].fields, T.StructField("_ingested_at", T.TimestampType())])
            frames[argument] = spark.createDataFrame([], stored)
    made = [
        field
        for field in node.call(frames).schema.fields
        if not field.name.startswith("_") and field.name not in left_out
    ]
    return T.StructType([*made, *added])


FEW = 8


def dictionary(catalog: Catalog, spark: SparkSession) -> str:
    """One domain's chapter."""
    columns = shapes(catalog, spark)
    parts = [f"# {catalog.domain}", "", *_contents(catalog)]
    for name in sorted(catalog.contracts):
        parts += _source(catalog.contracts[name])
    for layer in ("silver", "gold"):
        for node in _nodes(catalog, layer):
            parts += _derived(node, columns, catalog)
    return "\n".join(parts) + "\n"


def _contents(catalog: Catalog) -> Iterator[str]:
    yield f"- bronze: {_links('bronze', sorted(catalog.contracts))}"
    for layer in ("silver", "gold"):
        yield f"- {layer}: {_links(layer, sorted(catalog.tables(layer)))}"


def _nodes(catalog: Catalog, layer: str) -> list[Node]:
    return sorted(catalog.layer(layer), key=lambda node: node.name)


def _links(layer: str, names: list[str]) -> str:
    return ", ".join(f"[{name}](#{layer}{name})" for name in names)


def _source(contract: Contract) -> Iterator[str]:
    yield f"\n## bronze.{contract.table}\n"
    if contract.description:
        yield f"{contract.description.strip()}\n"
    yield f"{_arrives(contract)} Key `{contract.key_column}`.\n"
    yield "| column | type | unit | meaning | values |\n|---|---|---|---|---|"
    for name, spec in contract.columns.items():
        added = " (added by Headrace)" if spec.added_by == "headrace" else ""
        yield _row(f"`{name}`", spec.type, spec.unit, f"{spec.meaning}{added}", _values(spec))


def _arrives(contract: Contract) -> str:
    ways = [f"{contract.arrives.files} files" if contract.arrives.files else ""]
    ways.append(f"topic `{contract.arrives.topic}`" if contract.arrives.topic else "")
    size = (
        f"{contract.num_rows:,} rows at full scale"
        if contract.scales
        else f"{contract.num_rows:,} rows, at any scale"
    )
    kind = contract.type.replace("_", " ").capitalize()
    return f"{kind}; arrives as {' and '.join(filter(None, ways))}; {size}."


def _values(spec: ColumnSpec) -> str:
    if spec.references:
        return f"in {spec.references}"
    if spec.choices:
        more = f" and {len(spec.choices) - FEW} more" if len(spec.choices) > FEW else ""
        return ", ".join(spec.choices[:FEW]) + more
    if spec.possible:
        return " to ".join("any" if bound is None else f"{bound:,.10g}" for bound in spec.possible)
    return "never null" if spec.required else ""


def _derived(node: Node, columns: dict[Ref, T.StructType], catalog: Catalog) -> Iterator[str]:
    yield f"\n## {node.ref}\n"
    yield f"{node.description}\n"
    yield f"From {', '.join(str(ref) for ref in node.upstream.values())}. {_shape(node.table)}\n"
    own, inherited = columns[node.ref].fields, set()
    if node.first.layer == "bronze":
        contract = catalog.source_of(node)
        inherited, source = set(contract.columns), contract.table
        left_out = "".join(f" but `{name}`" for name in way_of(node.table.write).leaves_out(contract))
        yield f"All columns of [bronze.{source}](#bronze{source}){left_out}, and:\n"
    yield "| column | type | unit | meaning |\n|---|---|---|---|"
    for field in own:
        if field.name not in inherited:
            spec = spec_of(field.name, node.ref.layer, node.name, catalog)
            yield _row(f"`{field.name}`", field.dataType.simpleString(), spec.unit, spec.meaning)


def _shape(table: Table) -> str:
    partition = f", partitioned by `{table.partition}`" if table.partition else ""
    return f"Key {', '.join(f'`{key}`' for key in table.keys)}{partition}; {way_of(table.write).sentence}."


def _row(*cells: str) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"
