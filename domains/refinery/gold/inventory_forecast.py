"""Each tank's level for the next fortnight, with the day on which it is expected to leave its limits.

A plain, robust method: the median slope between any two days of the last four weeks (a product tank fills
every day and is emptied once a week, so the median change of a day would only ever fill it), what is left of
it on each weekday once two weeks are known, and a band of nine in ten from how far changes usually stray. A
level that is kept within limits does not stray like a drunkard: its band never outgrows its own past. From
fewer than five changes nobody can tell how far they stray: there is no band then.
"""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Whole, instant, only_at

TABLE = Table(
    key=("tank_id", "forecast_date"),
    write=Whole(),
    description="Expected level of each tank on each of the next 14 days, with a 90 % band.",
)

DAYS_AHEAD, DAYS_BACK = 14, 28
BAND = 1.645  # nine in ten, if changes are near normal
LEAST_CHANGES = 5
SHRINK = 2  # a weekday seen n times keeps n / (n + SHRINK) of its own effect
FORECAST = """tank_id string, refinery_id string, product_type string, forecast_date date, days_ahead int,
    expected_barrels double, low_barrels double, high_barrels double, min_barrels double, max_barrels double,
    reaches_min_on date, reaches_max_on date"""


def inventory_forecast(tank_days: DataFrame, storage_tanks: DataFrame, as_of: datetime) -> DataFrame:
    first_day = (as_of - timedelta(days=DAYS_BACK)).date()
    capacity = F.col("capacity_barrels")
    tanks = (
        storage_tanks.transform(only_at, as_of)
        .where("is_active")
        .select(
            *("tank_id", "refinery_id", "product_type", capacity.cast("double").alias("capacity_barrels")),
            (F.col("min_operating_level") * capacity).alias("min_barrels"),
            (F.col("max_operating_level") * capacity).alias("max_barrels"),
        )
    )
    return (
        tank_days.where(F.col("measurement_date") >= F.lit(first_day))
        .where(F.col("closed_at") <= instant(as_of))
        .select("tank_id", "measurement_date", F.col("closing_barrels").cast("double"))
        .join(F.broadcast(tanks), on="tank_id", how="inner")
        .groupBy("tank_id")
        .applyInPandas(forecast_of_tank, FORECAST)
    )


def forecast_of_tank(days: pd.DataFrame) -> pd.DataFrame:
    days = days.sort_values("measurement_date")
    tank, last_day = days.iloc[-1], pd.Timestamp(days["measurement_date"].iloc[-1])
    ahead = [last_day + timedelta(days=step) for step in range(1, DAYS_AHEAD + 1)]
    drift, weekday_effect, stray = daily_changes(days)
    steps = np.array([drift + weekday_effect[day.weekday()] for day in ahead])
    root = np.sqrt(np.arange(1, DAYS_AHEAD + 1))
    strayed = np.minimum(stray * root, 2 * days["closing_barrels"].std(ddof=0))
    expected = tank["closing_barrels"] + np.cumsum(steps)

    def within(barrels: np.ndarray) -> np.ndarray:
        return np.clip(barrels, 0, tank["capacity_barrels"])

    return pd.DataFrame(
        {
            **{name: tank[name] for name in ("tank_id", "refinery_id", "product_type")},
            "forecast_date": [day.date() for day in ahead],
            "days_ahead": range(1, DAYS_AHEAD + 1),
            "expected_barrels": within(expected),
            "low_barrels": within(expected - BAND * strayed),
            "high_barrels": within(expected + BAND * strayed),
            **{name: tank[name] for name in ("min_barrels", "max_barrels")},
            "reaches_min_on": first_where(ahead, expected < tank["min_barrels"]),
            "reaches_max_on": first_where(ahead, expected > tank["max_barrels"]),
        }
    )


def daily_changes(days: pd.DataFrame) -> tuple[float, np.ndarray, float]:
    """The slope of a day, the effect of each weekday, and how far changes stray from both."""
    from scipy.stats import theilslopes  # here: every command reads this module, and few forecast

    effect = np.zeros(7)
    if len(days) < 2:
        return 0.0, effect, float("nan")
    dates, levels = pd.to_datetime(days["measurement_date"]), days["closing_barrels"]
    drift = float(theilslopes(levels, (dates - dates.iloc[0]).dt.days).slope)
    follows = dates.diff() == timedelta(days=1)
    changes, weekdays = levels.diff()[follows] - drift, dates[follows].dt.day_of_week
    if len(changes) >= 14:
        by_weekday = changes.groupby(weekdays)
        shrunk = by_weekday.median() * by_weekday.size() / (by_weekday.size() + SHRINK)
        effect[shrunk.index] = shrunk - shrunk.mean()
    left = changes.to_numpy() - effect[weekdays]
    return drift, effect, float(np.std(left)) if len(left) >= LEAST_CHANGES else float("nan")


def first_where(days: list[pd.Timestamp], is_so: np.ndarray) -> date | None:
    return days[int(np.argmax(is_so))].date() if is_so.any() else None
