"""Forty machines over six weeks, and the ten of the source document in its week, before any fault is planted."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from headrace.contracts.load import load_contracts
from simulation.generate.chunks import Chunk, times_of
from simulation.generate.columns import arrow_type, as_arrow
from simulation.generate.plan import Plan, world_of
from simulation.generate.row_index import Piece, blocks_of
from simulation.generate.row_maker import RowMaker
from simulation.generate.sources import check_sources, load_sources

START, DAY = datetime(2024, 2, 1), timedelta(days=1)


class Fleet:
    def __init__(self, machines: int, days: int, seed: int = 7) -> None:
        contracts, sources = load_contracts("compressors"), load_sources("compressors")
        check_sources(sources, contracts)
        self.plan = Plan(scale=machines / 4500, start=START, end=START + days * DAY, seed=seed)
        self.days = days
        self.maker = RowMaker(contracts, sources, world_of(self.plan, contracts))
        self.world = self.maker.world

    def rows(
        self, table: str, first: float = 0, last: float | None = None, low: int = 0, high: int | None = None
    ) -> pd.DataFrame:
        contract = self.maker.contracts[table]
        senders = self.world.counts[str(contract.arrives.per)]
        span = (START + day * DAY for day in (first, self.days if last is None else last))
        piece = Piece(*span, low, high or senders, times_of(contract, self.plan))
        parts = int(np.diff(blocks_of(piece))[0]) if self.maker.sources[table].takes_ticks else 1
        part = np.repeat(np.arange(piece.low, piece.high), parts), np.tile(np.arange(parts), piece.senders)
        columns, _ = self.maker.clean(Chunk(table, piece, first == 0), part)
        kinds = {name: arrow_type(spec) for name, spec in contract.columns.items()}
        found = pa.table({name: as_arrow(columns[name], kind) for name, kind in kinds.items()}).to_pandas()
        zoned = found.select_dtypes("datetimetz").columns
        return found.assign(**{name: found[name].dt.tz_localize(None) for name in zoned})

    def hidden(self, source: str) -> pd.DataFrame:
        found: dict[str, Any] = self.maker.argument(source)
        return pd.DataFrame(
            {name: each if isinstance(each, np.ndarray) else each.to_pylist() for name, each in found.items()}
        )


@pytest.fixture(scope="package")
def week() -> Fleet:
    return Fleet(10, 7)


@pytest.fixture(scope="package")
def fleet() -> Fleet:
    return Fleet(40, 42)
