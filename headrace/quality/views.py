"""The tables of one scan as temporary views of a session of its own, so that two scans never see each other's.

`bronze_x` is bronze's x, `x` is silver's, else gold's, and `x__new` its partitions written since the last scan.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from deltalake import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.contracts.schema import bronze_schema
from headrace.lake import log
from headrace.lake.paths import Paths, accepted_of, is_rejected, rejected_of
from headrace.lake.session import FEW_ROWS, session_for
from headrace.quality.checks import REFERRED, ROWS_OF, referred_by
from headrace.refine.catalog import Catalog
from headrace.tables import REASONS
from headrace.writes.way import way_of

NEW = "__new"
HANDED_OVER = 100_000  # rows: Spark opens a Delta table more slowly than it takes so many
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")


@dataclass(frozen=True)
class Part:
    """Some values of the partition column, the newest one among them."""

    column: str
    values: frozenset[str | None]

    def holds(self) -> Column:
        named = F.col(self.column).cast("string").isin(sorted(v for v in self.values if v is not None))
        return named | F.col(self.column).isNull() if None in self.values else named

    def __str__(self) -> str:
        return f"{len(self.values)} of its {self.column}s"


class Views:
    def __init__(self, catalog: Catalog, paths: Paths, layer: str) -> None:
        self._catalog, self._layer = catalog, layer
        self._rows: dict[str, int] = {}
        self._places = {f"bronze_{name}": paths.table("bronze", name) for name in catalog.contracts}
        for each in sorted(("silver", "gold"), key=lambda name: name == layer or name == "silver"):
            for node in catalog.layer(each):
                self._places[node.name] = paths.table(each, node.name)
                if "rejected" in way_of(node.table.write).terms:
                    self._places[rejected_of(node.name)] = paths.rejected(node.name)

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
        frames = [self._view(session, name, parts.get(name)) for name in sorted(self._named_in(sodacl))]
        counted = {word for word in _WORD.findall(sodacl) if word.endswith(REFERRED)}
        frames += [self._referred(session, view) for view in sorted(counted)]
        try:
            yield session
        finally:
            for frame in filter(None, frames):
                frame.unpersist()

    def _view(self, session: SparkSession, name: str, part: Part | None) -> DataFrame | None:
        """A table that is not there has no view, so that its checks fail; nothing rejected is an empty one."""
        place = self._places[name]
        version = log.version(place)
        if version >= 0 and 0 < self._count(name) <= HANDED_OVER:  # Spark takes no empty lists from Arrow
            frame = session.createDataFrame(DeltaTable(place, version=version).to_pyarrow_table())
        elif version >= 0:
            frame = session.read.format("delta").option("versionAsOf", version).load(place)
        elif is_rejected(name):
            contract = self._catalog.source_of(self._catalog.node(accepted_of(name), "silver"))
            columns = [
                F.lit(None).cast(field.dataType).alias(field.name) for field in bronze_schema(contract)
            ]
            frame = session.range(0).select(*columns, F.lit(None).cast("array<string>").alias(REASONS))
        else:
            return None
        if self._layer != "bronze" and self._count(name) <= FEW_ROWS:
            frame = frame.coalesce(1).persist()  # queries of a single partition need no shuffle
        frame.createOrReplaceTempView(name)
        if part is not None:
            frame.where(part.holds()).createOrReplaceTempView(f"{name}{NEW}")
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
