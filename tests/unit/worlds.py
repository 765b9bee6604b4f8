"""Rows of a simulated world as they are made before any fault is planted, as frames of pandas."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from headrace.contracts.load import load_contracts
from simulation.generate.chunks import Chunk, times_of
from simulation.generate.columns import arrow_type, as_arrow
from simulation.generate.plan import Plan, world_of
from simulation.generate.row_index import Piece, blocks_of
from simulation.generate.row_maker import RowMaker
from simulation.generate.sources import check_sources, load_sources


def maker_of(domain: str, plan: Plan) -> RowMaker:
    contracts, sources = load_contracts(domain), load_sources(domain)
    check_sources(sources, contracts)
    return RowMaker(contracts, sources, world_of(plan, contracts))


def as_pandas(columns: Mapping[str, Any], maker: RowMaker, table: str) -> pd.DataFrame:
    """With instants in UTC but without saying so."""
    kinds = {name: arrow_type(spec) for name, spec in maker.contracts[table].columns.items()}
    found = pa.table({name: as_arrow(columns[name], kind) for name, kind in kinds.items()}).to_pandas()
    zoned = found.select_dtypes("datetimetz").columns
    return found.assign(**{name: found[name].dt.tz_localize(None) for name in zoned})


def rows_of(maker: RowMaker, table: str, piece: Piece, is_first: bool) -> pd.DataFrame:
    source = maker.sources.get(table)
    parts = int(np.diff(blocks_of(piece))[0]) if source is not None and source.takes_ticks else 1
    index = np.repeat(np.arange(piece.low, piece.high), parts)
    part = np.tile(np.arange(parts), piece.senders)
    columns, _ = maker.clean(Chunk(table, piece, is_first), (index, part))
    return as_pandas(columns, maker, table)


class MadeWorld:
    """Rows of tables, of the whole span or of some days and senders."""

    def __init__(self, domain: str, plan: Plan) -> None:
        self.plan, self.maker = plan, maker_of(domain, plan)
        self.world = self.maker.world
        self._kept: dict[tuple[Any, ...], pd.DataFrame] = {}

    def rows(
        self,
        table: str,
        first_day: float = 0,
        last_day: float | None = None,
        low: int = 0,
        high: int | None = None,
    ) -> pd.DataFrame:
        asked = (table, first_day, last_day, low, high)
        if asked not in self._kept:
            contract, start = self.maker.contracts[table], self.plan.start
            end = self.plan.end if last_day is None else start + timedelta(days=last_day)
            senders = high or self.world.counts.get(contract.arrives.per or table, 1)
            piece = Piece(start + timedelta(days=first_day), end, low, senders, times_of(contract, self.plan))
            self._kept[asked] = rows_of(self.maker, table, piece, first_day == 0)
        return self._kept[asked].copy()

    def hidden(self, source: str) -> pd.DataFrame:
        """What was planted."""
        found = self.maker.argument(source)
        return pd.DataFrame(
            {
                name: values if isinstance(values, np.ndarray) else values.to_pylist()
                for name, values in found.items()
            }
        )
