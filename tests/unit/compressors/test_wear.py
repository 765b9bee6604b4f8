"""Signs of wear, from what was known at each hour alone."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from domains.compressors.gold.wear_features import MADE, TAKEN, wear_of
from domains.compressors.signals import SIGNALS
from domains.compressors.wear import FEATURES, OF_READINGS, hours_run, physics

BEGIN = np.datetime64("2024-02-01T00:00:00", "us")
SOUND = {"vibration": 2.5, "temp": 190.0, "suction": 75.0, "pressure": 980.0, "power": 1000.0, "flow": 6500.0}


def readings(machines: int = 2, hours: int = 400, seed: int = 3) -> pa.Table:
    """Hourly rows of `sensor_features`; each machine stands for six hours."""
    draws, count = np.random.default_rng(seed), machines * hours
    values = {
        name: np.float32(level * (1 + 0.02 * draws.standard_normal(count))) for name, level in SOUND.items()
    }
    hour = np.tile(np.arange(hours), machines)
    at = BEGIN + hour * np.timedelta64(3600, "s")
    columns = {
        "compressor_id": np.repeat([f"COMP-{each:03d}" for each in range(machines)], hours),
        "timestamp": pa.array(at, pa.timestamp("us", "UTC")),
        "reading_date": pa.array(at.astype("datetime64[D]")),
        "is_running": (hour < 200) | (hour >= 206),
        "ambient_temp_f": 60 + 10 * np.sin(hour / 4),
        **{name: values[name.split("_")[0]] for name in OF_READINGS},
    }
    return pa.table({name: columns[name] for name in TAKEN})


def test_what_comes_later_changes_no_feature_and_neither_do_other_machines() -> None:
    rows = readings()
    whole = wear_of(rows).to_pandas()
    until = pa.scalar((BEGIN + np.timedelta64(300 * 3600, "s")).item(), pa.timestamp("us", "UTC"))
    early = rows.filter(
        pc.and_(pc.less(rows["timestamp"], until), pc.equal(rows["compressor_id"], "COMP-001"))
    )
    then = wear_of(early).to_pandas()
    same = whole[(whole.compressor_id == "COMP-001") & (whole.timestamp < until.as_py())]
    assert len(then) == 294
    pd.testing.assert_frame_equal(then, same.reset_index(drop=True), rtol=1e-5)


def test_a_fortnight_before_suffices() -> None:
    """A day made with a fortnight before it is what it is with all that came before."""
    rows = readings(hours=500)
    whole = wear_of(rows).to_pandas()
    day, fortnight_before = (BEGIN + np.timedelta64(hour * 3600, "s") for hour in (460, 460 - 336))
    alone = wear_of(rows.filter(pa.array(rows["timestamp"].to_numpy() >= fortnight_before))).to_pandas()
    same, of_day = (made[made.timestamp >= str(day) + "Z"].reset_index(drop=True) for made in (whole, alone))
    assert len(of_day) == 80
    pd.testing.assert_frame_equal(of_day, same, rtol=1e-4, atol=1e-5)


def test_a_machine_that_stands_has_no_row_and_does_not_enter_the_windows() -> None:
    made = wear_of(readings()).to_pandas()
    assert made.columns.tolist() == [field.name for field in MADE]
    assert len(made) == 2 * 394
    assert made["vibration_mean_24"].between(2.3, 2.7).all()


def test_physics_takes_out_what_pressures_and_weather_explain() -> None:
    """Of a sound machine that works against a higher pressure on a hot day, the gas is hotter, and by no more."""
    usual = {f"{name}_1hr_mean": [level] for name, level in SOUND.items()}
    cool = physics(pd.DataFrame({**usual, "ambient_temp_f": [60.0]}))
    hot_day = physics(pd.DataFrame({**usual, "temp_1hr_mean": [214.0], "ambient_temp_f": [80.0]}))
    assert hot_day["excess_heat"][0] - cool["excess_heat"][0] < 1.5
    leaking = physics(pd.DataFrame({**usual, "flow_1hr_mean": [5500.0], "ambient_temp_f": [60.0]}))
    assert leaking["filling"][0] < 0.87 * cool["filling"][0]
    assert leaking["efficiency"][0] < 0.87 * cool["efficiency"][0]


def test_hours_run_count_from_the_last_stop() -> None:
    rows = pd.DataFrame(
        {
            "compressor_id": ["a"] * 4 + ["b"] * 2,
            "hour": [0.0, 1.0, 2.0, 4.0, 1.0, 2.0],
            "is_running": [True, False, True, True, True, True],
        }
    )
    assert hours_run(rows).tolist() == [0, 0, 1, 3, 0, 1]


def test_all_signals_have_their_part() -> None:
    assert all(any(name.startswith(each) for name in FEATURES) for each in SIGNALS)
