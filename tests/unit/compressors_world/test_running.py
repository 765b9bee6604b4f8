"""What instruments say obeys the physics of compression, and what is about to fail shows by what it changes."""

import numpy as np
import pandas as pd
import pytest

from domains.compressors.world import fleet as made
from tests.unit.compressors_world.conftest import START, Fleet

DAY = pd.Timedelta(days=1)
SIGNALS = [
    *("vibration_mms", "discharge_temp_f", "suction_pressure_psi", "discharge_pressure_psi"),
    *("horsepower_consumption", "gas_flow_mcf"),
]


def running(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows.horsepower_consumption > 0]


def test_the_week_of_the_document_has_its_readings(week: Fleet) -> None:
    rows = week.rows("sensor_readings")
    assert 10_000 < len(rows) <= 10_080, "all but what is lost in gaps"
    assert sorted(rows.compressor_id.unique()) == [f"COMP-{number:03d}" for number in range(1, 11)]
    apart = rows.groupby("compressor_id").timestamp.diff().dropna() / pd.Timedelta(minutes=10)
    assert (apart % 1 == 0).all()
    assert (apart == 1).mean() > 0.999
    assert rows.reading_id.is_unique


def test_the_two_failures_of_the_document_happen_at_its_days_and_no_others(week: Fleet) -> None:
    told = week.hidden("machine_failures").sort_values("compressor_id")
    assert told.compressor_id.tolist() == ["COMP-003", "COMP-007"]
    assert ((told.run_up_from - START) / DAY).tolist() == [3, 5]
    assert ((told.failed_at - START) / DAY).tolist() == [6, 8]
    assert week.hidden("wrong_sensors").empty


def test_a_failing_machine_shakes_exponentially_warms_linearly_and_its_pressure_swings(week: Fleet) -> None:
    rows = week.rows("sensor_readings")
    mine = rows[(rows.compressor_id == "COMP-003") & (rows.timestamp < START + 6 * DAY)].set_index(
        "timestamp"
    )
    before, last = mine[: START + 3 * DAY], mine[START + 5.75 * DAY :]
    assert last.vibration_mms.max() > 9 > 4 > before.vibration_mms.max()
    days = mine[START + 3 * DAY :].vibration_mms.resample("12h").mean().diff().dropna()
    assert (days.diff().dropna() > 0).mean() >= 0.6, "each half day adds more than the one before"
    over_air = mine.discharge_temp_f - mine.ambient_temp_f
    assert 25 < over_air[START + 5.75 * DAY :].mean() - over_air[: START + 3 * DAY].mean() < 60
    swing = (
        mine.discharge_pressure_psi / mine.discharge_pressure_psi.rolling(24, center=True).mean()
    ).dropna()
    assert swing[START + 5 * DAY :].std() > 2 * swing[: START + 3 * DAY].std()


def test_it_stands_from_its_failure_until_it_is_repaired(week: Fleet) -> None:
    rows = week.rows("sensor_readings")
    stands = rows[(rows.compressor_id == "COMP-003") & (rows.timestamp >= START + 6 * DAY)]
    assert (stands[["horsepower_consumption", "gas_flow_mcf"]] == 0).all(axis=None)
    assert stands.vibration_mms.max() < 0.3
    assert (stands.suction_pressure_psi / stands.discharge_pressure_psi).between(0.9, 1.1).all()


def test_power_is_what_the_flow_and_the_ratio_take(fleet: Fleet) -> None:
    """The adiabatic work of the gas over the power at the shaft is an efficiency that a machine keeps."""
    rows = running(fleet.rows("sensor_readings", 0, 7))
    ratio = made.ratio_of(rows.suction_pressure_psi, rows.discharge_pressure_psi)
    work = (
        rows.gas_flow_mcf / 1000 * made.horsepower_per_flow(ratio, rows.ambient_temp_f + 22, np.float64(1.0))
    )
    efficiency = (work / rows.horsepower_consumption).groupby(rows.compressor_id)
    assert efficiency.median().between(0.6, 0.85).all()
    assert (efficiency.quantile(0.75) - efficiency.quantile(0.25)).median() < 0.02


