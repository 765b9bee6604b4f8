"""From a bronze table on into silver while the job stands.

All ways into the bronze table share it, for each must know how far silver has come and which keys it holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from headrace.lake.ledger import Entry
from headrace.refine.arrivals import Progress, all_of, has_all_before, progress_of
from headrace.refine.edge import Edge
from headrace.refine.recent import RecentKeys
from headrace.refine.silver import run_edge, take_in_memory

MOST_IN_MEMORY = 2_000_000
TOO_LARGE = "spark.driver.maxResultSize"


@dataclass
class _Known:
    """A silver edge, the keys it took lately, and how far it has come."""

    edge: Edge
    recent: RecentKeys = field(default_factory=RecentKeys)
    progress: Progress | None = None


class Onward:
    """`size`: bytes of a batch that is read from bronze's files."""

    def __init__(self, edges: Sequence[Edge], size: int) -> None:
        self._known = [_Known(edge) for edge in edges]
        self._size = size

    def take(self, spark: SparkSession, bronze: Entry, held: pa.Table | None) -> list[Entry]:
        """What bronze has just stored and `held` still holds; else, and where silver is behind, what lies in files."""
        return [entry for known in self._known for entry in self._into(known, spark, bronze, held)]

    def _into(self, known: _Known, spark: SparkSession, bronze: Entry, held: pa.Table | None) -> list[Entry]:
        assert bronze.version is not None
        edge, recent = known.edge, known.recent
        done = known.progress or progress_of(edge.paths, edge.node.name)
        known.progress = None  # until this batch is stored; one that fails may have stored some of it
        if held is not None and done is not None and has_all_before(edge.bronze, done, bronze.version):
            here = Progress(all_of(bronze.version), done.began)
            try:
                entry = take_in_memory(edge, spark, held, here, recent)
            except BaseException:
                recent.forget_all()
                raise
            known.progress = here
            return [entry]
        recent.forget_all()
        return run_edge(lambda: spark, edge, bytes_per_batch=self._size)


def held_in_memory(rows: DataFrame, most: int) -> pa.Table | None:
    """The rows of a batch, unless they may be or turn out to be too many for one process."""
    if most > MOST_IN_MEMORY:
        return None
    try:
        return rows.toArrow()
    except PySparkException as error:
        if TOO_LARGE in str(error):
            return None
        raise
