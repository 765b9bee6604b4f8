"""What to draw from each crude tank for a refinery's next whole day, or why its charge cannot be had.

A tank holds a mixture and gives all of it alike, so the plan says barrels a tank, and what grades these are follows
(`crude_mixtures`). What is due before the day begins is in its tank by then, what is drawn until then is gone.

The charge is what the refinery's plan says, not its nameplate; without a plan, that of a usual day of the last week.
What it can digest is what it has digested: the lightest, heaviest and sourest day's charge of the last four weeks, and
a little, since an assay is no more exact. The best blend is the one whose products are worth most above what the crude
would cost today: yields
by gravity and sulphur (`yield_by_quality`) of what the refinery makes, products at the market's prices of the week, and
crude at its benchmark plus the differential.
"""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.blending import (
    Blend,
    Limits,
    Tanks,
    best_blend,
    mixed_api_gravity,
    mixed_sulfur_pct,
)
from domains.refinery.crude_arrivals import as_known_at
from domains.refinery.crude_mixtures import poured
from domains.refinery.gold.days_of_supply import CRUDE
from domains.refinery.measures import for_spark
from headrace.tables import Table, Whole, instant, only_at

TABLE = Table(
    key=("refinery_id", "tank_id", "crude_type_id"),
    write=Whole(),
    description="Barrels of each tank, and so of each crude, in the best plan for a refinery's next day.",
)

USUAL_DAYS, DIET_DAYS, PRICE_DAYS = 7, 28, 7
API_MARGIN, SULFUR_MARGIN = 0.5, 0.05  # °API, and of the sulphur: as exact as an assay is
LEAST_COVERAGE = 0.5  # of a day's unit-hours, to count as a day of the diet
BLEND = """refinery_id string, refinery_name string, charge_date date, status string, reason string,
    tank_id string, crude_type_id string, crude_name string,
    available_barrels double, tank_barrels double, share_of_tank double, blend_barrels double, blend_share double,
    price_per_barrel double, replacement_cost_per_barrel double, api_gravity double, sulfur_pct double,
    tank_api_gravity double, tank_sulfur_pct double, tank_value_per_barrel double, tank_cost_per_barrel double,
    tank_contents string, known_share double, charge_barrels double, blend_api_gravity double,
    blend_sulfur_pct double, blend_cost_per_barrel double, blend_value_per_barrel double,
    stock_cost_per_barrel double, saving_per_day double, binding_limits string,
    api_min double, api_max double, sulfur_max_pct double"""
NAMES = [part.split()[0] for part in BLEND.split(",")]
OF_REFINERY = (
    *("refinery_id", "refinery_name", "charge_date", "charge_barrels"),
    *("api_min", "api_max", "sulfur_max_pct"),
)
GRADE = ["tank_id", "crude_type_id", "crude_name"]


def crude_blend(
    tank_days: DataFrame,
    storage_tanks: DataFrame,
    crude_shipments: DataFrame,
    bronze_crude_shipments: DataFrame,
    crude_types: DataFrame,
    processing_units: DataFrame,
    production_output: DataFrame,
    refinery_kpis: DataFrame,
    yield_by_quality: DataFrame,
    refineries: DataFrame,
    production_plans: DataFrame,
    market_prices: DataFrame,
    as_of: datetime,
) -> DataFrame:
    day, priced = F.col("price_date"), F.col("priced_at") <= instant(as_of)
    prices = market_prices.where(priced & (day > F.lit((as_of - timedelta(days=PRICE_DAYS)).date())))
    benchmark = prices.agg(F.avg("benchmark_per_barrel").alias("_benchmark"))
    values = values_of_crude(production_output, yield_by_quality, prices, benchmark, as_of)
    limits = limits_of_refineries(processing_units, refinery_kpis, refineries, production_plans, as_of)
    evenings = (
        limits.join(F.broadcast(values), on="refinery_id", how="left")
        .join(evenings_of_tanks(tank_days, storage_tanks, as_of), on="refinery_id", how="left")
        .withColumn("charge_date", F.lit(charge_day(as_of)))
    )
    known = as_known_at(crude_shipments, bronze_crude_shipments, as_of)
    parcels = parcels_of_refineries(known, crude_types, benchmark, as_of)
    return (
        evenings.groupBy("refinery_id")
        .cogroup(parcels.groupBy("refinery_id"))
        .applyInPandas(plan_of_refinery, BLEND)
    )


