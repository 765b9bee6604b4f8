"""Each tank's level for the next fortnight, with the day on which it is expected to leave its limits.

A crude tank: its level, what is on its way to it, less what is drawn (`crude_levels`). A product tank: where it is in
its cycle of filling and lifting (`lifting_cycles`). Both are shrunk to the tank's mean as they deserve: for each kind
and number of days ahead, what was guessed on days past is held against what came (`level_forecasts`). The band, which
holds four in five, comes from the same. A tank that is known for less than four days has none.
"""

from datetime import datetime, timedelta
from functools import partial

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from domains.refinery.crude_arrivals import as_known_at, lateness
from domains.refinery.crude_levels import Deliveries
from domains.refinery.gold.days_of_supply import CRUDE
from domains.refinery.level_forecasts import DAYS_AHEAD, Promise, fitted, guesses_of
from domains.refinery.lifting_cycles import levels_ahead
from headrace.tables import Table, Whole, instant, only_at

TABLE = Table(
    key=("tank_id", "forecast_date"),
    write=Whole(),
    description="Expected level of each tank on each of the next 14 days, with an 80 % band.",
)

DAYS_BACK = 42
GUESSES = """tank_id string, is_crude boolean, last_day date, days_ago double, days_ahead long, now double, mean double,
    deviation double, promise double, came double"""
FORECAST = """tank_id string, forecast_date date, days_ahead int, expected double, low double, high double"""


def inventory_forecast(
    tank_inventory: DataFrame,
    storage_tanks: DataFrame,
    crude_shipments: DataFrame,
    bronze_crude_shipments: DataFrame,
    as_of: datetime,
) -> DataFrame:
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
    shipments = as_known_at(crude_shipments, bronze_crude_shipments, as_of)
    expected = (
        hourly_levels(tank_inventory, tanks, as_of)
        .groupBy("tank_id")
        .cogroup(deliveries_of_tanks(shipments, as_of).groupBy("tank_id"))
        .applyInPandas(guesses_of_tank, GUESSES)
        .groupBy("is_crude", "days_ahead")
        .applyInPandas(forecast_of_kind, FORECAST)
    )
    of_tank = Window.partitionBy("tank_id")
    day, level = F.col("forecast_date"), F.col("expected_barrels")
    return (
        expected.join(F.broadcast(tanks), on="tank_id", how="inner")
        .select(
            *("tank_id", "refinery_id", "product_type", "forecast_date", "days_ahead"),
            *(
                F.when(
                    F.col(name).isNotNull(), F.greatest(F.lit(0.0), F.least(F.col(name), F.lit(1.0)))
                ).alias(f"{name}_barrels")
                for name in ("expected", "low", "high")
            ),
            *("min_barrels", "max_barrels", "capacity_barrels"),
        )
        .withColumns(
            {
                f"{name}_barrels": F.col(f"{name}_barrels") * F.col("capacity_barrels")
                for name in ("expected", "low", "high")
            }
        )
        .drop("capacity_barrels")
        .withColumns(
            {
                "reaches_min_on": F.min(F.when(level < F.col("min_barrels"), day)).over(of_tank),
                "reaches_max_on": F.min(F.when(level > F.col("max_barrels"), day)).over(of_tank),
            }
        )
    )


def hourly_levels(tank_inventory: DataFrame, tanks: DataFrame, as_of: datetime) -> DataFrame:
    """The last level of each hour, as a part of the capacity; `at` is in hours after the day of the run began."""
    measured = F.col("measurement_timestamp")
    since = (F.unix_seconds(measured) - F.unix_seconds(F.lit(as_of.date()).cast("timestamp"))) / 3600
    recent = F.col("measurement_date") >= F.lit((as_of - timedelta(days=DAYS_BACK)).date())
    return (
        tank_inventory.where(recent & (measured <= instant(as_of)))
        .groupBy("tank_id", F.floor(since).alias("hour"))
        .agg(F.max(since).alias("at"), F.max_by("volume_barrels", measured).cast("double").alias("barrels"))
        .join(F.broadcast(tanks), on="tank_id", how="inner")
        .select(
            *(
                "tank_id",
                "at",
                "capacity_barrels",
                (F.col("barrels") / F.col("capacity_barrels")).alias("level"),
            ),
            (F.col("product_type") == CRUDE).alias("is_crude"),
            F.lit(as_of.date()).alias("day_of_run"),
        )
    )


