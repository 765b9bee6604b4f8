"""Laboratory tests. A sample comes from a shipment delivered in the last days, a tank in service, or what a unit
makes in that hour; where no shipment has come, a tank is sampled instead.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.sources.tank_inventory import tank_frame
from domains.refinery.world.assays import parcel_api, parcel_sulfur
from domains.refinery.world.campaigns import crude_of_tank
from domains.refinery.world.cargo import PER_DAY, arrived_hour, due_hour, parcel_before
from domains.refinery.world.failures import hours_since_anchor
from domains.refinery.world.laboratory import found_of_crude, found_of_product, water_found
from domains.refinery.world.plant import crude, id_of, refinery_frame, unit_frame
from domains.refinery.world.reference import at, listed
from domains.refinery.world.slates import product_of_hour
from simulation.random_draws import World

SHIPMENT, TANK, STREAM, OUTPUT = "Crude Shipment", "Tank Sample", "Process Stream", "Product Output"
TECHNICIANS = 100
NOTES = {
    "PASS": ("Within spec", "Approved"),
    "MARGINAL": ("Minor variance", "Requires retest"),
    "FAIL": ("Requires retest", "See lab report"),
    "PENDING": ("See lab report", "See lab report"),
}
PLACES = {"api_gravity": 1, "sulfur_content_pct": 4, "viscosity_cst": 2, "pour_point_f": 0}
WHO = ("_refinery", "_n")


def quality_tests(
    row_index: DataFrame,
    processing_units: DataFrame,
    refineries: DataFrame,
    storage_tanks: DataFrame,
    world: World,
) -> DataFrame:
    laboratories = laboratory_frame(processing_units, refineries, storage_tanks, world)
    return (
        row_index.select(
            F.col("_index").cast("long").alias("_refinery"),
            *("_n", "_at", "sample_source_type", "test_type", "test_result_status"),
            hours_since_anchor(F.col("_at")).alias("_hour"),
        )
        .join(F.broadcast(laboratories), on="_refinery", how="inner")
        .transform(with_source, world)
        .transform(with_content, world)
        .transform(as_rows, world)
    )


def laboratory_frame(
    processing_units: DataFrame, refineries: DataFrame, storage_tanks: DataFrame, world: World
) -> DataFrame:
    """Each running refinery with its tanks and units as arrays to pick from."""
    homes = refinery_frame(refineries, world).where("_runs").select("_refinery", "_grades", "_turns")
    tanks = tank_frame(storage_tanks, refineries, world)
    tank = F.struct("_tank", "_is_crude", "_place", "_product")
    units = unit_frame(processing_units, refineries, world)
    unit = F.struct("_unit", "_slate")
    return homes.join(
        tanks.groupBy("_refinery").agg(F.sort_array(F.collect_list(tank)).alias("_tanks")), on="_refinery"
    ).join(units.groupBy("_refinery").agg(F.sort_array(F.collect_list(unit)).alias("_units")), on="_refinery")


def with_source(tests: DataFrame, world: World) -> DataFrame:
    """Adds `_kind` and the shipment, tank and unit that may have been sampled."""
    back = world.integer("sampled parcel", *WHO, low=0, high=PER_DAY - 1)
    latest = parcel_before(F.col("_hour")) - back
    tries = [latest - earlier for earlier in (0, PER_DAY + 2, 2 * PER_DAY + 2)]
    arrived = [
        F.when(arrived_hour(world, F.col("_refinery"), parcel) < F.col("_hour"), parcel) for parcel in tries
    ]
    kind = F.col("sample_source_type")
    is_there = (kind != SHIPMENT) | F.col("_parcel").isNotNull()
    return (
        tests.withColumn("_parcel", F.coalesce(*arrived))
        .withColumn("_kind", F.when(is_there, kind).otherwise(TANK))
        .withColumn("_tank", _picked(world, "_tanks"))
        .withColumn("_unit", _picked(world, "_units"))
    )


def with_content(tests: DataFrame, world: World) -> DataFrame:
    """Adds `_crude` or `_product`, the number of what was sampled."""
    kind, turns, grades = F.col("_kind"), F.col("_turns"), F.col("_grades")
    place = F.col("_parcel") % F.size(turns)
    carried = crude_of_tank(world, at(turns, place), place, grades, due_hour(F.col("_parcel")))
    held = crude_of_tank(world, F.col("_tank._tank"), F.col("_tank._place"), grades, F.col("_hour"))
    made = product_of_hour(F.col("_unit._slate"), F.col("_hour"), F.size(turns))
    product = F.when(kind == TANK, F.col("_tank._product")).when(kind != SHIPMENT, made)
    return tests.withColumns(
        {
            "_crude": F.when(kind == SHIPMENT, carried).when((kind == TANK) & F.col("_tank._is_crude"), held),
            "_product": F.substring(product, 6, 3).cast("int") - 1,
        }
    )


def as_rows(tests: DataFrame, world: World) -> DataFrame:
    kind, hour = F.col("_kind"), F.col("_hour")
    shipment = F.col("_parcel") * F.lit(world.counts["refineries"]) + F.col("_refinery")
    tank_id, unit = id_of("TANK", F.col("_tank._tank"), 5), F.col("_unit._unit")
    return tests.select(
        "_at",
        id_of("TEST", F.col("_n") * F.lit(world.counts["refineries"]) + F.col("_refinery"), 8).alias(
            "test_id"
        ),
        id_of("REF", F.col("_refinery"), 3).alias("refinery_id"),
        kind.alias("sample_source_type"),
        F.when(kind == SHIPMENT, id_of("SHIP", shipment, 7))
        .when(kind == TANK, tank_id)
        .when(kind == STREAM, id_of("UNIT", unit, 5))
        .otherwise(F.concat(F.lit("OUT-"), unit, F.lit("-"), hour))
        .alias("sample_source_id"),
        F.when(kind == TANK, tank_id).alias("tank_id"),
        F.col("_at").alias("test_datetime"),
        "test_type",
        id_of("TECH", world.integer("technician", *WHO, low=1, high=TECHNICIANS), 3).alias("technician_id"),
        *(value.alias(name) for name, value in _found(world).items()),
        "test_result_status",
        _note(world).alias("notes"),
    )


def _found(world: World) -> dict[str, Column]:
    is_shipment, is_crude = F.col("_kind") == SHIPMENT, F.col("_crude").isNotNull()
    loaded = ("_refinery", "_parcel", "_crude")
    api = F.when(is_shipment, parcel_api(world, *map(F.col, loaded))).otherwise(
        crude("api_gravity_typical", F.col("_crude"))
    )
    sulfur = F.when(is_shipment, parcel_sulfur(world, *map(F.col, loaded))).otherwise(
        crude("sulfur_content_typical", F.col("_crude"))
    )
    verdict = F.col("test_result_status")
    of_crude = found_of_crude(world, api, sulfur, *WHO)
    of_product = found_of_product(world, F.col("_product"), verdict, *WHO)
    found = {
        name: F.when(is_crude, of_crude[name]).otherwise(of_product[name])
        if name in of_crude
        else of_product[name]
        for name in of_product
    }
    found["water_sediment_pct"] = water_found(world, verdict, *WHO)
    return {name: F.round(value, PLACES.get(name, 2)) for name, value in found.items()}


def _picked(world: World, name: str) -> Column:
    return F.get(F.col(name), F.floor(world.uniform(f"sampled{name}", *WHO) * F.size(name)).cast("int"))


def _note(world: World) -> Column:
    note = F.lit(None).cast("string")
    for verdict, notes in NOTES.items():
        which = world.integer("note", *WHO, low=0, high=1)
        note = F.when(F.col("test_result_status") == verdict, at(listed(notes), which)).otherwise(note)
    return note