def charge_day(as_of: datetime) -> date:
    """The first day that is whole still."""
    return (as_of + timedelta(days=1, microseconds=-1)).date()


def first_day_of_diet(as_of: datetime) -> Column:
    return F.lit((as_of - timedelta(days=DIET_DAYS)).date())


def values_of_crude(
    production_output: DataFrame,
    yield_by_quality: DataFrame,
    prices: DataFrame,
    benchmark: DataFrame,
    as_of: datetime,
) -> DataFrame:
    """Per refinery the worth of the products of a barrel, as a plane: `worth` at 0 °API and no sulphur, and what a
    degree and a per cent of sulphur add."""
    recent = F.col("production_date") >= first_day_of_diet(as_of)
    made = (
        production_output.where(recent & (F.col("production_hour") <= instant(as_of)))
        .where(F.col("is_crude_unit") & F.col("yield_percentage").isNotNull())
        .select("refinery_id", F.col("output_product_id").alias("product_id"))
        .distinct()
    )
    fetches = prices.groupBy("product_id").agg(F.avg("price_per_barrel").alias("_price"))
    by_api, by_sulfur = (
        F.coalesce(name, F.lit(0.0)) for name in ("yield_per_api_gravity", "yield_per_sulfur")
    )
    level = (
        F.col("product_avg_yield")
        - by_api * F.col("product_api_gravity")
        - by_sulfur * F.col("product_sulfur_pct")
    )
    planes = yield_by_quality.where("product_avg_yield IS NOT NULL").select(
        *("product_id", "product_avg_yield"),
        *(level.alias("_level"), by_api.alias("_by_api"), by_sulfur.alias("_by_sulfur")),
    )
    price = F.coalesce("_price", "_benchmark")
    a_barrel = F.greatest(F.lit(1.0), F.sum("product_avg_yield"))  # products of a barrel are no more than one
    return (
        made.join(F.broadcast(planes.distinct()), on="product_id", how="inner")
        .join(F.broadcast(fetches), on="product_id", how="left")
        .crossJoin(F.broadcast(benchmark))
        .groupBy("refinery_id")
        .agg(
            (F.sum(F.col("_level") * price) / a_barrel).alias("worth"),
            (F.sum(F.col("_by_api") * price) / a_barrel).alias("worth_per_api"),
            (F.sum(F.col("_by_sulfur") * price) / a_barrel).alias("worth_per_sulfur"),
        )
    )


def limits_of_refineries(
    processing_units: DataFrame,
    refinery_kpis: DataFrame,
    refineries: DataFrame,
    production_plans: DataFrame,
    as_of: datetime,
) -> DataFrame:
    """Of each refinery with a crude unit in service."""
    day, charge = F.col("production_date"), F.col("crude_barrels_per_day")
    is_usual = day >= F.lit((as_of - timedelta(days=USUAL_DAYS)).date())
    is_of_diet = (day >= first_day_of_diet(as_of)) & (day < F.to_date(instant(as_of)))
    diet = (
        refinery_kpis.where(is_of_diet & (F.col("coverage") >= LEAST_COVERAGE) & (charge > 0))
        .groupBy("refinery_id")
        .agg(
            F.median(F.when(is_usual, charge)).alias("_usual_barrels"),
            (F.min("charge_api_gravity") - API_MARGIN).alias("api_min"),
            (F.max("charge_api_gravity") + API_MARGIN).alias("api_max"),
            (F.max("charge_sulfur_pct") * (1 + SULFUR_MARGIN)).alias("sulfur_max_pct"),
        )
    )
    plan = production_plans.where(F.col("plan_date") == F.lit(charge_day(as_of))).where(
        F.col("published_at") <= instant(as_of)
    )
    planned = F.col("planned_charge_barrels")
    running = (
        processing_units.transform(only_at, as_of)
        .where("is_active AND unit_subtype = 'Atmospheric'")
        .select("refinery_id", "unit_id")
        .join(plan.select("unit_id", planned), on="unit_id", how="left")
        .groupBy("refinery_id")
        .agg(
            F.when(F.count(planned) == F.count("*"), F.sum(planned)).cast("double").alias("_planned_barrels")
        )
    )
    return (
        refineries.select("refinery_id", "refinery_name")
        .join(F.broadcast(running), on="refinery_id", how="inner")
        .join(F.broadcast(diet), on="refinery_id", how="left")
        .withColumn("charge_barrels", F.coalesce("_planned_barrels", "_usual_barrels"))
        .drop("_planned_barrels", "_usual_barrels")
    )


