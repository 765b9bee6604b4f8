"""Devices of one transformer tell of one load, one heat and one wear; outages are felt by its customers."""

from dataclasses import replace
from datetime import timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest

from domains.grid.dissolved_gas import duval_zone, is_above_usual
from domains.grid.sources.transformer_failures import transformer_failures
from domains.grid.world.upkeep import FAILURE_SPREAD, failure_number, failure_of
from tests.unit.grid_world.conftest import Grid


@pytest.fixture(scope="module")
def telemetry(half: Grid) -> pd.DataFrame:
    return half.rows("substation_telemetry")


def test_four_rows_in_a_hundred_are_60_to_90_degrees_above_the_air(
    telemetry: pd.DataFrame, half: Grid
) -> None:
    rise = telemetry.oil_temperature_c - telemetry.ambient_temperature_c
    planted = half.hidden("transformer_overheatings")
    row = planted[(planted.to_at - planted.from_at) > pd.Timedelta(hours=20)].iloc[0]
    inside = telemetry[
        (telemetry.transformer_id == row.transformer_id) & telemetry.timestamp.between(row.from_at, row.to_at)
    ]

    assert (rise >= 60).mean() == pytest.approx(0.04, abs=0.012)
    assert rise.max() < 95
    assert (inside.oil_temperature_c - inside.ambient_temperature_c).between(59.5, 90.5).all()


def test_three_rows_in_a_hundred_have_an_alarm(telemetry: pd.DataFrame) -> None:
    assert telemetry.alarm_code.notna().mean() == pytest.approx(0.03, abs=0.012)
    assert set(telemetry.alarm_code.dropna()) >= {"OVERLOAD", "GAS_ALARM", "BREAKER_TRIP"}
    assert (telemetry[telemetry.load_percentage > 100].alarm_code == "OVERLOAD").all()
    assert telemetry[telemetry.load_percentage > 100].transformer_id.nunique() > 5


def test_oil_follows_the_load_hours_later(telemetry: pd.DataFrame) -> None:
    busy = telemetry.groupby("transformer_id").filter(lambda rows: rows.load_percentage.quantile(0.9) > 60)
    rise = busy.oil_temperature_c - busy.ambient_temperature_c
    loads = busy.groupby("transformer_id").load_percentage
    now, before = (rise.groupby(busy.transformer_id).corr(loads.shift(quarters)) for quarters in (0, 8))

    assert busy.transformer_id.nunique() > 10
    assert before.median() > 0.6
    assert before.median() > now.median() + 0.05


def test_gas_grows_with_wear_and_before_a_failure(telemetry: pd.DataFrame, half: Grid) -> None:
    health = half.rows("transformer_master").drop_duplicates("transformer_id").set_index("transformer_id")
    gas = telemetry.groupby("transformer_id").dissolved_gas_ppm.median()
    failures = half.hidden("transformer_failures")
    ahead = failures[(failures.failed_at > half.world.end) & (failures.run_up_from < half.world.start)]
    rising = (
        telemetry[telemetry.transformer_id.isin(ahead.transformer_id)]
        .groupby("transformer_id")
        .dissolved_gas_ppm
    )

    assert gas.corr(health.health_index_score.loc[gas.index], method="spearman") < -0.6
    assert len(ahead) > 3
    assert (rising.last() > rising.first() + 10).mean() > 0.7


@pytest.fixture(scope="module")
def samples(half: Grid) -> pd.DataFrame:
    return half.rows("gas_analyses")


def test_what_burns_in_a_sample_is_the_gas_that_the_device_shows(
    samples: pd.DataFrame, telemetry: pd.DataFrame
) -> None:
    samples = samples.sort_values("sampled_at").rename(columns={"sampled_at": "timestamp"})
    within = samples[samples.timestamp > telemetry.timestamp.min()].dropna(subset="ethane_ppm")
    burning = [
        "hydrogen_ppm",
        "methane_ppm",
        "ethane_ppm",
        "ethylene_ppm",
        "acetylene_ppm",
        "carbon_monoxide_ppm",
    ]
    device = telemetry.sort_values("timestamp")[["timestamp", "transformer_id", "dissolved_gas_ppm"]]
    beside = pd.merge_asof(
        within, device, on="timestamp", by="transformer_id", tolerance=pd.Timedelta(hours=1)
    ).dropna(subset="dissolved_gas_ppm")
    ratio = beside[burning].sum(axis=1) / beside.dissolved_gas_ppm

    assert len(beside) > 20
    assert ratio.between(0.8, 1.2).all()
    assert ratio.median() == pytest.approx(1.0, abs=0.03)


