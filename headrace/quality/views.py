"""The tables of one scan, by the names that checks use.

As in a table's signature, `bronze_x` is bronze's x and plain `x` is silver's, else gold's; a name always
means the whole table. What is new in a table since its last scan has a view of its own, `x__new`. The views
live in a session of their own: two domains or two scans never see each other's.
"""

import re
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from headrace.contracts.schema import bronze_schema
from headrace.lake import log
from headrace.lake.paths import Paths
from headrace.refine.catalog import Catalog

_WORD = re.compile(r"\b[A-Za-z_]\w*\b")


@dataclass(frozen=True)
class Part:
    """Only these values of the partition column; the newest one is always among them."""

    column: str
    values: frozenset[str | None]

    def holds(self) -> Column:
        named = F.col(self.column).cast("string").isin(sorted(v for v in self.values if v is not None))
        return named | F.col(self.column).isNull() if None in self.values else named


def register(
    spark: SparkSession, catalog: Catalog, paths: Paths, *, checks: str, layer: str, parts: dict[str, Part]
) -> None:
    """Makes a view of every table that the text of the checks names."""
    places = locations(catalog, paths, layer)
    words = set(_WORD.findall(checks)) | parts.keys()
    for name in sorted(words & places.keys()):
        frame = _frame(spark, catalog, places[name], name)
        if frame is not None:
            frame.createOrReplaceTempView(name)
            if part := parts.get(name):
                frame.where(part.holds()).createOrReplaceTempView(new_rows_of(name))


def new_rows_of(name: str) -> str:
    return f"{name}__new"


def locations(catalog: Catalog, paths: Paths, layer: str) -> dict[str, str]:
    places = {f"bronze_{name}": paths.table("bronze", name) for name in catalog.contracts}
    for each in sorted(("silver", "gold"), key=lambda name: name == layer or name == "silver"):
        for ref in catalog.nodes:
            if ref.layer == each:
                places[ref.name] = paths.table(each, ref.name)
                if each == "silver":
                    places[f"{ref.name}__rejected"] = paths.rejected(ref.name)
    return places


def newest(spark: SparkSession, path: str, column: str) -> str | None:
    """The last value of a partition column, out of the table's statistics."""
    rows = spark.read.format("delta").load(path).agg(F.max(column).cast("string")).collect()
    return str(rows[0][0]) if rows[0][0] is not None else None


def _frame(spark: SparkSession, catalog: Catalog, path: str, name: str) -> DataFrame | None:
    """A table that is not there has no view, so that its checks fail; nothing rejected is an empty one."""
    if log.exists(path):
        return spark.read.format("delta").load(path)
    if not name.endswith("__rejected"):
        return None
    contract = catalog.source_of(catalog.node(name.removesuffix("__rejected"), "silver"))
    reasons = T.StructField("_reasons", T.ArrayType(T.StringType()))
    return spark.createDataFrame([], T.StructType([*bronze_schema(contract).fields, reasons]))
