"""What meters say, and how much of it is wrong: the shares of the source document."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.grid_world.conftest import Grid


@pytest.fixture(scope="module")
def readings(half: Grid) -> pd.DataFrame:
    """With `planted`: what was done to each; without the first ones, which are for the half-hour before the span."""
    rows = half.rows("smart_meter_readings")
    rows["planted"] = ""
    rows = rows[rows.timestamp > half.world.start].reset_index(drop=True)
    by_meter = rows.groupby("meter_id").indices
    stamps, planted = rows.timestamp.to_numpy(), rows.planted.to_numpy().copy()
    for source, kind in (("meter_bypasses", "bypass"), ("meter_spikes", "spike"), ("energy_thefts", "theft")):
        for name, begin, end in half.hidden(source)[["meter_id", "from_at", "to_at"]].itertuples(index=False):
            places = by_meter[name]
            hit = places[(stamps[places] > np.datetime64(begin)) & (stamps[places] <= np.datetime64(end))]
            planted[hit] = kind
    return rows.assign(planted=planted)


def share(found: pd.Series) -> float:
    return float(found.mean())


def test_five_readings_in_a_hundred_are_of_thieves_and_three_are_spikes(readings: pd.DataFrame) -> None:
    assert share(readings.planted == "theft") == pytest.approx(0.05, abs=0.012)
    assert share(readings.planted == "spike") == pytest.approx(0.03, abs=0.004)
    assert readings[readings.planted == "bypass"].meter_id.nunique() / 500 == pytest.approx(0.035, abs=0.015)


def test_a_thief_is_read_near_zero_and_a_spike_between_50_and_120(readings: pd.DataFrame) -> None:
    stolen, leapt = (readings[readings.planted == kind] for kind in ("theft", "spike"))
    on = stolen[stolen.voltage_v > 0].reading_kwh

    assert on.quantile(0.99) <= 0.05
    assert (on >= 0.001).mean() > 0.98  # else the supply was off for a part of the half-hour
    assert leapt.reading_kwh.between(50, 120).all()


def test_near_zero_alone_is_no_proof(readings: pd.DataFrame) -> None:
    honest = readings[readings.planted == ""]

    assert share(honest.reading_kwh.between(0.001, 0.05)) > 0.02


def test_thefts_last_for_days(half: Grid) -> None:
    thefts = half.hidden("energy_thefts")
    lasts = thefts.to_at - thefts.from_at

    assert len(thefts) > 20
    assert lasts.between(pd.Timedelta(days=3), pd.Timedelta(days=21)).all()


def test_flags_and_status_are_right_in_most_cases_only(readings: pd.DataFrame) -> None:
    odd = readings[readings.planted.isin(["theft", "spike"]) & (readings.voltage_v > 0)]
    honest = readings[readings.planted == ""]

    assert share(odd.is_anomaly_flag) == pytest.approx(0.7, abs=0.03)
    assert share(odd.meter_status != "ACTIVE") == pytest.approx(0.7, abs=0.03)
    assert 0.01 < share(honest.meter_status == "TAMPERED") < 0.05
    assert 0.001 < share(honest.is_anomaly_flag) < 0.01


def test_current_voltage_and_power_factor_give_the_energy(readings: pd.DataFrame) -> None:
    """But of a register that leapt, whose current went on as before."""
    usual = readings[(readings.planted != "spike") & (readings.voltage_v > 0)]
    energy = usual.voltage_v * usual.current_a * usual.power_factor / 2000

    assert (energy - usual.reading_kwh).abs().lt(0.01 + 0.01 * usual.reading_kwh).all()


def test_only_who_is_planted_goes_beyond_the_contract(half: Grid, readings: pd.DataFrame) -> None:
    customers = half.rows("customer_master").drop_duplicates("meter_id", keep="last").set_index("meter_id")
    beyond = set(half.hidden("contract_overloads").meter_id)
    honest = readings[~readings.planted.isin(["spike"])]
    above = honest.reading_kwh * 2 > customers.sanctioned_load_kw.loc[honest.meter_id].to_numpy()
    days = honest[above].groupby("meter_id").timestamp.apply(lambda at: at.dt.floor("D").nunique())

    assert set(days.index) <= beyond
    assert (days >= 7).mean() > 0.9


def test_a_day_has_the_shape_of_its_tariff(readings: pd.DataFrame, half: Grid) -> None:
    customers = half.rows("customer_master").drop_duplicates("meter_id").set_index("meter_id")
    honest = readings[readings.planted == ""]
    hour = ((honest.timestamp + pd.Timedelta(hours=5)).dt.hour).rename(
        "hour"
    )  # when the half-hour began, in India
    tariff = customers.tariff_category.loc[honest.meter_id].to_numpy()
    shape = honest.groupby([tariff, hour]).reading_kwh.mean().unstack()

    assert shape.loc["DOMESTIC"].idxmax() in (19, 20, 21, 22)
    assert shape.loc["INSTITUTIONAL", 11] > 3 * shape.loc["INSTITUTIONAL", 3]
    assert shape.loc["COMMERCIAL", 16] > 2.5 * shape.loc["COMMERCIAL", 4]
    assert (
        shape.loc["AGRICULTURAL", [23, 0, 1, 2, 6, 8]].min() > 3 * shape.loc["AGRICULTURAL", [13, 16]].max()
    )