def evenings_of_tanks(tank_days: DataFrame, storage_tanks: DataFrame, as_of: datetime) -> DataFrame:
    """The levels of each crude tank in service, evening by evening."""
    tanks = (
        storage_tanks.transform(only_at, as_of)
        .where(F.col("is_active") & (F.col("product_type") == CRUDE))
        .select(
            *("refinery_id", "tank_id"),
            (F.col("min_operating_level") * F.col("capacity_barrels")).alias("min_barrels"),
        )
    )
    return (
        tank_days.where(F.col("measurement_date") >= first_day_of_diet(as_of))
        .where(F.col("closed_at") <= instant(as_of))
        .select(
            *("tank_id", "measurement_date", "opening_barrels", "closing_barrels"),
            F.unix_seconds("closed_at").alias("closed_second"),
        )
        .join(F.broadcast(tanks), on="tank_id", how="inner")
    )


def parcels_of_refineries(
    crude_shipments: DataFrame, crude_types: DataFrame, benchmark: DataFrame, as_of: datetime
) -> DataFrame:
    """What came within the days of the diet, and what is due up to the planned day, with today's cost of its grade."""
    arrives = F.col("arrival_date")
    costs = crude_types.crossJoin(F.broadcast(benchmark)).select(
        "crude_type_id",
        (F.col("_benchmark") + F.coalesce("benchmark_price_differential", F.lit(0.0))).alias("_cost"),
    )
    return (
        crude_shipments.where((arrives >= first_day_of_diet(as_of)) & (arrives <= F.lit(charge_day(as_of))))
        .join(F.broadcast(costs), on="crude_type_id", how="left")
        .select(
            *("refinery_id", F.col("destination_tank_id").alias("tank_id"), "crude_type_id", "crude_name"),
            *("arrival_date", F.col("volume_barrels").cast("double").alias("barrels"), "price_per_barrel"),
            (F.col("status") == "DELIVERED").alias("is_delivered"),
            F.coalesce("_cost", "price_per_barrel").alias("replacement_cost_per_barrel"),
            F.coalesce("api_gravity_actual", "api_gravity_typical").alias("api_gravity"),
            F.coalesce("sulfur_content_actual", "sulfur_content_typical").alias("sulfur_pct"),
        )
    )


def plan_of_refinery(evenings: pd.DataFrame, parcels: pd.DataFrame) -> pd.DataFrame:
    if evenings.empty:  # parcels of a refinery without a crude unit in service
        return pd.DataFrame(columns=NAMES)
    refinery = evenings.iloc[0]
    limits = Limits(
        *(float(refinery[name]) for name in ("charge_barrels", "api_min", "api_max", "sulfur_max_pct"))
    )
    grades = grades_in_tanks(evenings, parcels)
    why_not = nothing_to_plan(limits, grades)
    if why_not is None:
        tanks = quality_of_tanks(grades, refinery)
        margin = (tanks["tank_value_per_barrel"] - tanks["tank_cost_per_barrel"]).to_numpy()
        names = ("available_barrels", "tank_api_gravity", "tank_sulfur_pct")
        usable, api, sulfur = (tanks[name].to_numpy() for name in names)
        blend = best_blend(Tanks(usable, margin, api, sulfur), limits)
        why_not = blend.why_not
    if why_not is not None:
        said = {"status": "INFEASIBLE", "reason": why_not, "tank_id": "none", "crude_type_id": "none"}
        row = {**{name: refinery[name] for name in OF_REFINERY}, **said}
        return pd.DataFrame([row], columns=NAMES, dtype=object)
    return for_spark(as_rows(grades, tanks, blend, refinery, limits))


