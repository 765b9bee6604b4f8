"""The change feed of bills can be applied, and its amounts are what meters counted but for fraud."""

import pandas as pd
import pytest

from domains.grid.world.plants import plants_there
from tests.unit.grid_world.conftest import START, Grid, Made

INSERT, BEFORE, AFTER, DELETE = 2, 3, 4, 1


@pytest.fixture(scope="module")
def feed(made: Made) -> pd.DataFrame:
    rows = made("billing_transactions")
    return rows.sort_values(["start_lsn", "seqval", "operation"], ignore_index=True)


def test_log_sequence_numbers_grow_with_the_commits(feed: pd.DataFrame) -> None:
    assert feed.start_lsn.str.fullmatch("0x[0-9A-F]{20}").all()
    assert feed.cdc_timestamp.is_monotonic_increasing
    assert feed[feed.operation != BEFORE].start_lsn.is_unique


def test_an_update_is_a_pair_of_before_and_after(feed: pd.DataFrame) -> None:
    before, after = (
        feed[feed.operation == code].set_index(["start_lsn", "seqval"]) for code in (BEFORE, AFTER)
    )
    same = ["transaction_id", "customer_id", "units_consumed_kwh", "base_amount", "due_date", "update_mask"]

    assert len(before) > 200
    assert set(before.index) == set(after.index)
    after = after.loc[before.index]
    assert before[same].equals(after[same])
    assert (before.payment_status != after.payment_status).all()
    bits = before.update_mask.map(lambda text: int(text, 16).bit_count())
    changed = 1 + (before.payment_method.fillna("") != after.payment_method.fillna(""))
    assert (bits == changed).all()


def test_the_feed_can_be_applied_in_its_order(feed: pd.DataFrame) -> None:
    """Whatever is changed is there, and is as the before-image says."""
    there: dict[str, str] = {}
    for row in feed.itertuples():
        if row.operation == INSERT:
            assert row.transaction_id not in there
            there[row.transaction_id] = row.payment_status
        elif row.operation == AFTER:
            assert row.transaction_id in there
            there[row.transaction_id] = row.payment_status
        else:
            assert there[row.transaction_id] == row.payment_status
            if row.operation == DELETE:
                del there[row.transaction_id]
    deleted = feed[feed.operation == DELETE].transaction_id
    assert deleted.isin(feed[feed.operation == INSERT].transaction_id).sum() > 0


def test_bills_are_what_meters_counted_but_for_fraud_and_spikes() -> None:
    """Where all readings of a period are there; those that a spike hides are as the others of the period."""
    days = Grid(0.12, days=75)
    feed = days.rows("billing_transactions")
    inserted = feed[(feed.operation == INSERT) & (feed.billing_period_start > START.date())]
    fraud = set(days.hidden("billing_frauds").transaction_id)
    spikes = days.hidden("meter_spikes").set_index("meter_id").to_at
    assert len(inserted) > 50
    for bill in inserted[~inserted.transaction_id.isin(fraud)].head(6).itertuples():
        number = int(bill.customer_id[-6:]) - 1
        begin = pd.Timestamp(bill.billing_period_start) - pd.Timedelta(hours=5.5)
        end = pd.Timestamp(bill.billing_period_end) + pd.Timedelta(days=1, hours=-5.5)
        readings = days.rows("smart_meter_readings", 0, None, number, number + 1)
        within = readings[(readings.timestamp > begin) & (readings.timestamp <= end)]
        leapt = spikes.loc[[bill.meter_id]] if bill.meter_id in spikes.index else []
        counted = within[~within.timestamp.isin(leapt)].reading_kwh.sum()
        there = len(within) - within.timestamp.isin(leapt).sum()
        expected = (bill.billing_period_end - bill.billing_period_start).days * 48 + 48
        assert counted == pytest.approx(bill.units_consumed_kwh * there / expected, rel=0.12)


def test_amounts_follow_units_and_rate_but_for_frauds(half: Grid) -> None:
    bills = half.rows("billing_transactions")
    bills = bills[bills.operation == INSERT].drop_duplicates("transaction_id")
    fraud = half.hidden("billing_frauds")
    tiny = bills.transaction_id.isin(fraud[fraud.way == "tiny amount"].transaction_id)
    usual = bills[~tiny]

    assert tiny.mean() == pytest.approx(0.04, abs=0.015)
    assert bills[tiny].base_amount.between(0.01, 50).all()
    assert 0.65 < bills[tiny].fraud_flag.mean() < 0.95
    assert (usual.base_amount - usual.units_consumed_kwh * usual.rate_per_kwh).abs().max() < 0.006
    assert (bills.total_amount - bills.base_amount * 1.18).abs().max() < 0.011
    assert bills.rate_per_kwh.between(3, 9).all()


def test_plants_follow_sun_wind_and_water(made: Made, grid: Grid) -> None:
    rows = made("renewable_production")
    hour = (rows.timestamp + pd.Timedelta(hours=5.5)).dt.hour
    solar, wind = rows[rows.plant_type == "SOLAR"], rows[rows.plant_type == "WIND"]
    night = solar[hour[solar.index].isin([22, 23, 0, 1, 2])]

    assert rows.plant_id.nunique() == plants_there(grid.world)
    assert (night.production_mw == 0).all()
    assert solar.production_mw.corr(solar.irradiance_w_m2 * solar.capacity_mw) > 0.9
    assert (wind.production_mw / wind.capacity_mw).corr(wind.wind_speed_mps, method="spearman") > 0.95
    assert rows.production_mw.le(rows.capacity_mw).all()
    told = rows.curtailment_mw.notna()
    assert (told == (rows.timestamp >= "2025-06-15 08:00")).all()
    kept = rows.production_mw - rows.auxiliary_consumption_mw - rows.curtailment_mw
    assert (kept - rows.grid_injection_mw).abs().max() < 0.0015


def test_the_moment_of_the_later_columns_is_that_of_the_contract(grid: Grid) -> None:
    from domains.grid.sources.renewable_production import EVOLVED

    assert [step.since for step in grid.maker.contracts["renewable_production"].evolves] == [EVOLVED.item()]
