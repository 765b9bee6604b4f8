"""A tenth of the seed's grid over two weeks, as made before any fault is planted."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pandas as pd
import pytest

from simulation.generate.plan import Plan
from tests.unit.worlds import MadeWorld

START, DAY = datetime(2025, 6, 4), timedelta(days=1)
DAYS, SCALE, SEED = 14, 0.12, 1092
Made = Callable[..., pd.DataFrame]


class Grid(MadeWorld):
    def __init__(self, scale: float = SCALE, seed: int = SEED, days: int = DAYS) -> None:
        super().__init__("grid", Plan(scale=scale, start=START, end=START + days * DAY, seed=seed))


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
