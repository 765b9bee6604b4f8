"""When crude that is under way arrives: by how late shipments of its supplier have come, and that it has not come yet.

Times are hours after the instant of the run. Dates have no hour, so a parcel comes at any hour of its day alike.
"""

from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import instant

Array = np.ndarray

LATEST_DAYS = 21  # what is later still counts as that
AS_IF_SEEN = 20  # deliveries of the whole network that speak for a supplier beside its own
DRAWS = 400


def as_known_at(crude_shipments: DataFrame, bronze_crude_shipments: DataFrame, as_of: datetime) -> DataFrame:
    """Shipments as they stood at an instant. A row keeps its latest news only, so one with later news is as it was
    scheduled. One that bronze says was delivered has come, also where that row was set aside for another field."""
    is_news = F.col("updated_at") > instant(as_of)
    known = {
        "status": F.lit("IN_TRANSIT"),
        "arrival_date": F.col("expected_arrival_date"),
        "updated_at": F.col("created_at"),
    }
    told = F.coalesce("updated_at", "_sent_at")
    delivered = (
        bronze_crude_shipments.where((F.col("status") == "DELIVERED") & (told <= instant(as_of)))
        .select("shipment_id", F.lit("DELIVERED").alias("_has_come"))
        .distinct()
    )
    return (
        crude_shipments.where(~is_news | (F.col("created_at") <= instant(as_of)))
        .withColumns({name: F.when(is_news, before).otherwise(F.col(name)) for name, before in known.items()})
        .join(delivered, on="shipment_id", how="left")
        .withColumn("status", F.coalesce("_has_come", "status"))
        .drop("_has_come")
    )


def lateness(crude_shipments: DataFrame) -> DataFrame:
    """Per supplier `late_weights`: its deliveries that were 0, 1, … days late, and a share of the network's."""
    late = F.least(F.greatest("days_delayed", F.lit(0)), F.lit(LATEST_DAYS))
    days = range(LATEST_DAYS + 1)
    counts = [F.count_if(late == day).cast("double").alias(f"_{day}") for day in days]
    known = crude_shipments.where("status = 'DELIVERED'")
    suppliers = crude_shipments.select("supplier_id").distinct()
    everywhere = known.agg(F.count("*").alias("_all"), *(count for count in counts)).select(
        *((F.col(f"_{day}") / F.nullif("_all", F.lit(0)) * AS_IF_SEEN).alias(f"_usual_{day}") for day in days)
    )
    weights = [
        F.coalesce(f"_{day}", F.lit(0.0)) + F.coalesce(f"_usual_{day}", F.lit(float(day == 0)))
        for day in days
    ]
    return (
        suppliers.join(known.groupBy("supplier_id").agg(*counts), on="supplier_id", how="left")
        .crossJoin(F.broadcast(everywhere))
        .select("supplier_id", F.array(*weights).alias("late_weights"))
    )


@dataclass(frozen=True)
class Parcels:
    """What is under way: one entry a parcel. `due` and `estimate` are days after that of the run; an estimate is what
    its carrier said once it was late, NaN where nothing was said."""

    barrels: Array
    due: Array
    estimate: Array
    late_weights: Array

    def chances(self, hours_gone: float) -> Array:
        """Per parcel the chance of each day from today on; none where all that is known of lateness is over.

        hours_gone: how much of the day of the run is over.
        """
        count, ahead = len(self.barrels), int(LATEST_DAYS + max(1, np.nanmax(self.due, initial=0)) + 1)
        chances = np.zeros((count, ahead))
        days = (self.due[:, None] + np.arange(LATEST_DAYS + 1)).astype(int)
        row, late = np.nonzero((days >= 0) & (days < ahead))
        chances[row, days[row, late]] = self.late_weights[row, late]
        told = np.flatnonzero(self.estimate >= 0)  # NaN is not
        chances[told] = 0
        chances[told, np.minimum(self.estimate[told].astype(int), ahead - 1)] = 1
        chances[:, 0] *= 1 - hours_gone / 24
        return chances


def cumulated(chances: Array) -> Array:
    """The chance to have come by the end of each day; NaN for a parcel of which nothing is to be expected."""
    total = chances.sum(axis=1, keepdims=True)
    return np.cumsum(chances, axis=1) / np.where(total > 0, total, np.nan)


def drawn_arrivals(ids: list[str], come_by: Array, hours_gone: float) -> Array:
    """Hours until each parcel comes, in each of many draws. A parcel's draws depend on its id alone, so that news of
    one changes nothing of the others."""
    hours = np.full((len(ids), DRAWS), np.nan)
    for place, name in enumerate(ids):
        if np.isnan(come_by[place, -1]):
            continue
        which, when = np.random.default_rng(crc32(name.encode())).random((2, DRAWS))
        day = np.searchsorted(come_by[place], which, side="right").clip(max=come_by.shape[1] - 1)
        begins = np.where(day == 0, hours_gone, 0.0)
        hours[place] = 24 * day + begins + when * (24 - begins) - hours_gone
    return hours


def stock_paths(stock: float, draw_an_hour: float, barrels: Array, arrivals: Array, hours: int) -> Array:
    """The stock at the end of each hour in each draw; below nothing it says how much is missing."""
    paths = np.zeros((DRAWS, hours))
    for volume, when in zip(barrels, arrivals, strict=True):
        comes = np.flatnonzero(when < hours)  # NaN never does
        np.add.at(paths, (comes, when[comes].astype(int)), volume)
    return stock + np.cumsum(paths, axis=1) - draw_an_hour * np.arange(1, hours + 1)
