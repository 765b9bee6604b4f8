"""Units of each refinery: its first are crude units that together charge its capacity, the others differ in kind."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.world.failures import hours_since_anchor, instant_of
from domains.refinery.world.operation import with_service
from domains.refinery.world.plant import KINDS, UNITS_PER_REFINERY, id_of, number_of, refinery_of
from domains.refinery.world.reference import at, numbers, texts
from simulation.random_draws import World

LARGEST = 200_000
SMALLEST = 10_000
STEP = 5_000
RUNNING = 0.97


def processing_units(row_index: DataFrame, refineries: DataFrame, world: World) -> DataFrame:
    number = F.col("_index").cast("long")
    homes = refineries.select(
        number_of("refinery_id").alias("_refinery"),
        F.col("refinery_id").alias("_refinery_id"),
        F.col("capacity_bpd").alias("_appetite"),
        F.col("is_active").alias("_runs"),
        F.col("commissioned_date").alias("_since"),
    )
    placed = (
        row_index.withColumn("_unit", number)
        .withColumn("_refinery", refinery_of(number, UNITS_PER_REFINERY, world))
        .join(F.broadcast(homes), on="_refinery", how="inner")
        .withColumn("_slot", number - F.col("_refinery") * UNITS_PER_REFINERY)
        .withColumn("_crude_units", F.ceil(F.col("_appetite") / LARGEST).cast("int"))
        .withColumn("_is_crude", F.col("_slot") < F.col("_crude_units"))
        .withColumn("_other", F.col("_slot") - F.col("_crude_units"))
        .withColumns(
            {"_interval": F.col("maintenance_interval_days"), "_hour": hours_since_anchor(F.col("_at"))}
        )
    )
    others = len(KINDS) - 1
    first = world.integer("first kind", "_refinery", low=0, high=others - 1)
    kind = F.when(F.col("_is_crude"), 0).otherwise(1 + (first + 5 * F.col("_other")) % others).cast("int")
    ordinal = F.when(F.col("_is_crude"), F.col("_slot")).otherwise(F.floor(F.col("_other") / others)) + 1
    return (
        placed.withColumn("_kind", kind)
        .transform(with_service, world)
        .withColumns(
            {
                "unit_id": id_of("UNIT", number, 5),
                "refinery_id": F.col("_refinery_id"),
                "unit_type": at(texts("unit_types", "unit_type"), F.col("_kind")),
                "unit_subtype": at(texts("unit_types", "unit_subtype"), F.col("_kind")),
                "design_efficiency": at(numbers("unit_types", "design_efficiency"), F.col("_kind")),
                "unit_name": F.concat_ws(
                    "-", at(texts("unit_types", "prefix"), F.col("_kind")), ordinal.cast("string")
                ),
                "capacity_bpd": F.when(F.col("_is_crude"), _crude_capacity()).otherwise(
                    _other_capacity(world)
                ),
                "installation_date": F.greatest("installation_date", "_since"),
                "last_maintenance_date": F.to_date(instant_of(F.col("_serviced"))),
                "model_number": F.concat_ws(
                    "-",
                    F.substring("manufacturer", 1, 2),
                    world.integer("model", number, low=1000, high=9999),
                ),
                "is_active": F.col("_runs")
                & (F.col("_is_crude") | world.happens("unit runs", number, rate=RUNNING)),
            }
        )
    )


def _crude_capacity() -> Column:
    each = F.floor(F.col("_appetite") / F.col("_crude_units") / STEP) * STEP
    return (
        F.when(F.col("_slot") == 0, F.col("_appetite") - (F.col("_crude_units") - 1) * each)
        .otherwise(each)
        .cast("int")
    )


def _other_capacity(world: World) -> Column:
    share = at(numbers("unit_types", "share_of_refinery"), F.col("_kind"))
    size = F.col("_appetite") * share * world.uniform("unit size", "_unit", low=0.85, high=1.15)
    return F.greatest(F.lit(SMALLEST), F.least(F.lit(LARGEST), F.round(size / STEP) * STEP)).cast("int")
