"""A tenth of the seed's grid over two weeks, as made before any fault is planted."""

from collections.abc import Callable
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

START, DAY = datetime(2025, 6, 4), timedelta(days=1)
DAYS, SCALE, SEED = 14, 0.12, 1092
Made = Callable[..., pd.DataFrame]


class Grid:
    """Rows of tables, of the whole span or of some days and senders."""

    def __init__(self, scale: float = SCALE, seed: int = SEED, days: int = DAYS) -> None:
        contracts, sources = load_contracts("grid"), load_sources("grid")
        check_sources(sources, contracts)
        self.plan = Plan(scale=scale, start=START, end=START + days * DAY, seed=seed)
        self.days = days
        self.maker = RowMaker(contracts, sources, world_of(self.plan, contracts))
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
            self._kept[asked] = self._made(*asked)
        return self._kept[asked].copy()

    def _made(
        self, table: str, first_day: float, last_day: float | None, low: int, high: int | None
    ) -> pd.DataFrame:
        contract, counts = self.maker.contracts[table], self.world.counts
        senders = counts.get(contract.arrives.per or table, 1)
        span = (START + day * DAY for day in (first_day, self.days if last_day is None else last_day))
        piece = Piece(*span, low, high or senders, times_of(contract, self.plan))
        takes_ticks = self.maker.sources[table].takes_ticks
        parts = int(np.diff(blocks_of(piece))[0]) if takes_ticks else 1
        index = np.repeat(np.arange(piece.low, piece.high), parts)
        part = np.tile(np.arange(parts), piece.senders)
        columns, _ = self.maker.clean(Chunk(table, piece, first_day == 0), (index, part))
        kinds = {name: arrow_type(spec) for name, spec in contract.columns.items()}
        arrays = pa.table({name: as_arrow(columns[name], kind) for name, kind in kinds.items()})
        found = arrays.to_pandas(date_as_object=True)
        zoned = found.select_dtypes("datetimetz").columns
        return found.assign(**{name: found[name].dt.tz_localize(None) for name in zoned})

    def hidden(self, source: str) -> pd.DataFrame:
        """What was planted."""
        found = self.maker.argument(source)
        return pd.DataFrame(
            {
                name: values if isinstance(values, np.ndarray) else values.to_pylist()
                for name, values in found.items()
            }
        )


@pytest.fixture(scope="package")
def grid() -> Grid:
    return Grid()


@pytest.fixture(scope="package")
def half() -> Grid:
    """Half of the seed's customers: enough for shares."""
    return Grid(0.5)


@pytest.fixture(scope="package")
def made(grid: Grid) -> Made:
    return grid.rows
