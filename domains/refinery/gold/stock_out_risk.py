"""Crude shipments under way that are late, beside whether their refinery runs short before and without them.

A refinery lives on all its parcels, so its stock is followed hour by hour: the level, plus all that is under way, less
the charge that its crude units are planned for (without a plan, the usual draw). When a parcel comes is drawn many
times from how late its supplier's have come (`crude_arrivals`), so the answer is a chance. It looks a week ahead, or as
far as shipments are scheduled by then.

Late is what is marked DELAYED, what has missed its day, and what is expected later than it was agreed. A shipment
whose row of delivery was set aside for one bad field has arrived all the same: bronze says so. One that is later than
any ever was is no certainty either way: of it nothing is expected, and its risk is UNKNOWN.
"""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.crude_arrivals import (
    Parcels,
    as_known_at,
    cumulated,
    drawn_arrivals,
    lateness,
    stock_paths,
)
from domains.refinery.measures import for_spark
from headrace.tables import Table, Whole, instant

TABLE = Table(
    key="shipment_id",
    write=Whole(),
    description="Late shipments under way against the stock of their refinery, hour by hour.",
    may_be_empty=True,
)

HOURS = 7 * 24
HIGH, MEDIUM = 0.2, 0.05  # chance that the refinery runs short
USUALLY_SCHEDULED = 0.05  # so few shipments are scheduled later before they are due
SHIPMENT = ("shipment_id", "refinery_id", "refinery_name", "crude_name", "supplier_id", "transport_mode")
DATES = ("expected_arrival_date", "arrival_date", "volume_barrels", "destination_tank_id")
RISK = """shipment_id string, refinery_id string, refinery_name string, crude_name string, supplier_id string,
    transport_mode string, expected_arrival_date date, arrival_date date, volume_barrels long,
    destination_tank_id string, status string, days_late int, days_until_arrival int, days_of_supply double,
    tank_days_of_supply double, days_it_would_last double, stock_out_probability double,
    stock_out_probability_without_it double, lowest_stock_barrels double, hours_to_lowest_stock int,
    hours_to_stock_out double, hours_looked_ahead int, risk string, unknown_because string"""
NAMES = [part.split()[0] for part in RISK.split(",")]


def stock_out_risk(
    crude_shipments: DataFrame,
    bronze_crude_shipments: DataFrame,
    days_of_supply: DataFrame,
    production_plans: DataFrame,
    as_of: datetime,
) -> DataFrame:
    sent = as_known_at(crude_shipments, bronze_crude_shipments, as_of)
    known_days = F.datediff("expected_arrival_date", "created_at")
    scheduled = sent.groupBy("refinery_id").agg(
        F.percentile_approx(known_days, USUALLY_SCHEDULED).alias("known_days")
    )
    of_tank = days_of_supply.where("level = 'TANK'").select(
        F.col("tank_id").alias("destination_tank_id"), F.col("days_of_supply").alias("tank_days_of_supply")
    )
    of_refinery = days_of_supply.where("level = 'REFINERY' AND product_type = 'Crude Oil'").select(
        "refinery_id", "days_of_supply", "daily_draw_barrels", "usable_barrels"
    )
    planned = planned_draws(production_plans, as_of)
    soon = F.col("expected_arrival_date") <= F.lit((as_of + timedelta(hours=HOURS)).date())
    hours_gone = F.lit(as_of.hour + as_of.minute / 60 + as_of.second / 3600)
    return (
        sent.where((F.col("status") != "DELIVERED") & (soon | is_late(as_of)))
        .join(F.broadcast(lateness(sent)), on="supplier_id", how="left")
        .join(F.broadcast(of_tank), on="destination_tank_id", how="left")
        .join(F.broadcast(of_refinery), on="refinery_id", how="left")
        .join(F.broadcast(scheduled), on="refinery_id", how="left")
        .join(F.broadcast(planned), on="refinery_id", how="left")
        .select(
            *(*SHIPMENT, *DATES, "status", "days_of_supply", "tank_days_of_supply", "late_weights"),
            *("usable_barrels", "known_days"),
            F.coalesce("_planned", "daily_draw_barrels").alias("daily_draw_barrels"),
            is_late(as_of).alias("is_late"),
            F.to_date(instant(as_of)).alias("today"),
            hours_gone.alias("hours_gone"),
        )
        .groupBy("refinery_id")
        .applyInPandas(risks_of_refinery, RISK)
    )


