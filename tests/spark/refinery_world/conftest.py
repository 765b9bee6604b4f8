"""Two refineries over a few days, and fifty over one, as made before any fault is planted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from headrace.contracts.load import load_contracts
from simulation.generate.chunks import Chunk
from simulation.generate.plan import Plan, world_of
from simulation.generate.row_index import Piece
from simulation.generate.rows import RowFactory
from simulation.generate.sources import load_sources

START = datetime(2024, 1, 1)
DAY = timedelta(days=1)
DAYS = 4
Made = Callable[..., pd.DataFrame]


def as_pandas(rows: DataFrame) -> pd.DataFrame:
    """With instants in UTC but without saying so."""
    found: pd.DataFrame = rows.toArrow().to_pandas()
    zoned = found.select_dtypes("datetimetz").columns
    return found.assign(**{name: found[name].dt.tz_localize(None) for name in zoned})


@pytest.fixture(scope="package")
def factory(spark: SparkSession) -> Iterator[RowFactory]:
    with workshop_of(spark, Plan(scale=0.004, start=START, end=START + DAYS * DAY, seed=7)) as made:
        yield made


@pytest.fixture(scope="package")
def network(spark: SparkSession) -> Iterator[RowFactory]:
    """Fifty refineries over a day, of whose sensors each speaks twice."""
    with workshop_of(spark, Plan(scale=0.1, start=START, end=START + DAY, seed=7, stride=DAY / 2)) as made:
        yield made


@contextmanager
def workshop_of(spark: SparkSession, plan: Plan) -> Iterator[RowFactory]:
    contracts = load_contracts("refinery")
    made = RowFactory(spark, contracts, load_sources("refinery"), world_of(plan, contracts))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="package")
def made(factory: RowFactory) -> Made:
    """The clean rows of a table, of the whole span or of some of its days."""
    kept: dict[tuple[str, int, int], pd.DataFrame] = {}

    def rows(table: str, first_day: int = 0, last_day: int = DAYS) -> pd.DataFrame:
        asked = (table, first_day, last_day)
        if asked not in kept:
            contract = factory.contracts[table]
            counts = factory.world.counts
            senders = counts[contract.arrives.per] if contract.arrives.per else counts[table]
            piece = Piece(START + first_day * DAY, START + last_day * DAY, 0, senders, contract.arrives.times)
            frame = factory.clean_rows(Chunk(table, piece, is_first=first_day == 0))
            kept[asked] = as_pandas(frame.select(*contract.columns))
        return kept[asked].copy()

    return rows


@pytest.fixture(scope="package")
def dimension(factory: RowFactory) -> Callable[[str], pd.DataFrame]:
    """One row per entity, as of the start."""

    def rows(table: str) -> pd.DataFrame:
        return as_pandas(factory.argument(table).select(*factory.contracts[table].columns))

    return rows
