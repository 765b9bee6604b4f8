"""A row is the same alone as among all others: in another piece of time, of other senders."""

import pandas as pd
import pytest

from tests.unit.grid_world.conftest import DAYS, Grid, Made

KEYS = {
    "smart_meter_readings": "event_id",
    "substation_telemetry": "telemetry_id",
    "renewable_production": "reading_id",
    "billing_transactions": "start_lsn",
    "maintenance_logs": "log_id",
    "gas_analyses": "sample_id",
    "register_reads": "read_id",
}


def in_order(rows: pd.DataFrame, key: str) -> pd.DataFrame:
    by = [key, *(name for name in ("operation", "reported_date") if name in rows)]
    return rows.sort_values(by, ignore_index=True)


@pytest.mark.parametrize("table", KEYS)
def test_days_made_apart_are_the_days_made_together(made: Made, table: str) -> None:
    whole = in_order(made(table), KEYS[table])
    days = [(0, 3.25), (3.25, 9), (9, DAYS)]
    apart = in_order(pd.concat([made(table, *span) for span in days]), KEYS[table])

    assert len(whole) > 50
    pd.testing.assert_frame_equal(apart, whole, check_dtype=False, check_exact=True)


@pytest.mark.parametrize("table", ["smart_meter_readings", "substation_telemetry", "billing_transactions"])
def test_a_sender_made_alone_sends_the_same(made: Made, table: str) -> None:
    column = {"substation_telemetry": "transformer_id"}.get(table, "meter_id")
    alone = made(table, 0, 7, 17, 18)
    among = made(table, 0, 7)
    name = alone[column].iloc[0]

    assert alone[column].nunique() == 1
    expected = in_order(among[among[column] == name], KEYS[table])
    pd.testing.assert_frame_equal(in_order(alone, KEYS[table]), expected, check_exact=True)


@pytest.mark.parametrize("table", ["smart_meter_readings", "substation_telemetry"])
def test_a_slice_in_which_nobody_speaks_is_empty(made: Made, table: str) -> None:
    """Live slices may be shorter than the pace of the senders."""
    minute = 1 / 1440

    assert made(table, 1 + minute, 1 + 3 * minute).empty
    assert not made(table, 1 - minute, 1 + minute).empty


def test_another_seed_is_another_world() -> None:
    one, other = (Grid(0.03, seed, 1).rows("smart_meter_readings").reading_kwh for seed in (1, 2))

    assert (one.to_numpy()[:1000] != other.to_numpy()[:1000]).mean() > 0.9