def deliveries_of_tanks(shipments: DataFrame, as_of: datetime) -> DataFrame:
    """What came since before the levels begin, and what is under way; times are days after that of the run."""

    def days_after(name: str) -> Column:
        return F.datediff(name, F.lit(as_of.date())).cast("double")

    has_come = F.col("status") == "DELIVERED"
    is_recent = F.col("arrival_date") >= F.lit((as_of - timedelta(days=DAYS_BACK + DAYS_AHEAD)).date())
    return (
        shipments.where(~has_come | is_recent)
        .join(F.broadcast(lateness(shipments)), on="supplier_id", how="left")
        .select(
            F.col("destination_tank_id").alias("tank_id"),
            *("shipment_id", F.col("volume_barrels").cast("double").alias("barrels"), "late_weights"),
            days_after("created_at").alias("scheduled"),
            days_after("expected_arrival_date").alias("due"),
            F.when(F.col("status") == "DELAYED", days_after("arrival_date")).alias("estimate"),
            F.when(has_come, days_after("arrival_date")).alias("arrived"),
        )
    )


def guesses_of_tank(levels: pd.DataFrame, parcels: pd.DataFrame) -> pd.DataFrame:
    if levels.empty:
        return pd.DataFrame(columns=[part.split()[0] for part in GUESSES.split(",")])
    levels = levels.sort_values("at")
    tank, at = levels.iloc[-1], levels["at"].to_numpy(float)
    last_day, gone = divmod(at[-1], 24.0)
    promise: Promise = of_cycle
    if tank["is_crude"]:
        coming = deliveries_of(parcels.sort_values("shipment_id"), tank["capacity_barrels"], last_day)
        promise = partial(coming.levels_ahead, hours_gone=gone)
    found = guesses_of(at - at[-1], levels["level"].to_numpy(float), 24.0 - gone, promise)
    return pd.DataFrame(found).assign(
        tank_id=tank["tank_id"],
        is_crude=tank["is_crude"],
        last_day=tank["day_of_run"] + timedelta(days=int(last_day)),
    )


def of_cycle(
    hours: np.ndarray,
    levels: np.ndarray,
    ahead: np.ndarray,
    days_ago: int,  # noqa: ARG001 - cycles have no dates
) -> np.ndarray:
    return levels_ahead(hours, levels, ahead)


def deliveries_of(parcels: pd.DataFrame, capacity: float, last_day: float) -> Deliveries:
    """In parts of the tank's capacity, and in days after its last level."""
    return Deliveries(
        parcels["barrels"].to_numpy(float) / capacity,
        *(parcels[name].to_numpy(float) - last_day for name in ("scheduled", "due", "estimate", "arrived")),
        late_weights=np.vstack(parcels["late_weights"].to_numpy()) if len(parcels) else np.zeros((0, 1)),
    )


def beforehand(is_crude: bool, days: int) -> tuple[float, float]:
    """What of a promise comes true, and how far levels return to their mean, so many days ahead: about what was fitted
    to worlds with the seeds 11 to 13. The promise for a crude tank wears off: draws of a fortnight are no plan."""
    if is_crude:
        return 0.45 * float(np.exp(-days / 10)), 1 - 0.75 * float(np.exp(-days / 4.5))
    return 0.6, 0.4 * (1 - float(np.exp(-days / 3)))


def forecast_of_kind(guesses: pd.DataFrame) -> pd.DataFrame:
    """Of all tanks of a kind, for one number of days ahead."""
    guesses = guesses.sort_values(["tank_id", "days_ago"])
    columns = {
        name: guesses[name].to_numpy(float) for name in ("now", "mean", "deviation", "promise", "came")
    }
    ahead = int(guesses["days_ahead"].iloc[0])
    shrunk = fitted(columns, beforehand(bool(guesses["is_crude"].iloc[0]), ahead))
    expected, strays = shrunk.expected(columns), shrunk.strays * columns["deviation"]
    found = guesses.assign(expected=expected, low=expected - strays, high=expected + strays, days_ahead=ahead)
    now = found[found["days_ago"] == 0]
    dates = [day + timedelta(days=ahead) for day in now["last_day"]]
    return now.assign(forecast_date=dates)[[part.split()[0] for part in FORECAST.split(",")]]
