"""The cheapest blend of the crudes in stock for each refinery's next day, or why there is none.

Nobody measures what lies in a tank grade by grade: the last deliveries that fill it up to its level are taken
to be there. What a refinery can digest is not in the data either: a more complex one takes heavier and sourer
crude, by the two lines below. The saving is against drawing all stocks alike, which may break the limits:
below nothing it says what keeping them costs.
"""

from datetime import datetime

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from domains.refinery.blending import Crudes, Limits, cheapest_blend
from domains.refinery.gold.days_of_supply import tank_stocks
from headrace.tables import Table, Whole, instant, only_at

TABLE = Table(
    key=("refinery_id", "crude_type_id"),
    write=Whole(),
    description="Barrels of each crude in the cheapest blend of a refinery's next day, with cost and saving.",
)

API_MIN, API_MIN_PER_COMPLEXITY, API_RANGE = 40.0, -1.0, 15.0
SULFUR_MAX, SULFUR_MAX_PER_COMPLEXITY = -0.5, 0.2
BLEND = """refinery_id string, refinery_name string, status string, reason string, crude_type_id string,
    crude_name string, available_barrels double, blend_barrels double, blend_share double,
    price_per_barrel double, api_gravity double, sulfur_pct double, charge_barrels double,
    blend_api_gravity double, blend_sulfur_pct double, blend_cost_per_barrel double,
    stock_cost_per_barrel double, saving_per_day double, binding_limits string,
    api_min double, api_max double, sulfur_max_pct double"""


def crude_blend(
    tank_days: DataFrame,
    storage_tanks: DataFrame,
    crude_shipments: DataFrame,
    processing_units: DataFrame,
    refineries: DataFrame,
    as_of: datetime,
) -> DataFrame:
    stocks = tank_stocks(tank_days, storage_tanks, as_of).where("product_type = 'Crude Oil'")
    in_tanks = crudes_in_tanks(stocks, crude_shipments, as_of)
    limits = limits_of_refineries(processing_units, refineries, as_of)
    return (
        limits.join(in_tanks, on="refinery_id", how="left")
        .groupBy("refinery_id")
        .applyInPandas(blend_of_refinery, BLEND)
    )


def crudes_in_tanks(stocks: DataFrame, crude_shipments: DataFrame, as_of: datetime) -> DataFrame:
    """Per refinery and crude: the barrels that can be drawn, their price and their quality."""
    newest = Window.partitionBy("tank_id").orderBy(F.desc("arrival_date"), F.desc("shipment_id"))
    arrived = crude_shipments.where("status = 'DELIVERED'").where(F.col("updated_at") <= instant(as_of))
    above = F.sum("_parcel").over(newest) - F.col("_parcel")
    still_there = F.least(F.col("_parcel"), F.col("volume_barrels") - above)
    layers = (
        arrived.select(
            F.col("destination_tank_id").alias("tank_id"),
            *("shipment_id", "arrival_date", "crude_type_id", "crude_name"),
            *("price_per_barrel", "api_gravity_actual", "sulfur_content_actual"),
            F.col("volume_barrels").alias("_parcel"),
        )
        .join(F.broadcast(stocks.drop("crude_type_id")), on="tank_id", how="inner")
        .select("*", still_there.alias("_left"))
        .where("_left > 0")
        .select("*", (F.col("_left") * F.col("usable_barrels") / F.col("volume_barrels")).alias("_usable"))
    )
    usable = F.sum("_usable")
    return layers.groupBy("refinery_id", "crude_type_id", "crude_name").agg(
        usable.alias("available_barrels"),
        mean_of("price_per_barrel").alias("price_per_barrel"),
        mean_of("api_gravity_actual").alias("api_gravity"),
        mean_of("sulfur_content_actual").alias("sulfur_pct"),
    )


def mean_of(name: str) -> Column:
    known = F.when(F.col(name).isNotNull(), F.col("_usable"))
    return F.try_divide(F.sum(F.col(name) * known), F.sum(known))


def limits_of_refineries(processing_units: DataFrame, refineries: DataFrame, as_of: datetime) -> DataFrame:
    complexity = F.col("complexity_index")
    charge = (
        processing_units.transform(only_at, as_of)
        .where("is_active AND unit_subtype = 'Atmospheric'")
        .groupBy("refinery_id")
        .agg(F.sum("capacity_bpd").cast("double").alias("charge_barrels"))
    )
    api_min = API_MIN + API_MIN_PER_COMPLEXITY * complexity
    return refineries.join(F.broadcast(charge), on="refinery_id", how="inner").select(
        *("refinery_id", "refinery_name", "charge_barrels"),
        api_min.alias("api_min"),
        (api_min + API_RANGE).alias("api_max"),
        (SULFUR_MAX + SULFUR_MAX_PER_COMPLEXITY * complexity).alias("sulfur_max_pct"),
    )


def blend_of_refinery(stock: pd.DataFrame) -> pd.DataFrame:
    names = [part.split()[0] for part in BLEND.split(",")]
    refinery = stock.iloc[0]
    known = stock.dropna(subset=["available_barrels", "price_per_barrel", "api_gravity", "sulfur_pct"])
    known = known.sort_values("crude_type_id")
    crudes = Crudes(
        *(
            known[name].to_numpy(float)
            for name in ("available_barrels", "price_per_barrel", "api_gravity", "sulfur_pct")
        )
    )
    limits = Limits(
        *(float(refinery[name]) for name in ("charge_barrels", "api_min", "api_max", "sulfur_max_pct"))
    )
    blend = cheapest_blend(crudes, limits)
    if blend.why_not:
        said = {"status": "INFEASIBLE", "reason": blend.why_not, "crude_type_id": "none"}
        kept = ("refinery_id", "refinery_name", "charge_barrels", "api_min", "api_max", "sulfur_max_pct")
        return pd.DataFrame(
            [{**{name: refinery[name] for name in kept}, **said}], columns=names, dtype=object
        )
    part = blend.barrels / blend.barrels.sum()
    by_weight = part * crudes.gravity
    cost, stock_cost = part @ crudes.price, np.average(crudes.price, weights=crudes.barrels)
    return known.assign(
        status="OPTIMAL",
        reason=None,
        blend_barrels=blend.barrels,
        blend_share=part,
        blend_api_gravity=141.5 / by_weight.sum() - 131.5,
        blend_sulfur_pct=by_weight @ crudes.sulfur_pct / by_weight.sum(),
        blend_cost_per_barrel=cost,
        stock_cost_per_barrel=stock_cost,
        saving_per_day=(stock_cost - cost) * limits.charge,
        binding_limits=", ".join(blend.binding) or "none",
    ).reindex(columns=names)