def grades_in_tanks(evenings: pd.DataFrame, parcels: pd.DataFrame) -> pd.DataFrame:
    """Per tank and grade, as the day begins: its barrels, what of them can be drawn, its quality and what it costs."""
    left = parcels.assign(left=0.0, min_barrels=0.0, known_share=np.nan)
    drawn = {}
    for tank, rows in evenings.dropna(subset=["tank_id"]).groupby("tank_id"):
        days, own = rows.sort_values("measurement_date"), (parcels["tank_id"] == tank).to_numpy()
        first, last = days["measurement_date"].iloc[[0, -1]]
        arrived = own & (parcels["is_delivered"] & parcels["arrival_date"].between(first, last)).to_numpy(
            bool
        )
        place = days["measurement_date"].searchsorted(parcels["arrival_date"][arrived])
        closings, barrels = days["closing_barrels"].to_numpy(float), parcels["barrels"][arrived].to_numpy()
        holds = poured(days["opening_barrels"].iloc[0], closings, place, barrels)
        known = holds.sum() / closings[-1] if closings[-1] > 0 else 0.0
        left.loc[arrived, "left"] = holds / known if known > 0 else 0.0
        left.loc[own, ["min_barrels", "known_share"]] = days["min_barrels"].iloc[-1], known
        drawn[tank] = max(0.0, days["opening_barrels"].iloc[0] + barrels.sum() - closings[-1])
    return as_the_day_begins(left[left["known_share"].notna()], evenings, drawn)


def as_the_day_begins(left: pd.DataFrame, evenings: pd.DataFrame, drawn: dict[str, float]) -> pd.DataFrame:
    """After what is drawn until then, from each tank its usual part, and with what is due until then."""
    day = pd.Timestamp(evenings["charge_date"].iloc[0])
    measured = pd.to_datetime(evenings.groupby("tank_id")["closed_second"].max(), unit="s")
    hours = left["tank_id"].map((day - measured).dt.total_seconds() / 3600)
    part = left["tank_id"].map(drawn) / max(sum(drawn.values()), 1.0)
    in_tank = left.groupby("tank_id")["left"].transform("sum")
    gone = evenings["charge_barrels"].iloc[0] * hours / 24 * part
    stays = (1 - gone / in_tank.where(in_tank > 0)).clip(0, 1).fillna(0)
    arrives = pd.to_datetime(left["arrival_date"])
    until = left["tank_id"].map(measured.dt.normalize())
    is_in = left["is_delivered"] & (arrives <= until)
    is_due = ~is_in & (arrives >= until) & (arrives < day)
    parts = left.assign(in_tank=(left["left"] * stays).where(~is_due, left["barrels"]))
    parts = parts[parts["in_tank"] > 0]
    parts["weight"] = parts["in_tank"] * 141.5 / (parts["api_gravity"] + 131.5)
    for name, by in (
        ("price_per_barrel", "in_tank"),
        ("replacement_cost_per_barrel", "in_tank"),
        ("sulfur_pct", "weight"),
    ):
        parts[name] = parts[name] * parts[by]
    sums = ["in_tank", "weight", "price_per_barrel", "replacement_cost_per_barrel", "sulfur_pct"]
    grades = parts.groupby(GRADE, as_index=False).agg(
        {**dict.fromkeys(sums, "sum"), "min_barrels": "first", "known_share": "first"}
    )
    whole = grades.groupby("tank_id")["in_tank"].transform("sum")
    return grades.assign(
        share_of_tank=grades["in_tank"] / whole,
        available_barrels=grades["in_tank"] * (1 - grades["min_barrels"] / whole).clip(lower=0),
        price_per_barrel=grades["price_per_barrel"] / grades["in_tank"],
        replacement_cost_per_barrel=grades["replacement_cost_per_barrel"] / grades["in_tank"],
        sulfur_pct=grades["sulfur_pct"] / grades["weight"],
        api_gravity=141.5 * grades["in_tank"] / grades["weight"] - 131.5,
    )


