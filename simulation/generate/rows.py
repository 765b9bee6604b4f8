"""The rows of one chunk: spine, source, faults. Nothing is written here."""

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
from simulation.generate.columns import named, with_made_columns
from simulation.generate.fault_injection import Strike, strikes_of
from simulation.generate.faults import with_episodes, with_steps, with_strikes
from simulation.generate.lines import broken_line
from simulation.generate.row_index import dimension_spine, fact_spine, snapshots
from simulation.generate.sending import with_sending
from simulation.generate.sources import Source, others_of
from simulation.random_draws import World

TASKS_PER_CHUNK = 4
CHANGE = ["_index", "_at"]


class Workshop:
    """What the chunks of one plan share: the contracts, the sources, and the dimensions as of the start."""

    def __init__(
        self,
        spark: SparkSession,
        contracts: Mapping[str, Contract],
        sources: Mapping[str, Source],
        world: World,
    ) -> None:
        self.spark, self.contracts, self.sources, self.world = spark, contracts, sources, world
        self._kept: dict[str, DataFrame] = {}
        self._one_at_a_time = RLock()

    def argument(self, name: str) -> DataFrame:
        """A dimension with one row per entity, or the rows of a hidden source; made once."""
        with self._one_at_a_time:
            if name not in self._kept:
                self._kept[name] = self._made(name).persist()
            return self._kept[name]

    def close(self) -> None:
        for frame in self._kept.values():
            frame.unpersist()
        self._kept.clear()

    def clean_rows(self, chunk: Chunk) -> DataFrame:
        contract = self.contracts[chunk.table]
        if contract.type == "dimension":
            return self._dimension(contract, chunk)
        source = self.sources.get(chunk.table)
        if source is not None and source.takes_blocks:
            return source(blocks=self._blocks(contract, chunk), **self._given(source))
        spine = fact_spine(self.spark, contract, chunk.piece)
        return self._from_spine(spine, contract)

    def rows(self, clean: DataFrame, contract: Contract) -> tuple[DataFrame, list[Strike]]:
        """The clean rows as they are sent, and the strikes that `_strike` numbers."""
        strikes = strikes_of(contract, clean.columns)
        keyed = clean.withColumn("_key", F.col(contract.key_column).cast("string"))
        struck = keyed.transform(with_episodes, contract).transform(
            with_strikes, contract, strikes, self.world
        )
        sent = struck.transform(with_steps, contract).transform(with_sending, contract, strikes)
        return sent.transform(_with_broken_lines, contract, strikes), strikes

    @contextmanager
    def kept(self, chunk: Chunk) -> Iterator[DataFrame]:
        """The chunk's clean rows, held while they are read twice: by what is written and by the truth.

        Rows from blocks are cheaper made twice than held.
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
        """What befalls the senders of the chunk, with their `_sender`; None for a table that knows no episodes."""
        contract, source = self.contracts[chunk.table], self.sources.get(chunk.table)
        drawn = episodes_of(self.spark, contract, chunk.piece, self.world)
        if drawn is None or contract.arrives.per is None:
            return None
        key = self.contracts[contract.arrives.per].key_column
        senders = self.argument(contract.arrives.per).select("_index", F.col(key).alias("_sender"))
        named = drawn.join(F.broadcast(senders), on="_index", how="inner")
        if source is None or source.excursions is None:
            return named
        is_excursion = F.col("kind") == "excursion"
        takes = signature(source.excursions).parameters
        given = {"world": self.world, **{name: self.argument(name) for name in others_of(takes)}}
        given["episodes"] = named.where(is_excursion)
        happening = source.excursions(**{name: given[name] for name in takes})
        return named.where(~is_excursion).unionByName(happening, allowMissingColumns=True)

    def _entities(self, contract: Contract, instants: list[datetime]) -> DataFrame:
        return self._from_spine(self._entity_spine(contract, instants), contract)

    def _entity_spine(self, contract: Contract, instants: list[datetime]) -> DataFrame:
        return dimension_spine(self.spark, contract.table, self.world.counts[contract.table], instants)

    def _from_spine(self, spine: DataFrame, contract: Contract) -> DataFrame:
        source = self.sources.get(contract.table)
        spine = self._with_sender(spine, contract)
        if source is None:
            return with_made_columns(spine, contract, self.contracts, self.world)
        premade = with_made_columns(spine, contract, self.contracts, self.world, only_listed=True)
        rows = source(spine=premade, **self._given(source))
        missing = [name for name in (*contract.columns, "_at") if name not in rows.columns]
        if missing:
            raise UsageError(f"source {contract.table} does not make {', '.join(missing)}")
        return rows

    def _with_sender(self, spine: DataFrame, contract: Contract) -> DataFrame:
        if not contract.arrives.per:
            return spine
        sender = self.contracts[contract.arrives.per]
        key = sender.key_column
        if key not in contract.columns or key == contract.key_column:
            return spine
        spec = sender.columns[key]
        if (spec.format and "#" in spec.format) or spec.type != "string":
            return spine.withColumn(key, named(spec, F.col("_index")))
        keys = self.argument(sender.table).select("_index", key)
        return spine.join(F.broadcast(keys), on="_index", how="inner")

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
        spine = self._entity_spine(contract, [*before, *instants])
        changed = _changes(self._from_spine(spine, contract), contract, keep_first=chunk.is_first)
        return self._from_spine(spine.join(F.broadcast(changed), on=CHANGE, how="left_semi"), contract)


def _changes(rows: DataFrame, contract: Contract, *, keep_first: bool) -> DataFrame:
    """When each entity was another than the snapshot before; whole rows would be too wide to sort by time."""
    in_time = Window.partitionBy("_index").orderBy("_at")
    told = rows.select(*CHANGE, F.xxhash64(*contract.columns).alias("_now"))
    told = told.withColumn("_before", F.lag("_now").over(in_time))
    is_first = F.col("_before").isNull()
    return told.where((F.col("_before") != F.col("_now")) | (is_first & F.lit(keep_first))).select(*CHANGE)


def _with_broken_lines(rows: DataFrame, contract: Contract, strikes: list[Strike]) -> DataFrame:
    kinds = [strike.kind for strike in strikes]
    if contract.arrives.files not in ("csv", "json") or "malformed" not in kinds:
        return rows.withColumn("_raw", F.lit(None).cast("string"))
    is_broken = F.col("_strike") == kinds.index("malformed")
    return rows.withColumn("_raw", F.when(is_broken, broken_line(contract, F.col("_aim"))))
