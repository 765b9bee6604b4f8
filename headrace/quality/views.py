"""The tables of one scan as temporary views, under the names that checks use.

As in a table's signature, `bronze_x` is bronze's x and plain `x` is silver's, else gold's; a name always means the
whole table. `x__new` holds the partitions written since the last scan. The views belong to a session of their own,
so that two scans never see each other's.
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
from headrace.quality.contract_checks import REFERRED, ROWS_OF, referred_by
from headrace.refine.catalog import Catalog
from headrace.writes.way import way_of

NEW = "__new"
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")


@dataclass(frozen=True)
class Part:
    """Some values of the partition column, the newest one among them."""

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
        """Whether all tables that some checks read are small."""
        return all(self._count(name) <= FEW_ROWS for name in self._named_in(sodacl))

    def row_counts(self, sodacl: str) -> dict[str, str]:
        """The values of the variables `rows_of_<view>` that some checks name, without a query."""
        named = {word.removeprefix(ROWS_OF) for word in _WORD.findall(sodacl) if word.startswith(ROWS_OF)}
        return {f"{ROWS_OF}{name}": str(self._count(name)) for name in named & self._places.keys()}

    @contextmanager
    def registered(self, spark: SparkSession, sodacl: str, parts: dict[str, Part]) -> Iterator[SparkSession]:
        """A session with a view of every table that some checks read."""
        session = session_for(spark, 0 if self.are_small(sodacl) else FEW_ROWS)
        frames = [self._view(session, name, parts) for name in sorted(self._named_in(sodacl))]
        counted = {word for word in _WORD.findall(sodacl) if word.endswith(REFERRED)}
        frames += [self._referred(session, view) for view in sorted(counted)]
        try:
            yield session
        finally:
            for frame in filter(None, frames):
                frame.unpersist()

    def _view(self, session: SparkSession, name: str, parts: dict[str, Part]) -> DataFrame | None:
        frame = _frame(session, self._catalog, self._places[name], name)
        if frame is None:
            return None
        if self._layer != "bronze" and self._count(name) <= FEW_ROWS:
            frame = frame.coalesce(1).persist()  # queries of a single partition need no shuffle
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
