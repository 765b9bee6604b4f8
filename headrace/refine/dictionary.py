"""The data dictionary as Markdown: every table and column, from contracts, declarations and signatures."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import types as T

from headrace.contracts.model import ColumnSpec, Contract
from headrace.contracts.rules import with_reasons
from headrace.contracts.schema import bronze_schema, source_schema
from headrace.lake.paths import LAYERS
from headrace.refine.catalog import Catalog
from headrace.writes.node import AS_OF, Node, Ref
from headrace.writes.way import way_of

ANY_INSTANT = datetime(2024, 1, 1)
FEW = 8


def shapes(catalog: Catalog, spark: SparkSession) -> dict[Ref, T.StructType]:
    """Every table's own columns; those of the engine begin with an underscore and are left out."""
    schemas = {Ref("bronze", name): source_schema(contract) for name, contract in catalog.contracts.items()}
    for node in (*catalog.layer("silver"), *catalog.layer("gold")):
        schemas[node.ref] = _columns(node, catalog, schemas, spark)
    return schemas


def _columns(
    node: Node, catalog: Catalog, schemas: dict[Ref, T.StructType], spark: SparkSession
) -> T.StructType:
    way = way_of(node.table.write)
    if node.function is None:
        return T.StructType([*way.columns])
    frames: dict[str, Any] = {AS_OF: ANY_INSTANT}
    left_out: tuple[str, ...] = ()
    for argument, ref in node.upstream.items():
        if ref.layer == "bronze":
            contract = catalog.contracts[ref.name]
            left_out += way.leaves_out(contract)
            frames[argument] = with_reasons(spark.createDataFrame([], bronze_schema(contract)), contract)
        else:
            stored = T.StructType([*schemas[ref].fields, T.StructField("_ingested_at", T.TimestampType())])
            frames[argument] = spark.createDataFrame([], stored)
    fields = node.call(frames).schema.fields
    own = [each for each in fields if not each.name.startswith("_") and each.name not in left_out]
    return T.StructType([*own, *way.gained(own)])


def dictionary(catalog: Catalog, spark: SparkSession) -> str:
    """One domain's chapter."""
    columns, parts = shapes(catalog, spark), [f"# {catalog.domain}", ""]
    names = {layer: sorted(catalog.tables(layer)) for layer in LAYERS}
    for layer, tables in names.items():
        parts.append(f"- {layer}: {', '.join(f'[{name}](#{layer}{name})' for name in tables)}")
    for name in names["bronze"]:
        parts += _source(catalog.contracts[name])
    for layer in ("silver", "gold"):
        for name in names[layer]:
            parts += _derived(catalog.node(name, layer), columns, catalog)
    return "\n".join(parts) + "\n"


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
    arrives, scale = contract.arrives, " at full scale" if contract.scales else ", at any scale"
    ways = [f"files that `{arrives.reader}` reads" if arrives.reader else f"{arrives.files} files"]
    ways = ways if arrives.files else []
    ways = [f"the change data feed of the Delta table `{arrives.delta}`"] if arrives.delta else ways
    ways += [f"topic `{arrives.topic}`"] if arrives.topic else []
    kind = contract.type.replace("_", " ").capitalize()
    return f"{kind}; arrives as {' and '.join(ways)}; {contract.num_rows:,} rows{scale}."


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
    table, way = node.table, way_of(node.table.write)
    partition = f", partitioned by `{table.partition}`" if table.partition else ""
    shape = f"Key {', '.join(f'`{key}`' for key in table.keys)}{partition}; {way.sentence}."
    yield f"From {', '.join(map(str, node.upstream.values()))}. {shape}\n"
    own, inherited = columns[node.ref].fields, set()
    if node.first.layer == "bronze":
        contract = catalog.source_of(node)
        inherited, source = set(contract.columns), contract.table
        left_out = "".join(f" but `{name}`" for name in way.leaves_out(contract))
        yield f"All columns of [bronze.{source}](#bronze{source}){left_out}, and:\n"
    yield "| column | type | unit | meaning |\n|---|---|---|---|"
    for field in own:
        if field.name not in inherited:
            spec = catalog.spec_of(field.name, node.ref.layer, node.name)
            yield _row(f"`{field.name}`", field.dataType.simpleString(), spec.unit, spec.meaning)


def _row(*cells: str) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"
