"""The rows of one chunk: its skeleton, the domain's source, the faults. Nothing is written here.

Spark spreads the skeleton; a worker turns its part into arrays, calls the source with them, and spoils what it gave.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from headrace.contracts.model import Contract
from headrace.contracts.schema import source_schema
from simulation.generate.bronze_files import STORED, stored_file
from simulation.generate.chunks import Chunk
from simulation.generate.columns import SCALARS, arrow_type, as_arrow
from simulation.generate.fault_injection import chance_of
from simulation.generate.row_index import (
    BLOCK_SECONDS,
    blocks_of,
    bounds_of_parts,
    in_parts,
    skeleton,
    snapshots,
    tasks_for,
)
from simulation.generate.row_maker import Entities, Part, RowMaker
from simulation.generate.sent_rows import as_batch, sent_rows
from simulation.generate.sources import Source
from simulation.generate.truth import TRUTH, truth_of_episodes, truth_of_rows
from simulation.random_draws import World

TASKS_PER_CHUNK = 4
ROWS_AT_ONCE = 150_000
SENT = T.StructType([T.StructField("_raw", T.StringType()), T.StructField("_sent_at", T.TimestampType())])
NAMED = T.StructType(
    [
        *(T.StructField(name, T.LongType()) for name in ("_index", "_second")),
        T.StructField("_copy", T.BooleanType()),
        T.StructField("_kind", T.StringType()),
    ]
)


Make = Callable[[RowMaker, "Recipe", Part], pa.RecordBatch]


@dataclass(frozen=True)
class Recipe:
    """All that a worker needs to make the rows of a chunk."""

    contracts: Mapping[str, Contract]
    sources: Mapping[str, Source]
    world: World
    chunk: Chunk

    @property
    def contract(self) -> Contract:
        return self.contracts[self.chunk.table]


def _each_part(
    make: Make,
    recipe: Recipe,
    at_once: int,
    wrap: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]] | None,
    batches: Iterable[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """Runs in a worker, over its part of the skeleton, as many rows at a time as fit into its caches."""
    maker = RowMaker(recipe.contracts, recipe.sources, recipe.world)

    def made() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            index, part = (batch.column(name).to_numpy() for name in ("_index", "_part"))
            for at in range(0, len(index), at_once):
                yield make(maker, recipe, (index[at : at + at_once], part[at : at + at_once]))

    yield from wrap(made()) if wrap else made()


def _rows(named: bool, maker: RowMaker, recipe: Recipe, part: Part) -> pa.RecordBatch:
    return as_batch(sent_rows(maker, recipe.chunk, part), recipe.contract, named)


def _struck(maker: RowMaker, recipe: Recipe, part: Part) -> pa.RecordBatch:
    return truth_of_rows(sent_rows(maker, recipe.chunk, part, only_likely=True), recipe.contract)


def _clean(helpers: tuple[str, ...], maker: RowMaker, recipe: Recipe, part: Part) -> pa.RecordBatch:
    rows, _ = maker.clean(recipe.chunk, part)
    kinds = {name: arrow_type(spec) for name, spec in recipe.contract.columns.items()}
    found = {name: as_arrow(rows[name], kind) for name, kind in kinds.items()}
    return pa.RecordBatch.from_pydict(found | {name: as_arrow(rows[name], pa.float64()) for name in helpers})


class RowFactory:
    """Makes chunks of one plan, which share the contracts, the sources, and the dimensions as of the start."""

    def __init__(
        self,
        spark: SparkSession,
        contracts: Mapping[str, Contract],
        sources: Mapping[str, Source],
        world: World,
    ) -> None:
        self.spark, self.contracts, self.sources, self.world = spark, contracts, sources, world
        self.maker = RowMaker(contracts, sources, world)

    def argument(self, name: str) -> pa.Table:
        """A dimension with one row per entity, or the rows of a hidden source."""
        found = self.maker.argument(name)
        if not isinstance(found, Entities):
            times = SCALARS["datetime"]
            return pa.table(
                {
                    key: as_arrow(values, times if values.dtype.kind == "M" else pa.array(values[:0]).type)
                    if isinstance(values, np.ndarray)
                    else values
                    for key, values in found.items()
                }
            )
        kinds = {key: arrow_type(spec) for key, spec in self.contracts[name].columns.items()}
        named = {key: as_arrow(found[key], kind) for key, kind in kinds.items()}
        return pa.table({"_index": np.arange(found.count), **named})

    def rows(self, chunk: Chunk, *, named: bool = False, only: Iterable[int] | None = None) -> DataFrame:
        """The rows as they are sent. `named`: with sender, second, copy and kind of fault. `only`: of these senders."""
        schema = T.StructType([*source_schema(self.contracts[chunk.table]), *SENT, *(NAMED if named else ())])
        return self._spread(partial(_rows, named), chunk, schema, only)

    def stored(self, chunk: Chunk, source: str, folder: str) -> DataFrame:
        """Writes the chunk's rows into a bronze table's folder; the files that there are then."""
        wrap = partial(stored_file, self.contracts[chunk.table], source, folder)
        return self._spread(partial(_rows, False), chunk, STORED, None, wrap)

    def clean_rows(self, chunk: Chunk, *helpers: str) -> DataFrame:
        """The rows before any fault; `helpers`: numbers that their source gives beside the contract's columns."""
        fields = [T.StructField(name, T.DoubleType()) for name in helpers]
        schema = T.StructType([*source_schema(self.contracts[chunk.table]), *fields])
        return self._spread(partial(_clean, helpers), chunk, schema, None)

    def truth(self, chunk: Chunk) -> DataFrame | None:
        """Which faults the chunk holds; None where its contract plants none."""
        contract = self.contracts[chunk.table]
        if not chance_of(contract):
            return None
        struck = self._spread(_struck, chunk, TRUTH, None)
        befallen = truth_of_episodes(self.maker, chunk)
        if befallen is None:
            return struck
        return struck.unionByName(self.spark.createDataFrame(befallen, schema=TRUTH))

    def _spread(
        self,
        make: Make,
        chunk: Chunk,
        schema: T.StructType,
        only: Iterable[int] | None,
        wrap: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]] | None = None,
    ) -> DataFrame:
        contract, piece, source = self.contracts[chunk.table], chunk.piece, self.sources.get(chunk.table)
        if source is not None and source.takes_ticks:
            first, last = blocks_of(piece)
            every = (self.world.stride or contract.arrives.every).total_seconds()
            piece, rows_each, tasks = (
                replace(piece, parts=last - first),
                BLOCK_SECONDS / every,
                TASKS_PER_CHUNK,
            )
        elif contract.type == "dimension":
            rows_each = len(snapshots(contract, piece.start, piece.end)) + 1
            tasks = tasks_for(piece.senders * rows_each)
        else:
            piece = in_parts(contract, piece)
            rows = int(np.ptp(bounds_of_parts(contract, piece)))
            rows_each, tasks = rows / piece.parts, tasks_for(piece.senders * rows)
        frame = skeleton(self.spark, chunk.table, piece, tasks)
        if only is not None:
            frame = frame.where(frame["_index"].isin(list(only)))
        recipe = Recipe(self.contracts, self.sources, self.world, replace(chunk, piece=piece))
        at_once = max(1, int(ROWS_AT_ONCE / max(rows_each, 1e-9)))
        return frame.mapInArrow(partial(_each_part, make, recipe, at_once, wrap), schema)
