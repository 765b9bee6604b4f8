"""Three refineries over a few days, and fifty over one, as made before any fault is planted."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from headrace.contracts.load import load_contracts
from simulation.generate.chunks import Chunk
from simulation.generate.columns import arrow_type, as_arrow
from simulation.generate.plan import Plan, world_of
from simulation.generate.row_index import Piece, blocks_of
from simulation.generate.row_maker import RowMaker
from simulation.generate.sources import load_sources

START = datetime(2024, 1, 1)
DAY = timedelta(days=1)
DAYS = 4
SEED = 1092
Made = Callable[..., pd.DataFrame]


def maker_of(plan: Plan) -> RowMaker:
    contracts = load_contracts("refinery")
    return RowMaker(contracts, load_sources("refinery"), world_of(plan, contracts))


def as_pandas(columns: Mapping[str, Any], maker: RowMaker, table: str) -> pd.DataFrame:
    """With instants in UTC but without saying so."""
    kinds = {name: arrow_type(spec) for name, spec in maker.contracts[table].columns.items()}
    found = pa.table({name: as_arrow(columns[name], kind) for name, kind in kinds.items()}).to_pandas()
    zoned = found.select_dtypes("datetimetz").columns
    return found.assign(**{name: found[name].dt.tz_localize(None) for name in zoned})


def rows_of(maker: RowMaker, table: str, piece: Piece, is_first: bool) -> pd.DataFrame:
    parts = np.diff(blocks_of(piece))[0] if table == "sensor_readings" else 1
    index = np.repeat(np.arange(piece.low, piece.high), parts)
    part = np.tile(np.arange(parts), piece.senders)
    columns, _ = maker.clean(Chunk(table, piece, is_first), (index, part))
    return as_pandas(columns, maker, table)


@pytest.fixture(scope="package")
def maker() -> RowMaker:
    return maker_of(Plan(scale=0.006, start=START, end=START + DAYS * DAY, seed=SEED, stride=DAY / 24))


@pytest.fixture(scope="package")
def network() -> RowMaker:
    """Fifty refineries over a day, of whose sensors each speaks twice."""
    return maker_of(Plan(scale=0.1, start=START, end=START + DAY, seed=SEED, stride=DAY / 2))


@pytest.fixture(scope="package")
def made(maker: RowMaker) -> Made:
    """The clean rows of a table, of the whole span or of some of its days."""
    kept: dict[tuple[str, int, int], pd.DataFrame] = {}

    def rows(table: str, first_day: int = 0, last_day: int = DAYS) -> pd.DataFrame:
        asked = (table, first_day, last_day)
        if asked not in kept:
            contract, counts = maker.contracts[table], maker.world.counts
            senders = counts[contract.arrives.per] if contract.arrives.per else counts[table]
            piece = Piece(START + first_day * DAY, START + last_day * DAY, 0, senders, contract.arrives.times)
            kept[asked] = rows_of(maker, table, piece, first_day == 0)
        return kept[asked].copy()

    return rows


@pytest.fixture(scope="package")
def dimension(maker: RowMaker) -> Callable[[str], pd.DataFrame]:
    """One row per entity, as of the start."""
    return lambda table: as_pandas(maker.argument(table), maker, table)
