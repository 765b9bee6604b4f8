"""Production of each unit and hour. Crude units charge what the crude tank of the hour holds; the others charge
what those make, so their crude is null.

An hour without charge makes nothing: its yield and its grade of quality are null.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.world.campaigns import crude_of_tank, tank_of_hour
from domains.refinery.world.failures import hours_since_anchor
from domains.refinery.world.operation import efficiency, operated
from domains.refinery.world.plant import KINDS, crude, id_of, unit_frame
from domains.refinery.world.reference import at, listed
from domains.refinery.world.slates import crude_yield, product_of_hour
from simulation.random_draws import World

LOSS = (0.001, 0.006)
MOST = 0.99
SHIFTS = ("SHIFT-C", "SHIFT-A", "SHIFT-B")
AVERAGE_SULFUR = 1.2
OFF_SPEC, PREMIUM = 0.10, 0.05


def production_output(
    row_index: DataFrame,
    processing_units: DataFrame,
    refineries: DataFrame,
    world: World,
) -> DataFrame:
    units = unit_frame(processing_units, refineries, world)
    hours = row_index.select(
        F.col("_index").cast("long").alias("_unit"), "_at", hours_since_anchor(F.col("_at")).alias("_hour")
    )
    return (
        hours.join(F.broadcast(units), on="_unit", how="inner")
        .transform(operated, world)
        .transform(with_crude, world)
        .transform(with_make, world)
        .select(
            "_at",
            F.concat(F.lit("OUT-"), F.col("_unit"), F.lit("-"), F.col("_hour")).alias("output_id"),
            id_of("UNIT", F.col("_unit"), 5).alias("unit_id"),
            id_of("REF", F.col("_refinery"), 3).alias("refinery_id"),
            F.col("_at").alias("production_hour"),
            F.col("_charge").cast("int").alias("input_volume_barrels"),
            F.when(F.col("_is_crude"), crude("crude_type_id", F.col("_crude"))).alias("input_crude_type_id"),
            product_of_hour(F.col("_slate"), F.col("_hour"), F.size("_turns")).alias("output_product_id"),
            F.col("_made").cast("int").alias("output_volume_barrels"),
            (F.round(F.col("_charge") * (1 - F.col("_loss"))) - F.col("_made"))
            .cast("int")
            .alias("coproduct_volume_barrels"),
            F.when(F.col("_charge") > 0, F.round(F.col("_made") / F.col("_charge"), 4)).alias(
                "yield_percentage"
            ),
            _energy(world).alias("energy_consumed_mmbtu"),
            _condition(world, "temperature_f", 0.012, 0.35).alias("operating_temperature_f"),
            _condition(world, "pressure_psi", 0.03, 0.1).alias("operating_pressure_psi"),
            F.col("_down").alias("downtime_minutes"),
            F.col("_cause").alias("downtime_cause"),
            _grade(world).alias("quality_grade"),
            at(listed(SHIFTS), F.floor((F.hour("_at") + 2) % 24 / 8)).alias("shift_id"),
        )
    )


def with_crude(rows: DataFrame, world: World) -> DataFrame:
    tank = tank_of_hour(F.col("_turns"), F.col("_hour"))
    place = F.col("_hour") % F.size("_turns")
    return rows.withColumn("_crude", crude_of_tank(world, tank, place, F.col("_grades"), F.col("_hour")))


def with_make(rows: DataFrame, world: World) -> DataFrame:
    """Adds `_made`, the main product in whole barrels, `_loss` and `_efficiency`."""
    is_crude, number = F.col("_is_crude"), F.col("_crude")
    api, sulfur = (crude(name, number) for name in ("api_gravity_typical", "sulfur_content_typical"))
    felt = F.when(is_crude, sulfur).otherwise(AVERAGE_SULFUR)
    usual = F.when(
        is_crude, crude_yield(F.col("_slate"), F.col("_hour"), F.size("_turns"), api, sulfur)
    ).otherwise(F.col("_design"))
    made = F.floor(F.col("_charge") * F.least(F.col("_yield"), F.lit(MOST)))
    return (
        rows.withColumn("_efficiency", efficiency(world, felt))
        .withColumn("_yield", usual * F.col("_efficiency"))
        .withColumns(
            {"_made": made, "_loss": world.uniform("loss", "_unit", "_hour", low=LOSS[0], high=LOSS[1])}
        )
    )


def _energy(world: World) -> Column:
    """A fifth is burnt whether the unit charges or not; a unit that works badly burns more."""
    each = at(listed([float(row["mmbtu_per_barrel"]) for row in KINDS]), F.col("_kind"))
    noise = world.normal("energy", "_unit", "_hour", mean=1.0, sd=0.02)
    barrels = 0.8 * F.col("_charge") + 0.2 * F.col("_capacity") / 24
    return F.round(each * barrels / F.col("_efficiency") * noise, 1)


def _condition(world: World, name: str, sd: float, when_down: float) -> Column:
    """Mean temperature or pressure; a standing unit has cooled down and let off its pressure."""
    usual = at(listed([float(row[name]) for row in KINDS]), F.col("_kind"))
    up = world.normal(name, "_unit", "_hour", mean=1.0, sd=sd)
    running = 1 - F.col("_down") / 60
    return F.round(usual * up * (when_down + (1 - when_down) * running), 1)


def _grade(world: World) -> Column:
    """A unit that works below itself makes more that is off the specification."""
    roll = world.uniform("grade of output", "_unit", "_hour") - (1 - F.col("_efficiency")) * 0.6
    graded = F.when(roll < OFF_SPEC, "Off-Spec").when(roll < 1 - PREMIUM, "On-Spec").otherwise("Premium")
    return F.when(F.col("_charge") > 0, graded)
