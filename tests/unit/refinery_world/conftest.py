"""Three refineries over a few days, and fifty over one, as made before any fault is planted."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pandas as pd
import pytest

from simulation.generate.plan import Plan
from simulation.generate.row_index import Piece
from simulation.generate.row_maker import RowMaker
from tests.unit import worlds
from tests.unit.worlds import as_pandas, rows_of

START = datetime(2024, 1, 1)
DAY = timedelta(days=1)
DAYS = 4
SEED = 1092
Made = Callable[..., pd.DataFrame]


def maker_of(plan: Plan) -> RowMaker:
    return worlds.maker_of("refinery", plan)


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