def test_signals_move_together_and_with_the_weather(fleet: Fleet) -> None:
    rows = running(fleet.rows("sensor_readings", 0, 14))
    together = rows.groupby("compressor_id")[[*SIGNALS, "ambient_temp_f"]].corr()
    by_pair = together.groupby(level=1).median()
    assert by_pair.loc["gas_flow_mcf", "suction_pressure_psi"] > 0.5
    assert by_pair.loc["discharge_temp_f", "ambient_temp_f"] > 0.5
    assert by_pair.loc["horsepower_consumption", "gas_flow_mcf"] > 0.5


def test_rows_made_apart_are_the_rows_made_together(fleet: Fleet) -> None:
    for table, key in (("sensor_readings", "reading_id"), ("maintenance_logs", "log_id")):
        whole = fleet.rows(table).sort_values(key, ignore_index=True)
        days = [(0, 2.5), (2.5, 20), (20, 42)]
        apart = pd.concat([fleet.rows(table, *span) for span in days]).sort_values(key, ignore_index=True)
        assert len(whole) > 40
        pd.testing.assert_frame_equal(apart, whole, check_exact=True)
    alone = fleet.rows("sensor_readings", 0, 3, 17, 18).sort_values("timestamp", ignore_index=True)
    among = fleet.rows("sensor_readings", 0, 3)
    among = among[among.compressor_id == "COMP-018"].sort_values("timestamp", ignore_index=True)
    pd.testing.assert_frame_equal(alone, among, check_exact=True)


def test_every_failure_has_its_repair_and_every_repair_its_failure(fleet: Fleet) -> None:
    told, jobs = fleet.hidden("machine_failures"), fleet.rows("maintenance_logs")
    done = told[(told.back_at >= START) & (told.back_at < START + 42 * DAY)]
    repairs = jobs[jobs.maintenance_type == "CORRECTIVE"]
    assert len(done) > 5
    assert set(zip(done.compressor_id, done.back_at, strict=True)) == set(
        zip(repairs.compressor_id, repairs.completed_at, strict=True)
    )


@pytest.mark.parametrize("mode", ["valve_leak", "bearing", "cooler_fouling", "general"])
def test_larger_fleets_fail_in_every_mode(mode: str) -> None:
    told = Fleet(540, 90).hidden("machine_failures")
    assert (told["mode"] == mode).sum() > 20


def test_each_mode_is_felt_where_it_should_be(fleet: Fleet) -> None:
    """Of the last sixth of a run-up against the day before it began, machines that run."""
    told, rows = Fleet(400, 42).hidden("machine_failures"), []
    inside = told[(told.run_up_from > START + DAY) & (told.failed_at < START + 42 * DAY)]
    large = Fleet(400, 42)
    for failure in inside.itertuples():
        place = int(failure.compressor_id[5:]) - 1
        mine = running(large.rows("sensor_readings", 0, 42, place, place + 1)).set_index("timestamp")
        length = failure.failed_at - failure.run_up_from
        late = mine[failure.failed_at - length / 6 : failure.failed_at]
        early = mine[failure.run_up_from - DAY : failure.run_up_from]
        if len(late) and len(early):
            over = {
                "hot": (late.discharge_temp_f - late.ambient_temp_f).mean()
                - (early.discharge_temp_f - early.ambient_temp_f).mean(),
                "shakes": late.vibration_mms.mean() - early.vibration_mms.mean(),
                "per_flow": (late.horsepower_consumption / late.gas_flow_mcf).mean()
                / (early.horsepower_consumption / early.gas_flow_mcf).mean(),
            }
            rows.append({"mode": failure.mode, **over})
    felt = pd.DataFrame(rows).groupby("mode").median()
    assert felt.loc["valve_leak", "hot"] > 15
    assert felt.loc["valve_leak", "per_flow"] > 1.05
    assert felt.loc["bearing", "shakes"] > 1.5 > felt.loc["cooler_fouling", "shakes"]
    assert felt.loc["cooler_fouling", "hot"] > 15
    assert felt.loc["bearing", "hot"] < 15