def nothing_to_plan(limits: Limits, grades: pd.DataFrame) -> str | None:
    if np.isnan([limits.charge, limits.api_min, limits.sulfur_max_pct]).any():
        return "no day's charge of the last week is known"
    return "what lies in its crude tanks is not known" if grades.empty else None


def quality_of_tanks(grades: pd.DataFrame, refinery: pd.Series) -> pd.DataFrame:
    """One row a tank: what can be drawn, its quality, its cost and the worth of its products."""

    def mixed(rows: pd.DataFrame) -> pd.Series:
        barrels, api = rows["in_tank"].to_numpy(), rows["api_gravity"].to_numpy()
        quality = (
            mixed_api_gravity(barrels, api),
            mixed_sulfur_pct(barrels, api, rows["sulfur_pct"].to_numpy()),
        )
        value = refinery["worth"] + np.dot(quality, (refinery["worth_per_api"], refinery["worth_per_sulfur"]))
        return pd.Series(
            {
                "available_barrels": rows["available_barrels"].sum(),
                "tank_api_gravity": quality[0],
                "tank_sulfur_pct": quality[1],
                "tank_value_per_barrel": value,
                "tank_cost_per_barrel": np.average(rows["replacement_cost_per_barrel"], weights=barrels),
                "tank_contents": contents_of(rows),
            }
        )

    rows = {tank: mixed(of_tank) for tank, of_tank in grades.groupby("tank_id")}
    found = pd.DataFrame(rows).T
    return found.astype({name: float for name in found.columns if name != "tank_contents"})


def contents_of(grades: pd.DataFrame) -> str:
    """Such as `Maya 73 %, WTI 27 %`."""
    largest_first = grades.sort_values("share_of_tank", ascending=False)
    pairs = zip(largest_first["crude_name"], largest_first["share_of_tank"], strict=True)
    return ", ".join(f"{name} {part:.0%}".replace("%", " %") for name, part in pairs)


def as_rows(
    grades: pd.DataFrame, tanks: pd.DataFrame, blend: Blend, refinery: pd.Series, limits: Limits
) -> pd.DataFrame:
    usable, value, cost = (
        tanks[name].to_numpy()
        for name in ("available_barrels", "tank_value_per_barrel", "tank_cost_per_barrel")
    )
    api, sulfur = tanks["tank_api_gravity"].to_numpy(), tanks["tank_sulfur_pct"].to_numpy()
    part, alike = blend.barrels / blend.barrels.sum(), usable / usable.sum()
    drawn = grades["tank_id"].map(dict(zip(tanks.index, blend.barrels, strict=True)))
    of_tank = tanks.drop(columns="available_barrels")
    return (
        grades.join(of_tank, on="tank_id")
        .assign(
            **{name: refinery[name] for name in OF_REFINERY},
            status="OPTIMAL",
            tank_barrels=drawn,
            blend_barrels=drawn * grades["share_of_tank"],
            blend_share=drawn * grades["share_of_tank"] / blend.barrels.sum(),
            blend_api_gravity=mixed_api_gravity(part, api),
            blend_sulfur_pct=mixed_sulfur_pct(part, api, sulfur),
            blend_cost_per_barrel=part @ cost,
            blend_value_per_barrel=part @ value,
            stock_cost_per_barrel=alike @ cost,
            saving_per_day=float(np.dot(part - alike, value - cost)) * limits.charge,
            binding_limits=", ".join(blend.binding) or "none",
        )
        .reindex(columns=NAMES)
    )
