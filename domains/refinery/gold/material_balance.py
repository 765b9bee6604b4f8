"""Whether what a refinery's day took in has come out: crude in barrels, mass in tonnes, sulphur, and what was burnt.

Crude: what arrived is what was charged and what the tanks gained. Mass: the crude charged is products (what left and
what their tanks gained, less what was bought in), sulphur of the sulphur plants, fuel and the loss of the crude units.
Fuel is the energy of all units, counted as oil. Both parts as shares of the charge, without their signs, are together
the imbalance: what is missing of one makes up for nothing of the other.

Hours that did not come through count as the others of their unit, as in `refinery_kpis`. A delivery whose row was set
aside counts with the barrels of the shipment's earlier row, where there is one; a ticket that was set aside is missing.
How many these were is said, and they are the first thing to look at where a day does not close. Sulphur is not expected
to close: what is freed and not recovered goes up the stack, plants work off what they hold when a crude unit stands,
and crude is taken at its typical assay.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.gold.days_of_supply import CRUDE
from domains.refinery.gold.delivery_performance import LONGEST_DAYS
from domains.refinery.gold.product_movements import stock_changes
from domains.refinery.measures import M3_PER_BARREL, WATER_KG_M3, specific_gravity
from headrace.tables import Table, Whole, share

TABLE = Table(
    key=("refinery_id", "balance_date"),
    write=Whole(),
    description="Crude, mass, sulphur and energy of each refinery and day: what came in against what came out.",
)

KEYS = ["refinery_id", "balance_date"]
MMBTU_PER_TONNE = 39.68  # of oil
SULPHUR_TONNES_PER_M3 = 1.95  # molten
CLOSES = 0.03
USUAL_TONNES_PER_BARREL = 0.1364  # of crude, where none was charged


def material_balance(
    production_output: DataFrame,
    product_movements: DataFrame,
    tank_days: DataFrame,
    crude_shipments: DataFrame,
    bronze_crude_shipments: DataFrame,
    product_liftings: DataFrame,
    bronze_product_liftings: DataFrame,
    crude_types: DataFrame,
    refineries: DataFrame,
) -> DataFrame:
    day = F.col("movement_date").alias("balance_date")
    made = product_movements.groupBy("refinery_id", day).agg(
        F.sum("moved_tonnes").alias("product_tonnes"),
        F.sum("stock_change_tonnes").alias("product_stock_change_tonnes"),
        F.sum("made_barrels").alias("product_barrels"),
        F.sum(F.col("made_tonnes") * F.col("sulfur_pct") / 100).alias("sulfur_in_products_tonnes"),
    )
    crude_stock = (
        stock_changes(tank_days.where(F.col("product_type") == CRUDE))
        .groupBy("refinery_id", day)
        .agg(F.sum("_change").alias("crude_stock_change_barrels"))
    )
    found = plant_days(production_output, crude_types)
    for other in (
        made,
        crude_stock,
        arrivals(crude_shipments, bronze_crude_shipments),
        liftings_set_aside(product_liftings, bronze_product_liftings),
    ):
        found = found.join(other, on=KEYS, how="left")
    zeros = ("crude_arrivals_barrels", "shipments_set_aside", "liftings_set_aside")
    names = refineries.select("refinery_id", "refinery_name")
    return (
        found.join(F.broadcast(names), on="refinery_id", how="left")
        .withColumns({name: F.coalesce(name, F.lit(0)) for name in zeros})
        .transform(balanced)
    )


def plant_days(production_output: DataFrame, crude_types: DataFrame) -> DataFrame:
    """Charge, loss, fuel and sulphur of each refinery and day. What was seen of a unit stands for its whole day."""
    assay = crude_types.select(
        F.col("crude_type_id").alias("input_crude_type_id"),
        (specific_gravity(F.col("api_gravity_typical")) * M3_PER_BARREL * WATER_KG_M3 / 1000).alias(
            "_weight"
        ),
        (F.col("sulfur_content_typical") / 100).alias("_sulfur"),
    )
    charge = F.col("input_volume_barrels")
    made = F.col("output_volume_barrels") + F.coalesce("coproduct_volume_barrels", F.lit(0))
    weight = F.coalesce("_weight", F.lit(USUAL_TONNES_PER_BARREL))
    is_crude, is_plant = F.col("is_crude_unit"), F.col("unit_type") == "Sulfur Recovery"
    sulphur = F.col("output_volume_barrels") * M3_PER_BARREL * SULPHUR_TONNES_PER_M3
    sums = {
        "crude_charge_barrels": F.when(is_crude, charge),
        "crude_charge_tonnes": F.when(is_crude, charge * weight),
        "loss_tonnes": F.when(is_crude, (charge - made) * weight),
        "sulfur_in_crude_tonnes": F.when(is_crude, charge * weight * F.col("_sulfur")),
        "sulfur_recovered_tonnes": F.when(is_plant, sulphur),
        "energy_mmbtu": F.col("energy_consumed_mmbtu"),
    }
    by_unit = (
        production_output.join(F.broadcast(assay), on="input_crude_type_id", how="left")
        .groupBy("refinery_id", "unit_id", F.col("production_date").alias("balance_date"))
        .agg(
            *(F.coalesce(F.sum(value), F.lit(0.0)).alias(name) for name, value in sums.items()),
            F.count("*").alias("_hours"),
            F.max(F.hour("production_hour")).alias("_last_hour"),
        )
    )
    days = by_unit.groupBy("balance_date").agg((F.max("_last_hour") + 1).alias("_hours_of_day"))
    whole = F.col("_hours_of_day") / F.col("_hours")
    return (
        by_unit.join(F.broadcast(days), on="balance_date", how="inner")
        .groupBy(*KEYS)
        .agg(
            *(F.sum(F.col(name) * whole).alias(name) for name in sums),
            F.sum(F.col("_hours_of_day") - F.col("_hours")).alias("unknown_hours"),
        )
    )


def arrivals(crude_shipments: DataFrame, bronze_crude_shipments: DataFrame) -> DataFrame:
    """What was delivered to each refinery on each day, and how many of these rows were set aside."""
    is_delivered = F.col("status") == "DELIVERED"
    kept = crude_shipments.where(is_delivered)
    lost = deliveries_set_aside(
        bronze_crude_shipments.where(is_delivered).join(
            kept.select("shipment_id"), on="shipment_id", how="left_anti"
        ),
        crude_shipments,
    )
    columns = ("refinery_id", F.col("arrival_date").alias("balance_date"), "volume_barrels")
    return (
        kept.select(*columns, F.lit(False).alias("_is_set_aside"))
        .unionByName(lost.select(*columns, F.lit(True).alias("_is_set_aside")))
        .where("balance_date IS NOT NULL")
        .groupBy(*KEYS)
        .agg(
            F.sum("volume_barrels").alias("crude_arrivals_barrels"),
            F.count_if("_is_set_aside").alias("shipments_set_aside"),
        )
    )


def deliveries_set_aside(lost: DataFrame, crude_shipments: DataFrame) -> DataFrame:
    """One row a shipment: the day that the row of its delivery says, if it can be, and the rest by its earlier row."""
    earlier = crude_shipments.select(
        *("shipment_id", "shipment_date", "volume_barrels"),
        *(F.col(name).alias(f"_earlier_{name}") for name in ("refinery_id", "arrival_date")),
    )
    came, due = F.col("arrival_date"), F.col("_earlier_arrival_date")
    can_be = (came >= F.col("shipment_date")) & (F.abs(F.datediff(came, due)) <= LONGEST_DAYS)
    return (
        lost.where("shipment_id IS NOT NULL")
        .groupBy("shipment_id")
        .agg(F.max("refinery_id").alias("refinery_id"), F.max("arrival_date").alias("arrival_date"))
        .join(earlier, on="shipment_id", how="left")
        .select(
            F.coalesce("_earlier_refinery_id", "refinery_id").alias("refinery_id"),
            F.when(due.isNull() | can_be, came).otherwise(due).alias("arrival_date"),
            "volume_barrels",
        )
    )


def liftings_set_aside(product_liftings: DataFrame, bronze_product_liftings: DataFrame) -> DataFrame:
    day = F.to_date("finished_at")
    return (
        bronze_product_liftings.where(F.col("lifting_id").isNotNull() & day.isNotNull())
        .join(product_liftings.select("lifting_id"), on="lifting_id", how="left_anti")
        .groupBy("refinery_id", day.alias("balance_date"))
        .agg(F.countDistinct("lifting_id").alias("liftings_set_aside"))
    )


def balanced(days: DataFrame) -> DataFrame:
    charge, tonnes = F.col("crude_charge_barrels"), F.col("crude_charge_tonnes")
    fuel = F.col("energy_mmbtu") / MMBTU_PER_TONNE
    crude = F.col("crude_arrivals_barrels") - F.col("crude_stock_change_barrels") - charge
    out = F.col("product_tonnes") + F.col("product_stock_change_tonnes")
    mass = tonnes - out - F.col("sulfur_recovered_tonnes") - fuel - F.col("loss_tonnes")
    sulfur_out = F.col("sulfur_in_products_tonnes") + F.col("sulfur_recovered_tonnes")
    shares = F.coalesce(F.abs(share(crude, charge)), F.lit(0.0)) + F.abs(share(mass, tonnes))
    return days.select(
        *("refinery_id", "refinery_name", "balance_date"),
        shares.alias("imbalance"),
        *("crude_arrivals_barrels", "crude_stock_change_barrels", "crude_charge_barrels"),
        crude.alias("crude_imbalance_barrels"),
        *("crude_charge_tonnes", "product_tonnes", "product_stock_change_tonnes"),
        *("sulfur_recovered_tonnes", fuel.alias("fuel_tonnes"), "loss_tonnes"),
        mass.alias("mass_imbalance_tonnes"),
        share(F.col("product_barrels"), charge).alias("volume_yield"),
        *("energy_mmbtu", share(fuel, tonnes).alias("fuel_share")),
        *("sulfur_in_crude_tonnes", "sulfur_in_products_tonnes"),
        share(F.col("sulfur_in_crude_tonnes") - sulfur_out, F.col("sulfur_in_crude_tonnes")).alias(
            "sulfur_unaccounted"
        ),
        *("unknown_hours", "shipments_set_aside", "liftings_set_aside"),
        why(shares).alias("explanation"),
    )


def why(imbalance: Column) -> Column:
    """What to look at first."""
    is_missing = F.col("product_tonnes").isNull() | F.col("crude_stock_change_barrels").isNull()
    lost = F.col("shipments_set_aside") + F.col("liftings_set_aside") > 0
    return (
        F.when(F.col("crude_charge_tonnes") == 0, "no crude charged")
        .when(is_missing, "tickets or levels missing")
        .when(imbalance <= CLOSES, "closes")
        .when(lost, "rows set aside")
        .when(F.col("unknown_hours") > 0, "hours unknown")
        .otherwise("unexplained")
    )
