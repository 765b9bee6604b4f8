"""Work orders tell what happened to units, and nothing before it was found."""

from collections.abc import Callable

import pandas as pd
import pytest

from domains.refinery.sources.work_orders import HISTORY_DAYS
from simulation.generate.plan import Plan
from simulation.generate.row_index import Piece
from simulation.generate.row_maker import RowMaker
from tests.unit.refinery_world.conftest import DAY, SEED, START, maker_of
from tests.unit.worlds import rows_of

Made = Callable[..., pd.DataFrame]
Dimension = Callable[[str], pd.DataFrame]
DAYS = 14


@pytest.fixture(scope="module")
def plant() -> RowMaker:
    return maker_of(Plan(scale=0.006, start=START, end=START + DAYS * DAY, seed=SEED, stride=DAY / 24))


def piece_of(plant: RowMaker, first: int, last: int) -> Piece:
    return Piece(START + first * DAY, START + last * DAY, 0, plant.world.counts["processing_units"])


@pytest.fixture(scope="module")
def fortnight(plant: RowMaker) -> dict[str, pd.DataFrame]:
    piece = piece_of(plant, 0, DAYS)
    return {name: rows_of(plant, name, piece, True) for name in ("work_orders", "production_output")}


@pytest.fixture(scope="module")
def orders(fortnight: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return fortnight["work_orders"]


def test_a_week_made_by_itself_is_the_same_week(plant: RowMaker, orders: pd.DataFrame) -> None:
    parts = [
        rows_of(plant, "work_orders", piece_of(plant, *days), days[0] == 0) for days in ((0, 7), (7, DAYS))
    ]
    assert min(map(len, parts)) > 5
    one, other = (
        rows.sort_values(["work_order_id", "updated_at"], ignore_index=True)
        for rows in (pd.concat(parts), orders)
    )
    pd.testing.assert_frame_equal(one, other, check_dtype=False)


def test_an_order_is_told_once_at_each_step(orders: pd.DataFrame) -> None:
    assert not orders.duplicated(["work_order_id", "status"]).any()
    assert (orders.updated_at >= orders.opened_at).all()
    assert orders.started_at.notna().equals(orders.status != "OPEN")
    assert orders.finished_at.notna().equals(orders.status == "FINISHED")
    assert (orders.updated_at < START + DAYS * DAY).all()
    assert (orders.updated_at >= START - HISTORY_DAYS * DAY).all()
    assert len(orders[orders.updated_at < START]) > 40
    assert orders[orders.updated_at < START].work_order_id.is_unique


def test_what_caused_a_failure_is_told_when_it_was_found(orders: pd.DataFrame) -> None:
    repairs = orders[orders.kind == "CORRECTIVE"]
    assert repairs.cause_found.notna().equals(repairs.status == "FINISHED")
    assert orders[orders.kind == "PREVENTIVE"].cause_found.isna().all()
    assert orders.cost_usd.notna().equals(orders.status == "FINISHED")
    assert repairs.cause_found.nunique() > 3
    assert (repairs.cause_found == "Not found").any()


def test_no_failure_has_an_order_before_it_happens(
    orders: pd.DataFrame, fortnight: dict[str, pd.DataFrame]
) -> None:
    """A repair is opened within the hour in which its unit stands, and lasts as long as that."""
    hours = fortnight["production_output"]
    stands = hours[(hours.downtime_cause == "Equipment Failure") & (hours.downtime_minutes == 60)]
    stood = set(zip(stands.unit_id, stands.production_hour, strict=True))
    repairs = orders[(orders.kind == "CORRECTIVE") & (orders.updated_at >= START)]
    opened = repairs[repairs.status == "OPEN"]
    assert len(opened) >= 3
    hour = opened.opened_at.dt.floor("h")
    assert set(zip(opened.unit_id, hour, strict=True)) <= stood
    assert not set(zip(opened.unit_id, hour - pd.Timedelta(hours=1), strict=True)) & stood
    done = repairs[repairs.status == "FINISHED"]
    assert len(done) >= 3
    assert not set(zip(done.unit_id, done.finished_at, strict=True)) & stood
    last = done.finished_at - pd.Timedelta(hours=1)
    assert set(zip(done.unit_id, last, strict=True)) <= stood


def test_services_are_opened_two_weeks_before_and_the_unit_stands_while_they_last(
    orders: pd.DataFrame, fortnight: dict[str, pd.DataFrame]
) -> None:
    services = orders[orders.kind == "PREVENTIVE"]
    started = services.dropna(subset="started_at")
    assert ((started.started_at - started.opened_at) == 14 * DAY).all()
    hours = fortnight["production_output"].set_index(["unit_id", "production_hour"]).downtime_minutes
    within = started[started.started_at >= START]
    assert len(within)
    for unit, at in zip(within.unit_id, within.started_at, strict=True):
        assert hours[unit, at] == 60


def test_repairs_cost_more_than_services(orders: pd.DataFrame) -> None:
    cost = orders.groupby("kind").cost_usd.median()
    assert cost["CORRECTIVE"] > 2 * cost["PREVENTIVE"]


def test_orders_are_of_units_that_run(orders: pd.DataFrame, dimension: Dimension) -> None:
    units = dimension("processing_units").query("is_active")
    assert set(zip(orders.unit_id, orders.refinery_id, strict=True)) <= set(
        zip(units.unit_id, units.refinery_id, strict=True)
    )