def planned_draws(production_plans: DataFrame, as_of: datetime) -> DataFrame:
    """Per refinery what its crude units are to charge on a day of the hours looked ahead, as planned by now."""
    day, known = F.col("plan_date"), F.col("published_at") <= instant(as_of)
    ahead = day.between(F.lit(as_of.date()), F.lit((as_of + timedelta(hours=HOURS - 1)).date()))
    return (
        production_plans.where(known & ahead & F.col("is_crude_unit"))
        .groupBy("refinery_id", "unit_id")
        .agg(F.avg("planned_charge_barrels").alias("_of_unit"))
        .groupBy("refinery_id")
        .agg(F.sum("_of_unit").alias("_planned"))
    )


def is_late(as_of: datetime) -> Column:
    due, arrives = F.col("expected_arrival_date"), F.col("arrival_date")
    said = (F.col("status") == "DELAYED") | (due < F.to_date(instant(as_of))) | (arrives > due)
    return F.coalesce(said, F.lit(False))


def risks_of_refinery(under_way: pd.DataFrame) -> pd.DataFrame:
    under_way = under_way.sort_values("shipment_id").reset_index(drop=True)
    refinery = under_way.iloc[0]
    today, gone = pd.Timestamp(refinery["today"]), float(refinery["hours_gone"])
    due, arrives = (days_from(today, under_way[name]) for name in ("expected_arrival_date", "arrival_date"))
    is_delayed = (under_way["status"] == "DELAYED").to_numpy()
    parcels = Parcels(
        barrels=under_way["volume_barrels"].to_numpy(float),
        due=due,
        estimate=np.where(is_delayed, arrives, np.nan),
        late_weights=np.vstack(under_way["late_weights"].to_numpy()),
    )
    come_by = cumulated(parcels.chances(gone))
    is_expected = ~np.isnan(come_by[:, -1])
    arrives = np.where(np.isnan(arrives), due, arrives)
    expected = np.maximum(arrives, 0)
    found = under_way.assign(
        days_late=pd.array(np.where(is_expected, expected - due, np.nan), dtype="Int32"),
        days_until_arrival=pd.array(np.where(is_expected, expected, np.nan), dtype="Int32"),
        days_it_would_last=under_way["volume_barrels"] / under_way["daily_draw_barrels"].replace(0, np.nan),
        risk="UNKNOWN",
        unknown_because=np.where(is_expected, None, "nothing was heard of it, and none was ever so late"),
    )
    late = np.flatnonzero(under_way["is_late"])
    draw, stock = float(refinery["daily_draw_barrels"]), float(refinery["usable_barrels"])
    if not draw > 0 or np.isnan(stock):
        found["unknown_because"] = "the stock of the refinery or its draw is not known"
        return for_spark(found.iloc[late].reindex(columns=NAMES))
    hours = int(min(HOURS, max(1, refinery["known_days"]) * 24))
    arrivals = drawn_arrivals(list(under_way["shipment_id"]), come_by, gone)
    paths = stock_paths(stock, draw / 24, parcels.barrels, arrivals, hours)
    is_short = paths < 0
    runs_out = is_short.any(axis=1)
    chance, typical = runs_out.mean(), np.median(paths, axis=0)
    found = found.assign(
        stock_out_probability=chance,
        lowest_stock_barrels=typical.min(),
        hours_to_lowest_stock=int(np.argmin(typical)) + 1,
        hours_to_stock_out=np.median(np.argmax(is_short[runs_out], axis=1) + 1.0)
        if runs_out.any()
        else np.nan,
        hours_looked_ahead=hours,
    )
    for place in late:
        without = paths - parcels.barrels[place] * (np.arange(hours) >= np.floor(arrivals[place])[:, None])
        chance_without = float((without < 0).any(axis=1).mean())
        found.loc[place, "stock_out_probability_without_it"] = chance_without
        if is_expected[place]:
            found.loc[place, "risk"] = risk(chance, chance_without)
    return for_spark(found.iloc[late].reindex(columns=NAMES))


def risk(chance: float, chance_without: float) -> str:
    if chance >= HIGH:
        return "HIGH"
    return "MEDIUM" if chance >= MEDIUM or chance_without >= HIGH else "LOW"


def days_from(today: pd.Timestamp, dates: pd.Series) -> np.ndarray:
    return (pd.to_datetime(dates) - today).dt.days.to_numpy(float)
