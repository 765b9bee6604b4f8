"""The columns of every table of a domain, worked out from empty frames: nothing need have been refined."""

from datetime import datetime
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import types as T

from headrace.contracts.rules import with_reasons
from headrace.contracts.schema import bronze_schema, source_schema
from headrace.refine.catalog import Catalog
from headrace.writes.node import AS_OF, Node, Ref
from headrace.writes.way import way_of

ANY_INSTANT = datetime(2024, 1, 1)


def shapes(catalog: Catalog, spark: SparkSession) -> dict[Ref, T.StructType]:
    """Every table's own columns; those of the engine begin with an underscore and are left out."""
    found = {Ref("bronze", name): source_schema(contract) for name, contract in catalog.contracts.items()}
    for layer in ("silver", "gold"):
        for node in catalog.layer(layer):
            found[node.ref] = _shape(node, catalog, found, spark)
    return found


def _shape(node: Node, catalog: Catalog, found: dict[Ref, T.StructType], spark: SparkSession) -> T.StructType:
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