def test_a_transformer_is_sampled_some_weeks_apart_and_some_reports_are_corrected(
    samples: pd.DataFrame,
) -> None:
    days = samples[samples.reason == "ROUTINE"].drop_duplicates("sample_id").sort_values("sampled_at")
    apart = days.groupby("transformer_id").sampled_at.diff().dropna() / pd.Timedelta(days=1)
    twice = samples[samples.duplicated("sample_id", keep=False)].sort_values("reported_date")
    first, second = (
        twice.drop_duplicates("sample_id", keep=keep).set_index("sample_id") for keep in ("first", "last")
    )

    assert apart.between(28, 230).all()
    assert 0.005 < len(first) / samples.sample_id.nunique() < 0.05
    assert (first.hydrogen_ppm == second.loc[first.index].methane_ppm).all()
    assert (samples.reported_date > samples.sampled_at.dt.date).all()


def test_oil_tells_of_the_kind_of_fault_that_a_failure_begins_with(half: Grid, samples: pd.DataFrame) -> None:
    year = replace(half.world, start=half.world.start - timedelta(days=380))
    failures = pd.DataFrame({name: np.asarray(rows) for name, rows in transformer_failures(year).items()})
    failures = failures[failures["mode"] != "LIGHTNING_DAMAGE"]
    both = samples.drop_duplicates("sample_id", keep="last").merge(failures, on="transformer_id")
    ahead = both[(both.sampled_at >= both.run_up_from) & (both.sampled_at < both.failed_at)]
    samples = samples.drop_duplicates("sample_id", keep="last")
    told = duckdb.sql(f"select sample_id, {duval_zone()} as zone from samples where {is_above_usual()}").df()
    right = told.merge(ahead[["sample_id", "begins_with"]], on="sample_id", how="left")
    alike = (right.zone == right.begins_with)[right.begins_with.isin(["D1", "D2", "T3"])]

    assert len(told) > 60
    assert right.begins_with.notna().mean() > 0.9
    assert len(alike) > 25
    assert alike.mean() > 0.75


def test_numbers_of_messages_have_no_hole_before_any_is_lost(telemetry: pd.DataFrame) -> None:
    rows = telemetry.sort_values(["iot_device_id", "timestamp"])
    steps = rows.groupby("iot_device_id")[["sequence_number", "timestamp"]].diff().dropna()

    assert (steps.sequence_number == steps.timestamp / pd.Timedelta(minutes=15)).all()
    assert (steps.sequence_number > 1).any()  # a silent spell of the device


def test_a_trip_leaves_all_customers_without_supply(telemetry: pd.DataFrame, half: Grid) -> None:
    trips = half.hidden("breaker_trips")
    readings, customers = (
        half.rows("smart_meter_readings"),
        half.rows("customer_master").drop_duplicates("meter_id"),
    )
    long = trips[
        (trips.reset_at - trips.tripped_at > pd.Timedelta(hours=2)) & (trips.tripped_at > half.world.start)
    ]
    fed = customers.set_index("meter_id").transformer_id
    readings["transformer_id"] = fed.loc[readings.meter_id].to_numpy()

    assert len(long) > 20
    for trip in long.head(20).itertuples():
        off = telemetry[(telemetry.transformer_id == trip.transformer_id)]
        off = off[off.timestamp.between(trip.tripped_at, trip.reset_at, inclusive="left")]
        assert (off.breaker_status == "TRIPPED").all()
        assert (off.alarm_code == "BREAKER_TRIP").all()
        assert (off.load_mw == 0).all()
        whole = readings[readings.transformer_id == trip.transformer_id]
        whole = whole[whole.timestamp.between(trip.tripped_at + pd.Timedelta(minutes=30), trip.reset_at)]
        assert (whole.reading_kwh == 0).all()
        assert (whole.voltage_v == 0).all()


def test_failures_come_as_often_as_they_are_said_to(grid: Grid) -> None:
    """And never within each other: no two of one transformer are nearer than what is left of a span."""
    transformer = np.arange(60)[:, None]
    first = failure_number(grid.world, transformer, np.array([0.0]))
    failures = failure_of(grid.world, transformer, first + np.arange(8))

    assert (np.diff(failures.failed, axis=1) > (1 - FAILURE_SPREAD) * 200 * 1440).all()
    assert (failures.repaired[:, :-1] < failures.run_up_from[:, 1:]).all()
