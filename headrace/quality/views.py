"""The tables of one scan, by the names that checks use.

As in a table's signature, `bronze_x` is bronze's x and plain `x` is silver's, else gold's; a name always
means the whole table. What is new in a table since its last scan has a view of its own, `x__new`. The views
live in a session of their own: two domains or two scans never see each other's.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.contracts.schema import bronze_schema
from headrace.lake import log
from headrace.lake.paths import Paths, accepted_of, is_rejected, rejected_of
from headrace.lake.session import FEW_ROWS, session_for
from headrace.quality.baseline import REFERRED, referred_by
from headrace.refine.catalog import Catalog
from headrace.writes.way import way_of

NEW = "__new"
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")


@dataclass(frozen=True)
class Part:
    """Only these values of the partition column; the newest one is always among them."""

    column: str
    values: frozenset[str | None]

    def holds(self) -> Column:
        named = F.col(self.column).cast("string").isin(sorted(v for v in self.values if v is not None))
        return named | F.col(self.column).isNull() if None in self.values else named


class Views:
    def __init__(self, catalog: Catalog, paths: Paths, layer: str) -> None:
        self._catalog, self._layer = catalog, layer
        self._places = locations(catalog, paths, layer)
        self._rows: dict[str, int] = {}

    def are_small(self, sodacl: str) -> bool:
        """Whether all tables that the text of some checks names are small."""
        return all(self._count(name) <= FEW_ROWS for name in self._named_in(sodacl))

    @contextmanager
    def registered(self, spark: SparkSession, sodacl: str, parts: dict[str, Part]) -> Iterator[SparkSession]:
        """A session with a view of every table that the text of the checks names."""
        session = session_for(spark, 0 if self.are_small(sodacl) else FEW_ROWS)
        kept = [
            frame for name in sorted(self._named_in(sodacl)) if (frame := self._view(session, name, parts))
        ]
        kept += [
            self._referred(session, word) for word in set(_WORD.findall(sodacl)) if word.endswith(REFERRED)
        ]
        try:
            yield session
        finally:
            for frame in kept:
                frame.unpersist()

    def _view(self, session: SparkSession, name: str, parts: dict[str, Part]) -> DataFrame | None:
        frame = _frame(session, self._catalog, self._places[name], name)
        if frame is None:
            return None
        if self._layer != "bronze" and self._count(name) <= FEW_ROWS:
            frame = frame.persist()
        frame.createOrReplaceTempView(name)
        if part := parts.get(name):
            frame.where(part.holds()).createOrReplaceTempView(new_rows_of(name))
        return frame

    def _referred(self, session: SparkSession, view: str) -> DataFrame:
        """Each combination of references once, so that many checks read the large table one time."""
        scanned = view.removesuffix(REFERRED)
        contract = self._catalog.source_of(self._catalog.node(scanned.removesuffix(NEW), "silver"))
        occurring = session.table(scanned).groupBy(*referred_by(contract))
        counted = occurring.agg(F.count(F.lit(1)).alias("times")).persist()
        counted.createOrReplaceTempView(view)
        return counted

    def _named_in(self, sodacl: str) -> set[str]:
        words = {word.removesuffix(REFERRED).removesuffix(NEW) for word in _WORD.findall(sodacl)}
        return words & self._places.keys()

    def _count(self, name: str) -> int:
        if name not in self._rows:
            self._rows[name] = log.row_count(self._places[name])
        return self._rows[name]


def new_rows_of(name: str) -> str:
    return f"{name}{NEW}"


def locations(catalog: Catalog, paths: Paths, layer: str) -> dict[str, str]:
    places = {f"bronze_{name}": paths.table("bronze", name) for name in catalog.contracts}
    for each in sorted(("silver", "gold"), key=lambda name: name == layer or name == "silver"):
        for ref, node in catalog.nodes.items():
            if ref.layer == each:
                places[ref.name] = paths.table(each, ref.name)
                if way_of(node.table.write).sets_rows_aside:
                    places[rejected_of(ref.name)] = paths.rejected(ref.name)
    return places


def newest(spark: SparkSession, path: str, column: str) -> str | None:
    """The last value of a partition column, out of the table's statistics."""
    rows = spark.read.format("delta").load(path).agg(F.max(column).cast("string")).collect()
    return str(rows[0][0]) if rows[0][0] is not None else None


def _frame(spark: SparkSession, catalog: Catalog, path: str, name: str) -> DataFrame | None:
    """A table that is not there has no view, so that its checks fail; nothing rejected is an empty one."""
    version = log.version(path)
    if version >= 0:
        return spark.read.format("delta").option("versionAsOf", version).load(path)
    if not is_rejected(name):
        return None
    contract = catalog.source_of(catalog.node(accepted_of(name), "silver"))
    columns = [F.lit(None).cast(field.dataType).alias(field.name) for field in bronze_schema(contract)]
    return spark.range(0).select(*columns, F.lit(None).cast("array<string>").alias("_reasons"))
