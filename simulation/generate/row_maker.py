"""Makes clean rows as arrays, in whichever process: calls a domain's sources, or draws by the contract alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from headrace.contracts.model import Contract
from headrace.errors import UsageError
from simulation.arrays import Array, Columns, Gathered, gathered, repeated
from simulation.generate.blocks import Episodes, Ticks, ticks_of
from simulation.generate.chunks import Chunk
from simulation.generate.columns import arrow_type, as_arrow, key_of, with_made_columns
from simulation.generate.row_index import Piece, blocks_of, bounds_of_parts, micros_of, snapshots
from simulation.generate.sources import Source
from simulation.random_draws import World, seconds, unit_of

Part = tuple[Array, Array]
"""Senders, and the number of a part of the time of each."""


class Entities(Mapping[str, Any]):
    """A dimension with one row per entity, as of the start of the world. Entities are numbered from 0."""

    def __init__(self, made: Callable[[Array], Columns], count: int) -> None:
        self._made, self.count = made, count
        self._low = self._high = 0
        self._window: Columns = {}

    def of(self, index: Array) -> Columns:
        """The columns of these entities, each as often as it is named."""
        low, high = (int(index.min()), int(index.max()) + 1) if len(index) else (0, 1)
        if not self._low <= low < high <= self._high:
            self._low, self._high, self._window = low, high, self._made(np.arange(low, high))
        return Gathered(self._window, index - self._low)

    def __getitem__(self, name: str) -> Any:
        return self._whole()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())

    def _whole(self) -> Columns:
        if (self._low, self._high) != (0, self.count):
            self.of(np.arange(self.count))
        return self._window


class RowMaker:
    """Makes rows as arrays, from the contracts, the sources and the dimensions as of the start of one world."""

    def __init__(
        self, contracts: Mapping[str, Contract], sources: Mapping[str, Source], world: World
    ) -> None:
        self.contracts, self.sources, self.world = contracts, sources, world
        self._made: dict[str, Any] = {}

    def argument(self, name: str) -> Any:
        """A dimension, or the rows of a hidden source; made once."""
        if name not in self._made:
            source = self.sources.get(name)
            if source is not None and source.is_hidden:
                self._made[name] = source(**self.given(source.takes))
            elif self.contracts[name].type != "dimension":
                raise UsageError(
                    f"a source takes {name!r}, but only dimensions and hidden sources can be taken"
                )
            else:
                contract, at = self.contracts[name], seconds(self.world.start) * 1_000_000
                made = partial(self._entities, contract, at)
                self._made[name] = Entities(made, self.world.counts[name])
        return self._made[name]

    def given(self, takes: Iterable[str]) -> dict[str, Any]:
        return {
            name: self.world if name == "world" else self.argument(name)
            for name in takes
            if name not in ("rows", "spans", "ticks", "episodes")
        }

    def clean(
        self, chunk: Chunk, part: Part, likely: float | None = None
    ) -> tuple[dict[str, Any], Ticks | None]:
        """The rows of some parts before any fault. `likely`: only rows that may be struck are wanted."""
        contract, source = self.contracts[chunk.table], self.sources.get(chunk.table)
        if contract.type == "dimension":
            return self._dimension(contract, chunk, part), None
        if source is not None and source.takes_ticks:
            return self._from_ticks(contract, source, chunk.piece, part, likely)
        bounds = bounds_of_parts(contract, chunk.piece)
        if source is not None and source.takes_spans:
            return source(spans=_spans(chunk.piece, part[0]), **self.given(source.takes)), None
        places, count = repeated(np.diff(bounds)[part[1]])
        number = bounds[part[1]][places] + count
        rows = {"_index": part[0][places], "_n": number, "_at": micros_of(number, contract, chunk.piece)}
        return self._from_index(self._with_sender(rows, contract), contract), None

    def excursions(self, contract: Contract, drawn: Mapping[str, Episodes]) -> dict[str, Any]:
        """The senders' excursions that happen, each with its `side` and `severity`."""
        source = self.sources[contract.table]
        assert source.excursions is not None
        return dict(source.excursions(episodes=drawn["excursion"], **self.given(source.takes_for_excursions)))

    def _from_ticks(
        self, contract: Contract, source: Source, piece: Piece, part: Part, likely: float | None
    ) -> tuple[dict[str, Any], Ticks]:
        index, block = part[0], part[1] + blocks_of(piece)[0]
        senders = self.argument(str(contract.arrives.per)).of(index)
        ticks = ticks_of(
            contract, self.world, piece, index, block, self._every(contract, senders, len(index))
        )
        if likely is not None:
            roll, _ = drawn_of(contract, self.world, ticks.index, ticks.second)
            ticks = ticks.where(np.flatnonzero(roll < likely))
        rows = source(ticks=ticks, **self.given(source.takes))
        return {"_index": ticks.index, "_second": ticks.second, **rows}, ticks

    def _every(self, contract: Contract, senders: Columns, count: int) -> Array:
        least = int((self.world.stride or contract.arrives.every).total_seconds())
        if contract.arrives.cadence is None:
            return np.full(count, least)
        own = np.asarray(senders[contract.arrives.cadence], np.int64)
        return np.maximum(own, least) if self.world.stride else own

    def _entities(self, contract: Contract, at: int, index: Array) -> Columns:
        return self._from_index({"_index": index, "_at": np.full(len(index), at)}, contract)

    def _from_index(self, rows: dict[str, Any], contract: Contract) -> dict[str, Any]:
        source = self.sources.get(contract.table)
        if source is None:
            return with_made_columns(rows, contract, self.contracts, self.world)
        premade = with_made_columns(rows, contract, self.contracts, self.world, only_listed=True)
        made = dict(source(rows=premade, **self.given(source.takes)))
        if "_index" not in made:  # else it told which of the rows there are
            made = {**premade, **made}
        missing = [name for name in contract.columns if name not in made]
        if missing:
            raise UsageError(f"source {contract.table} does not make {', '.join(missing)}")
        return made

    def _with_sender(self, rows: dict[str, Any], contract: Contract) -> dict[str, Any]:
        if not contract.arrives.per:
            return rows
        sender = self.contracts[contract.arrives.per]
        key = sender.key_column
        spec = sender.columns[key]
        if (spec.format and "#" in spec.format) or spec.type != "string":
            return {**rows, key: key_of(spec, rows["_index"])}
        return {**rows, key: self.argument(sender.table).of(rows["_index"])[key]}

    def _dimension(self, contract: Contract, chunk: Chunk, part: Part) -> dict[str, Any]:
        """All snapshots of the span, or the first one and what changed since."""
        start, end = chunk.piece.start, chunk.piece.end
        taken = snapshots(contract, start, end)
        if chunk.is_first and start not in taken:
            taken.insert(0, start)
        only_changes = contract.arrives.sends == "changes" and bool(taken)
        if only_changes and not chunk.is_first:
            taken.insert(0, taken[0] - contract.arrives.every)
        at = np.array([seconds(instant) * 1_000_000 for instant in taken], np.int64)
        index = part[0]
        rows = {"_index": np.repeat(index, len(at)), "_at": np.tile(at, len(index))}
        made = self._from_index(rows, contract)
        if not only_changes:
            return made
        is_first = np.tile(np.arange(len(at)) == 0, len(index))
        changed = is_first & chunk.is_first
        for name, spec in contract.columns.items():
            values = as_arrow(made[name], arrow_type(spec)).dictionary_encode(null_encoding="encode")
            codes = values.indices.to_numpy()
            changed |= ~is_first & (codes != np.roll(codes, 1))
        return {name: gathered(values, np.flatnonzero(changed)) for name, values in made.items()}


def _spans(piece: Piece, index: Array) -> dict[str, Array]:
    begin, end = (np.full(len(index), seconds(at)) for at in (piece.start, piece.end))
    return {"_index": index, "_begin": begin, "_end": end}


def drawn_of(contract: Contract, world: World, *who: Array) -> tuple[Array, Array]:
    """Two even draws of each row, from two halves of one hash: what strikes it, and how."""
    bits = world.hashed(f"{contract.table} fault", *who)
    return unit_of(bits), unit_of(bits << np.uint64(32))
