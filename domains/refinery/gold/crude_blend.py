"""What to draw from each crude tank for a refinery's next whole day, or why its charge cannot be had.

A tank holds a mixture and gives all of it alike, so the plan says barrels a tank, and what grades these are follows
(`crude_mixtures`). What is due before the day begins is in its tank by then, what is drawn until then is gone.

The charge is what the refinery's plan says, not its nameplate; without a plan, that of a usual day of the last week.
What it can digest is what it has digested: the lightest, heaviest and sourest day's charge of the last four weeks, and
a little, since an assay is no more exact. The best blend is the one whose products are worth most above what the crude
would cost today: what the refinery made of its diet, as in `product_margin`, parted anew by gravity and sulphur
(`yield_by_quality`), products at the market's prices of the week, and crude at its benchmark plus the differential.
Here is what a plan is made from; `crude_plans` makes it.
"""

from datetime import date, datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.crude_arrivals import as_known_at
from domains.refinery.crude_plans import BLEND, plan_of_refinery
from domains.refinery.gold.days_of_supply import CRUDE
from headrace.tables import Table, Whole, instant, only_at

TABLE = Table(
    key=("refinery_id", "tank_id", "crude_type_id"),
    write=Whole(),
    description="Barrels of each tank, and so of each crude, in the best plan for a refinery's next day.",
)

USUAL_DAYS, DIET_DAYS, PRICE_DAYS = 7, 28, 7
API_MARGIN, SULFUR_MARGIN = 0.5, 0.05  # °API, and of the sulphur: as exact as an assay is
LEAST_COVERAGE = 0.5  # of a day's unit-hours, to count as a day of the diet


def crude_blend(
    tank_days: DataFrame,
    storage_tanks: DataFrame,
    crude_shipments: DataFrame,
    bronze_crude_shipments: DataFrame,
    crude_types: DataFrame,
    processing_units: DataFrame,
    product_movements: DataFrame,
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
    diet = days_of_diet(refinery_kpis, as_of)
    values = values_of_crude(product_movements, diet, yield_by_quality, prices, benchmark)
    limits = limits_of_refineries(processing_units, diet, refineries, production_plans, as_of)
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


def days_of_diet(refinery_kpis: DataFrame, as_of: datetime) -> DataFrame:
    """The days of the last weeks of which enough is known of what a refinery charged."""
    day = F.col("production_date")
    is_of_diet = (day >= first_day_of_diet(as_of)) & (day < F.to_date(instant(as_of)))
    is_known = (F.col("coverage") >= LEAST_COVERAGE) & (F.col("crude_barrels_per_day") > 0)
    return refinery_kpis.where(is_of_diet & is_known)


def values_of_crude(
    product_movements: DataFrame,
    diet: DataFrame,
    yield_by_quality: DataFrame,
    prices: DataFrame,
    benchmark: DataFrame,
) -> DataFrame:
    """Per refinery the worth of the products of a barrel, as a plane: `worth` at 0 °API and no sulphur, and what a
    degree and a per cent of sulphur add. At the mean of its diet it is the worth of what was made of that; elsewhere
    other parts of the same barrels."""
    charge = F.col("crude_barrels_per_day")
    charged = diet.groupBy("refinery_id").agg(
        F.sum(charge).alias("_charge"),
        *(
            (F.sum(F.col(f"charge_{name}") * charge) / F.sum(charge)).alias(f"_{name}")
            for name in ("api_gravity", "sulfur_pct")
        ),
    )
    made = (
        product_movements.withColumnRenamed("movement_date", "production_date")
        .join(diet.select("refinery_id", "production_date"), on=["refinery_id", "production_date"])
        .groupBy("refinery_id", "product_id")
        .agg(F.sum("made_barrels").alias("_made"))
    )
    planes = yield_by_quality.where("product_avg_yield IS NOT NULL").select(
        *("product_id", "product_avg_yield", "product_api_gravity", "product_sulfur_pct"),
        *(
            F.coalesce(f"yield_per_{name}", F.lit(0.0)).alias(f"_by_{name}")
            for name in ("api_gravity", "sulfur")
        ),
    )
    fetches = prices.groupBy("product_id").agg(F.avg("price_per_barrel").alias("_price"))
    by_api, by_sulfur = F.col("_by_api_gravity"), F.col("_by_sulfur")
    of_plane = (
        F.col("product_avg_yield")
        + by_api * (F.col("_api_gravity") - F.col("product_api_gravity"))
        + by_sulfur * (F.col("_sulfur_pct") - F.col("product_sulfur_pct"))
    )
    scale = F.coalesce(F.when(of_plane > 0, F.col("_made") / F.col("_charge") / of_plane), F.lit(0.0))
    worth = F.col("worth_of_diet")
    return (
        made.join(F.broadcast(charged), on="refinery_id", how="inner")
        .join(F.broadcast(planes.distinct()), on="product_id", how="left")
        .join(F.broadcast(fetches), on="product_id", how="left")
        .crossJoin(F.broadcast(benchmark))
        .select(
            *("refinery_id", "_api_gravity", "_sulfur_pct"),
            (F.col("_made") / F.col("_charge")).alias("_yield"),
            F.coalesce("_price", "_benchmark").alias("_price"),
            (F.coalesce(by_api, F.lit(0.0)) * scale).alias("_by_api"),
            (F.coalesce(by_sulfur, F.lit(0.0)) * scale).alias("_by_sulfur"),
        )
        .groupBy("refinery_id", "_api_gravity", "_sulfur_pct")
        .agg(
            F.sum(F.col("_yield") * F.col("_price")).alias("worth_of_diet"),
            above_the_mean("_by_api").alias("worth_per_api"),
            above_the_mean("_by_sulfur").alias("worth_per_sulfur"),
        )
        .select(
            "refinery_id",
            (
                worth
                - F.col("_api_gravity") * F.col("worth_per_api")
                - F.col("_sulfur_pct") * F.col("worth_per_sulfur")
            ).alias("worth"),
            *("worth_per_api", "worth_per_sulfur"),
        )
    )


def above_the_mean(slope: str) -> Column:
    """The worth of what there is more of one product and less of another, the barrels of all staying as they are."""
    price, made = F.col("_price"), F.col("_yield")
    mean = F.sum(made * price) / F.nullif(F.sum(made), F.lit(0.0))
    return F.sum(F.col(slope) * price) - F.sum(slope) * mean


def limits_of_refineries(
    processing_units: DataFrame,
    diet: DataFrame,
    refineries: DataFrame,
    production_plans: DataFrame,
    as_of: datetime,
) -> DataFrame:
    """Of each refinery with a crude unit in service."""
    day, charge = F.col("production_date"), F.col("crude_barrels_per_day")
    is_usual = day >= F.lit((as_of - timedelta(days=USUAL_DAYS)).date())
    digested = diet.groupBy("refinery_id").agg(
        F.median(F.when(is_usual, charge)).alias("_usual_barrels"),
        (F.min("charge_api_gravity") - API_MARGIN).alias("api_min"),
        (F.max("charge_api_gravity") + API_MARGIN).alias("api_max"),
        (F.max("charge_sulfur_pct") * (1 + SULFUR_MARGIN)).alias("sulfur_max_pct"),
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
        .join(F.broadcast(digested), on="refinery_id", how="left")
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
