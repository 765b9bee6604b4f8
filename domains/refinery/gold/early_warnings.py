"""Which units show signs that they are about to fail, in the order in which to look at them.

The signs are those of `run_ups`: sensors of a kind that leave their usual levels towards the same limits. How long it
takes to the limit is said by the pace of the last day and a half; run-ups tend to become faster, so it may be
less. A unit that stands gives no notice of anything: it is said to stand. One that was repaired or serviced has new
levels, which take three days to be known, and so has one that charges much more or less than before.
"""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from domains.refinery.run_ups import LIMITS, QUARTER_HOURS, QUARTERS_A_DAY, Sensors, warning_of
from headrace.tables import Table, Whole, instant, only_at

TABLE = Table(
    key="unit_id",
    write=Whole(),
    description="Signs of failure of each unit, with the hours to the limit and the sensors that drive them.",
)

DAYS, NOW_HOURS, USUAL_HOURS = 14, 24, 96
OVERHAUL_HOURS = 8  # what stands as long was repaired or serviced, and may run otherwise than before
HEATING_HOURS = 12
SAME_LOAD = 0.1  # levels of quarters whose charge differs by more say nothing of those of now
WARNING = """unit_id string, sign string, hours_to_critical double, hours_to_warning double, sensor_id string,
    sensor_type string, limit_kind string, limit_value double, current_value double, usual_value double,
    measurement_unit string, confidence double, share_of_way double, change_a_day double, driving_sensors string,
    driving_sensor_ids array<string>, stands_since timestamp, downtime_cause string"""
NAMES = [part.split()[0] for part in WARNING.split(",")]
UNIT = ("unit_name", "unit_type", "refinery_id", "refinery_name")
ORDER = ("STRONG", "WEAK", "STANDS", "RESTARTED", "NEW LOAD", "NONE")


def early_warnings(
    sensor_days: DataFrame,
    sensors: DataFrame,
    unit_stands: DataFrame,
    production_output: DataFrame,
    equipment_health: DataFrame,
    as_of: datetime,
) -> DataFrame:
    found = (
        days_of_sensors(sensor_days, sensors, as_of)
        .groupBy("unit_id")
        .cogroup(hours_of_units(production_output, unit_stands, as_of).groupBy("unit_id"))
        .applyInPandas(warning_of_unit, WARNING)
    )
    day = F.col("reading_date")
    health = (
        equipment_health.where((day > F.lit(first_day(as_of))) & (day <= F.lit(as_of.date())))
        .groupBy("unit_id")
        .agg(
            *(F.max_by(name, day).alias(name) for name in (*UNIT, "maintenance_status")),
            F.max_by("health_score", F.when(F.col("health_score").isNotNull(), day)).alias("health_score"),
        )
    )
    most_urgent = Window.orderBy(
        F.array_position(F.array(*map(F.lit, ORDER)), F.col("sign")),
        F.asc_nulls_last("hours_to_critical"),
        F.desc_nulls_last("share_of_way"),
        "unit_id",
    )
    return (
        found.join(F.broadcast(health), on="unit_id", how="inner")
        .withColumn("urgency", F.row_number().over(most_urgent))
        .select("unit_id", *UNIT, "urgency", *NAMES[1:], "health_score", "maintenance_status")
    )


def first_day(as_of: datetime) -> date:
    """The day before the fortnight begins."""
    return (as_of - timedelta(days=DAYS)).date()


