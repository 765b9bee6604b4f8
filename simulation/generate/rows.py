"""The rows of one chunk: its row index, the domain's source, the faults. Nothing is written here."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from inspect import signature
from threading import RLock

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.errors import UsageError
from simulation.generate.blocks import blocks, episodes_of
from simulation.generate.chunks import Chunk
from simulation.generate.columns import key_of, with_made_columns
from simulation.generate.fault_injection import (
    Strike,
    strikes_of,
    with_broken_lines,
    with_episodes,
    with_sending,
    with_steps,
    with_strikes,
)
from simulation.generate.row_index import dimension_index, fact_index, snapshots
from simulation.generate.sources import Source, others_of
from simulation.random_draws import World

TASKS_PER_CHUNK = 4
CHANGE = ["_index", "_at"]


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
        self._arguments: dict[str, DataFrame] = {}
        self._lock = RLock()

    def argument(self, name: str) -> DataFrame:
        """A dimension with one row per entity, or the rows of a hidden source; made once."""
        with self._lock:
            if name not in self._arguments:
                self._arguments[name] = self._made(name).persist()
            return self._arguments[name]

    def close(self) -> None:
        for frame in self._arguments.values():
            frame.unpersist()
        self._arguments.clear()

    def clean_rows(self, chunk: Chunk) -> DataFrame:
        contract = self.contracts[chunk.table]
        if contract.type == "dimension":
            return self._dimension(contract, chunk)
        source = self.sources.get(chunk.table)
        if source is not None and source.takes_blocks:
            return source(blocks=self._blocks(contract, chunk), **self._given(source))
        return self._from_index(fact_index(self.spark, contract, chunk.piece), contract)

    def rows(self, clean: DataFrame, contract: Contract) -> tuple[DataFrame, list[Strike]]:
        """The clean rows as they are sent, and the strikes that `_strike` numbers."""
        strikes = strikes_of(contract, clean.columns)
        keyed = clean.withColumn("_key", F.col(contract.key_column).cast("string"))
        struck = keyed.transform(with_episodes, contract).transform(
            with_strikes, contract, strikes, self.world
        )
        sent = struck.transform(with_steps, contract).transform(with_sending, contract, strikes)
        return sent.transform(with_broken_lines, contract, strikes), strikes

    @contextmanager
    def held_rows(self, chunk: Chunk) -> Iterator[DataFrame]:
        """The chunk's clean rows, in memory while they are read twice: to be written and for the truth.

        Rows from blocks are not held: making them twice is cheaper.
        """
        rows = self.clean_rows(chunk)
        source = self.sources.get(chunk.table)
        if source is not None and source.takes_blocks:
            yield rows
            return
        rows = rows.persist()
        try:
            yield rows
        finally:
            rows.unpersist()

    def _made(self, name: str) -> DataFrame:
        source = self.sources.get(name)
        if source is not None and source.is_hidden:
            return source(**self._given(source))
        contract = self.contracts[name]
        if contract.type != "dimension":
            raise UsageError(f"a source takes {name!r}, but only dimensions and hidden sources can be taken")
        return self._entities(contract, [self.world.start])

    def _given(self, source: Source) -> dict[str, object]:
        return {"world": self.world, **{name: self.argument(name) for name in source.others}}

    def episodes(self, chunk: Chunk) -> DataFrame | None:
        """The episodes of the chunk's senders, with their `_sender`; None for a table without episodes."""
        contract, source = self.contracts[chunk.table], self.sources.get(chunk.table)
        drawn = episodes_of(self.spark, contract, chunk.piece, self.world)
        if drawn is None or contract.arrives.per is None:
            return None
        key = self.contracts[contract.arrives.per].key_column
        senders = self.argument(contract.arrives.per).select("_index", F.col(key).alias("_sender"))
        episodes = drawn.join(F.broadcast(senders), on="_index", how="inner")
        if source is None or source.excursions is None:
            return episodes
        is_excursion = F.col("kind") == "excursion"
        takes = signature(source.excursions).parameters
        given = {"world": self.world, **{name: self.argument(name) for name in others_of(takes)}}
        given["episodes"] = episodes.where(is_excursion)
        happening = source.excursions(**{name: given[name] for name in takes})
        return episodes.where(~is_excursion).unionByName(happening, allowMissingColumns=True)

    def _entities(self, contract: Contract, instants: list[datetime]) -> DataFrame:
        return self._from_index(self._entity_index(contract, instants), contract)

    def _entity_index(self, contract: Contract, instants: list[datetime]) -> DataFrame:
        return dimension_index(self.spark, contract.table, self.world.counts[contract.table], instants)

    def _from_index(self, row_index: DataFrame, contract: Contract) -> DataFrame:
        source = self.sources.get(contract.table)
        row_index = self._with_sender(row_index, contract)
        if source is None:
            return with_made_columns(row_index, contract, self.contracts, self.world)
        premade = with_made_columns(row_index, contract, self.contracts, self.world, only_listed=True)
        rows = source(row_index=premade, **self._given(source))
        missing = [name for name in (*contract.columns, "_at") if name not in rows.columns]
        if missing:
            raise UsageError(f"source {contract.table} does not make {', '.join(missing)}")
        return rows

    def _with_sender(self, row_index: DataFrame, contract: Contract) -> DataFrame:
        if not contract.arrives.per:
            return row_index
        sender = self.contracts[contract.arrives.per]
        key = sender.key_column
        if key not in contract.columns or key == contract.key_column:
            return row_index
        spec = sender.columns[key]
        if (spec.format and "#" in spec.format) or spec.type != "string":
            return row_index.withColumn(key, key_of(spec, F.col("_index")))
        keys = self.argument(sender.table).select("_index", key)
        return row_index.join(F.broadcast(keys), on="_index", how="inner")

    def _blocks(self, contract: Contract, chunk: Chunk) -> DataFrame:
        cadence, pace = contract.arrives.cadence, None
        if cadence and contract.arrives.per:
            senders = self.argument(contract.arrives.per)
            pace = senders.select("_index", F.col(cadence).alias("_pace"))
        return blocks(self.spark, contract, chunk.piece, self.world, pace, TASKS_PER_CHUNK)

    def _dimension(self, contract: Contract, chunk: Chunk) -> DataFrame:
        start, end = chunk.piece.start, chunk.piece.end
        instants = snapshots(contract, start, end)
        if chunk.is_first and start not in instants:
            instants.insert(0, start)
        if not instants:
            return self._entities(contract, [start]).limit(0)
        if contract.arrives.sends != "changes":
            return self._entities(contract, instants)
        before = [] if chunk.is_first else [instants[0] - contract.arrives.every]
        row_index = self._entity_index(contract, [*before, *instants])
        changed = _changes(self._from_index(row_index, contract), contract, keep_first=chunk.is_first)
        return self._from_index(row_index.join(F.broadcast(changed), on=CHANGE, how="left_semi"), contract)


def _changes(rows: DataFrame, contract: Contract, *, keep_first: bool) -> DataFrame:
    """When each entity changed since the snapshot before. Hashes are compared: whole rows are too wide to sort."""
    in_time = Window.partitionBy("_index").orderBy("_at")
    hashes = rows.select(*CHANGE, F.xxhash64(*contract.columns).alias("_now"))
    hashes = hashes.withColumn("_before", F.lag("_now").over(in_time))
    is_first = F.col("_before").isNull()
    return hashes.where((F.col("_before") != F.col("_now")) | (is_first & F.lit(keep_first))).select(*CHANGE)
