"""Forty machines over six weeks, and the ten of the source document in its week, before any fault is planted."""

from datetime import datetime, timedelta

import pytest

from simulation.generate.plan import Plan
from tests.unit.worlds import MadeWorld

START, DAY = datetime(2024, 2, 1), timedelta(days=1)


class Fleet(MadeWorld):
    def __init__(self, machines: int, days: int, seed: int = 7) -> None:
        plan = Plan(scale=machines / 4500, start=START, end=START + days * DAY, seed=seed)
        super().__init__("compressors", plan)


@pytest.fixture(scope="package")
def week() -> Fleet:
    return Fleet(10, 7)


@pytest.fixture(scope="package")
def fleet() -> Fleet:
    return Fleet(40, 42)
