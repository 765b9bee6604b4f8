"""What wear shows of a machine at full hours: the windows of its readings, what physics says of them, and how both
moved in the last two weeks.

All is of the instant and of what came before. Physics takes out what the weather, the pressures and the load explain:
what is left of the temperature, of the gas that a cylinder takes, and of the power it costs, is the machine's own.
"""

from typing import Any

import numpy as np
import pandas as pd

from domains.compressors.signals import SIGNALS
from headrace.models.histories import Windows, history_features

Array = np.ndarray[Any, np.dtype[Any]]
DAY, FORTNIGHT = 24, 336  # hours
MACHINE, AT = "compressor_id", "timestamp"
OF_READINGS = (
    *(f"{name}_{window}_mean" for name in SIGNALS for window in ("1hr", "4hr", "24hr")),
    *(f"{name}_24hr_{kind}" for name in SIGNALS for kind in ("std", "max")),
    *(f"{name}_4hr_std" for name in ("vibration", "suction", "pressure")),
    *(f"{name}_1hr_delta" for name in ("vibration", "temp")),
)
"""Columns of `sensor_features` that are read."""
OF_WEATHER = tuple(f"temp_{kind}" for kind in ("1hr_mean", "4hr_mean", "24hr_mean", "24hr_max"))
"""What says the season rather than the machine: a model of February would take April for wear."""
MOVING = ("vibration", "heat", "excess_heat", "filling", "efficiency")
WINDOWS = Windows((DAY, 72, FORTNIGHT), last=False)
FEATURES = (
    *(name for name in OF_READINGS if name not in OF_WEATHER),
    *(f"{name}_now" for name in MOVING),
    *WINDOWS.names(MOVING),
    *(f"{name}_risen" for name in MOVING),
    "hours_run",
)
STAGES, HEAT_RATIO, ATMOSPHERE_PSI, TO_RANKINE = 3, 1.27, 14.7, 459.67
EXPONENT = (HEAT_RATIO - 1) / HEAT_RATIO
USUAL_APPROACH_F, USUAL_EFFICIENCY = 23.0, 0.8
HORSEPOWER_PER_WORK = 0.0857  # of a million cubic feet a day, a degree Rankine and a stage
CLEARANCE = 0.12


def wear(rows: pd.DataFrame) -> pd.DataFrame:
    """FEATURES of rows of `sensor_features` at full hours, sorted by machine and time; `hour` is the time in hours."""
    moving = physics(rows)
    moving.loc[~rows["is_running"]] = np.nan
    moved = pd.concat([rows[[MACHINE, "hour"]], moving], axis=1)
    past = history_features(moved, MACHINE, "hour", MOVING, WINDOWS)
    risen = {
        f"{name}_risen": past[f"{name}_mean_{DAY}"] - past[f"{name}_mean_{FORTNIGHT}"] for name in MOVING
    }
    now = moving.add_suffix("_now")
    made = pd.concat([rows, now, past, pd.DataFrame(risen)], axis=1)
    made["hours_run"] = hours_run(rows)
    return made[list(FEATURES)].astype(np.float32)


def physics(rows: pd.DataFrame) -> pd.DataFrame:
    """Of the last hour's means."""
    temp, suction, discharge, power, flow = (
        rows[f"{name}_1hr_mean"].to_numpy(np.float64)
        for name in ("temp", "suction", "pressure", "power", "flow")
    )
    air = rows["ambient_temp_f"].to_numpy(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        whole = (discharge + ATMOSPHERE_PSI) / (suction + ATMOSPHERE_PSI)
        ratio = np.maximum(whole, 1.0) ** (1 / STAGES)
        inlet = air + USUAL_APPROACH_F + TO_RANKINE
        work = ratio**EXPONENT - 1
        expected = inlet * (1 + work / USUAL_EFFICIENCY) - TO_RANKINE
        cylinder = 1 - CLEARANCE * (ratio ** (1 / HEAT_RATIO) - 1)
        ideal = STAGES * HORSEPOWER_PER_WORK * inlet / EXPONENT * work * flow / 1000
        made = {
            "vibration": rows["vibration_1hr_mean"].to_numpy(np.float64),
            "heat": temp - air,
            "excess_heat": temp - expected,
            "filling": flow / (cylinder * (suction + ATMOSPHERE_PSI)),
            "efficiency": ideal / np.where(power > 0, power, np.nan),
        }
    return pd.DataFrame(made, index=rows.index)


def hours_run(rows: pd.DataFrame) -> Array:
    """Since a reading at which the machine stood, or the first one that is looked back at; a fortnight at most."""
    hour, stands = rows["hour"].to_numpy(np.float64), ~rows["is_running"].to_numpy(bool)
    machine = rows[MACHINE].to_numpy()
    is_first = np.r_[True, machine[1:] != machine[:-1]] if len(rows) else stands
    place = np.maximum.accumulate(np.where(stands | is_first, np.arange(len(rows)), 0))
    return np.minimum(hour - hour[place], FORTNIGHT)
