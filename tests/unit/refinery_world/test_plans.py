"""What is planned is near to what happens: planners know services, and no trips."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from domains.refinery.sources.production_plans import DAYS_AHEAD
from domains.refinery.world.prices import product_price
from domains.refinery.world.reference import texts
from simulation.generate.plan import Plan
from simulation.generate.row_index import Piece
from simulation.generate.row_maker import RowMaker
from tests.unit.refinery_world.conftest import DAY, SEED, START, maker_of
from tests.unit.worlds import rows_of

Made = Callable[..., pd.DataFrame]
Dimension = Callable[[str], pd.DataFrame]
DAYS = 14


@pytest.fixture(scope="module")
def days() -> pd.DataFrame:
    """Each unit's day with its plan, over a fortnight."""
    maker = maker_of(Plan(scale=0.006, start=START, end=START + DAYS * DAY, seed=SEED, stride=DAY / 24))
    piece = Piece(START, START + DAYS * DAY, 0, maker.world.counts["processing_units"])
    made, plans = (rows_of(maker, table, piece, True) for table in ("production_output", "production_plans"))
    made = made.assign(plan_date=made.production_hour.dt.date)
    sums = made.groupby(["unit_id", "plan_date"])[
        ["input_volume_barrels", "output_volume_barrels", "downtime_minutes"]
    ].sum()
    return plans.merge(sums, on=["unit_id", "plan_date"], how="outer", indicator=True)


def test_every_day_of_a_unit_that_runs_has_a_plan_and_so_have_the_eight_after_it(days: pd.DataFrame) -> None:
    assert set(days._merge) == {"both", "left_only"}
    assert (days._merge == "left_only").sum() == DAYS_AHEAD * days.unit_id.nunique()
    assert not days.duplicated(["unit_id", "plan_date"]).any()
    assert (pd.to_datetime(days.plan_date) > days.published_at).all()


def test_a_quiet_day_is_near_its_plan_and_not_equal(days: pd.DataFrame) -> None:
    quiet = days[days.downtime_minutes == 0]
    attained = quiet.input_volume_barrels / quiet.planned_charge_barrels
    assert len(quiet) > 300
    assert abs(attained.mean() - 1) < 0.005
    assert attained.std() > 0.003
    assert attained.between(0.94, 1.06).all()
    yielded = quiet.output_volume_barrels / quiet.input_volume_barrels
    assert abs((yielded / quiet.planned_yield).mean() - 1) < 0.02


def test_services_are_planned_and_trips_and_failures_are_not(days: pd.DataFrame) -> None:
    stood = days[days.downtime_minutes > 0]
    attained = stood.input_volume_barrels / stood.planned_charge_barrels
    serviced = (stood.planned_stand_minutes > 0) & (stood.planned_stand_minutes == stood.downtime_minutes)
    assert (attained[serviced] > 0.9).all()
    assert (attained[stood.planned_stand_minutes == 0] < 0.96).all()
    assert serviced.any()
    assert (stood.planned_stand_minutes == 0).any()


def test_products_of_a_category_cost_about_the_same_and_follow_the_benchmark(
    maker: RowMaker, made: Made
) -> None:
    rows = made("market_prices")
    assert len(rows) == 50 * 4
    assert rows.groupby("priced_at").benchmark_per_barrel.nunique().max() == 1
    seconds = np.arange(18_000, 20_000, 10) * 86_400
    names = texts("products", "product_id").tolist()
    regular, diesel, coke = (
        product_price(maker.world, np.full(200, names.index(name)), seconds)
        for name in ("PROD-001", "PROD-004", "PROD-012")
    )
    assert (coke < regular).all()
    assert 5 < (diesel - regular).mean() + 5 < 15
    assert np.corrcoef(regular, diesel)[0, 1] > 0.7
    assert coke.min() >= 1