def days_of_sensors(sensor_days: DataFrame, sensors: DataFrame, as_of: datetime) -> DataFrame:
    """The fortnight of the sensors in service, their limits, and `newest`, the quarter of a day that it ends in."""
    day = F.col("reading_date")
    in_service = (
        sensors.transform(only_at, as_of)
        .where("is_active")
        .select("sensor_id", *(F.col(name).cast("double").alias(name) for name in LIMITS))
    )
    return (
        sensor_days.where((day > F.lit(first_day(as_of))) & (day <= F.lit(as_of.date())))
        .join(F.broadcast(in_service), on="sensor_id", how="inner")
        .select(
            *("unit_id", "sensor_id", "sensor_type", "measurement_unit", "quarter_levels", *LIMITS),
            F.datediff(F.lit(as_of.date()), day).alias("days_ago"),
            F.lit(as_of.hour // QUARTER_HOURS).alias("newest"),
        )
    )


def hours_of_units(production_output: DataFrame, unit_stands: DataFrame, as_of: datetime) -> DataFrame:
    """The fortnight of each unit: what it charged, and how long and why it stood."""
    hour = F.col("production_hour")
    ago = (F.unix_seconds(instant(as_of)) - F.unix_seconds(hour)) / 3600
    stands = unit_stands.where("state = 'STANDS'").select(
        "unit_id", "production_hour", F.lit(True).alias("stands")
    )
    return (
        production_output.where(
            (F.col("production_date") > F.lit(first_day(as_of))) & (hour <= instant(as_of))
        )
        .join(F.broadcast(stands), on=["unit_id", "production_hour"], how="left")
        .select(
            *("unit_id", "production_hour", "downtime_minutes", "downtime_cause"),
            F.col("input_volume_barrels").cast("double").alias("charge"),
            F.coalesce("stands", F.lit(False)).alias("stands"),
            ago.alias("hours_ago"),
        )
    )


def warning_of_unit(days: pd.DataFrame, hours: pd.DataFrame) -> pd.DataFrame:
    if days.empty:
        return pd.DataFrame(columns=NAMES)
    hours = hours.sort_values("hours_ago").reset_index(drop=True)  # the newest first
    found = {"unit_id": days["unit_id"].iloc[0], **of_stands(hours)}
    if "sign" not in found:
        known_hours = found.pop("known_hours", np.inf)
        found |= warning_of(sensors_of(days, known_hours, quarterly_loads(hours)), load_of(hours))
        if found["sign"] == "RESTARTED" and known_hours > DAYS * 24:
            found["sign"] = "NEW LOAD"
    return pd.DataFrame([{name: found.get(name) for name in NAMES}], dtype=object)


def of_stands(hours: pd.DataFrame) -> dict[str, object]:
    """Since when and why it stands, if it does; else for how many hours its levels are known, if it was overhauled."""
    runs = np.flatnonzero(~hours["stands"].to_numpy(bool))
    standing = int(runs[0]) if len(runs) else len(hours)
    if standing:
        since, why = hours["production_hour"].iloc[standing - 1], hours["downtime_cause"].iloc[:standing]
        return {"sign": "STANDS", "stands_since": since, "downtime_cause": next(iter(why.dropna()), None)}
    whole = (hours["downtime_minutes"] >= 60).to_numpy()
    edges = np.flatnonzero(np.r_[True, ~whole, True])
    overhauls = np.flatnonzero(np.diff(edges) > OVERHAUL_HOURS)
    if not len(overhauls):
        return {}
    last = hours.iloc[edges[overhauls[0]]]
    return {"known_hours": last["hours_ago"] - 1 - HEATING_HOURS, "downtime_cause": last["downtime_cause"]}


def load_of(hours: pd.DataFrame) -> float:
    """What the unit charges now, over what it usually does."""
    runs = hours[(hours["downtime_minutes"] == 0) & ~hours["stands"]]
    now = runs.loc[runs["hours_ago"] <= NOW_HOURS, "charge"].mean()
    usual = runs.loc[runs["hours_ago"] > USUAL_HOURS, "charge"].mean()
    return float(now / usual) if now > 0 and usual > 0 else 1.0


def quarterly_loads(hours: pd.DataFrame) -> np.ndarray:
    """What the unit charged in each quarter of a day while it ran, over what it charged in the newest ones."""
    loads = np.full(DAYS * QUARTERS_A_DAY, np.nan)
    runs = hours[(hours["downtime_minutes"] == 0) & ~hours["stands"]]
    if runs.empty:
        return loads
    quarter = (runs["production_hour"] - pd.Timestamp(0, tz=runs["production_hour"].dt.tz)) // pd.Timedelta(
        hours=QUARTER_HOURS
    )
    now = runs["production_hour"].iloc[0] + pd.Timedelta(hours=float(runs["hours_ago"].iloc[0]))
    newest = (now - pd.Timestamp(0, tz=now.tz)) // pd.Timedelta(hours=QUARTER_HOURS)
    charges = runs["charge"].groupby(quarter).mean()
    place = len(loads) - 1 - (newest - charges.index.to_numpy())
    loads[place[place >= 0]] = charges.to_numpy()[place >= 0]
    known = loads[~np.isnan(loads)]
    return loads / np.median(known[-QUARTERS_A_DAY:]) if len(known) else loads


def sensors_of(days: pd.DataFrame, known_hours: float, loads: np.ndarray) -> Sensors:
    """The levels of the last fortnight, as far as they tell of the unit as it is now."""
    newest = int(days["newest"].iloc[0])
    first = days.groupby("sensor_id", sort=True).last()
    levels = np.full((len(first), (DAYS + 1) * QUARTERS_A_DAY), np.nan)
    rows = np.searchsorted(first.index, days["sensor_id"])
    columns = (DAYS - days["days_ago"].to_numpy()) * QUARTERS_A_DAY
    told = np.array(days["quarter_levels"].tolist(), dtype=float)
    for quarter in range(QUARTERS_A_DAY):
        levels[rows, columns + quarter] = told[:, quarter]
    levels = levels[:, : DAYS * QUARTERS_A_DAY + newest + 1][:, -DAYS * QUARTERS_A_DAY :]
    if np.isfinite(known_hours):
        levels[:, : max(0, levels.shape[1] - int(known_hours // QUARTER_HOURS))] = np.nan
    levels[:, np.abs(loads - 1) > SAME_LOAD] = np.nan
    return Sensors(
        ids=first.index.to_numpy(str),
        kinds=first["sensor_type"].to_numpy(str),
        units=first["measurement_unit"].to_numpy(str),
        levels=levels,
        limits={name: first[name].to_numpy(float) for name in LIMITS},
    )
